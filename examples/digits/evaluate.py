"""Protected: the training rows, how much training is allowed, and the metric.

The metric. `evaluate.py inputs` writes the images to be judged by, without labels, for predict.py;
`evaluate.py score` reads the predictions that came back, as numbers only, and prints the metric. Both run as
they were at the campaign's first commit, where no experiment reaches; the labels are mounted for them alone.

The allowance. An agent that may train for ever needs no ideas, so training is paid for: one pass costs
(rows) x (numbers the model stores), and ALLOWANCE is what a run may spend. It is a count and not a clock, so
a busy machine changes nothing. The baseline spends a quarter of it: there is room to double the width or the
number of passes, but not to do everything at once. It is counted in the process of train.py, which could
train beside it: an honest allowance for honest agents, and limited by the run's timeout for others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = 10
ALLOWANCE = 350_000_000  # rows x stored numbers; the baseline spends 86.6 million


def folder(name: str, otherwise: str) -> Path:
    """One of the folders that arctl gives a run, or the one beside this file."""
    return Path(os.environ.get(name, otherwise))


def num_params(model: Any) -> int:
    """Numbers that a fitted scikit-learn estimator stores in its public `name_` attributes.

    For an MLPClassifier that is its weights and biases; for an SVC its support vectors and their
    coefficients. An estimator that hides its numbers elsewhere (a forest) has no price here.
    """
    total = 0
    for name, value in vars(model).items():
        if name.startswith("_") or not name.endswith("_"):
            continue
        parts = value if isinstance(value, list) else [value]
        total += sum(part.size for part in parts if isinstance(part, np.ndarray) and part.dtype.kind == "f")
    return total


def training_passes(model: Any, passes: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Hand out `(pass number, rows, labels)`, at most `passes` times and within the allowance."""
    train = np.load(folder("ARCTL_DATA", "data") / "train.npz")
    pixels, labels = train["pixels"], train["labels"]
    spent = 0
    for number in range(1, passes + 1):
        yield number, pixels, labels
        price = len(labels) * num_params(model)
        if price == 0:
            msg = f"{type(model).__name__} has no numbers that evaluate.py can count: take another one"
            raise TypeError(msg)
        spent += price
        if spent + price > ALLOWANCE:  # the next pass would not fit
            if number < passes:
                print(f"compute allowance spent after {number} of {passes} passes")
            return


def inputs() -> None:
    """Write the images to be judged by."""
    val = np.load(folder("ARCTL_HIDDEN", "hidden") / "val.npz")
    target = folder("ARCTL_INPUTS", "inputs") / "1"
    target.mkdir(parents=True, exist_ok=True)
    np.savez(target / "images.npz", pixels=val["pixels"])


def score() -> None:
    """Print the mean negative log-likelihood (nats) and the accuracy of the predictions."""
    labels = np.load(folder("ARCTL_HIDDEN", "hidden") / "val.npz")["labels"]
    # Without pickle: predictions are numbers, and nothing of them is executed here.
    with np.load(
        folder("ARCTL_PREDICTIONS", "predictions") / "1" / "chances.npz", allow_pickle=False
    ) as found:
        chances = found["chances"].astype(float)
    if chances.shape != (len(labels), CLASSES) or not np.isfinite(chances).all() or (chances < 0).any():
        sys.exit(f"predictions must be {len(labels)} x {CLASSES} finite, non-negative chances")
    # Clipped, then made to sum to one here, so that a model cannot claim more than certainty.
    chances = np.clip(chances, 1e-12, None)
    chances /= chances.sum(axis=1, keepdims=True)
    losses = -np.log(chances[np.arange(len(labels)), labels])
    print("---")
    print(f"val_logloss:      {losses.mean():.6f}")
    print(f"val_accuracy:     {(chances.argmax(axis=1) == labels).mean():.6f}")


if __name__ == "__main__":
    {"inputs": inputs, "score": score}[sys.argv[1]]()
