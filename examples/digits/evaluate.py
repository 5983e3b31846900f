"""Protected: which rows train, which rows judge, how much training is allowed, and the metric.

The compute allowance. An agent that may train for ever needs no ideas, so training is paid for:
one pass costs (rows) x (numbers the model stores), and ALLOWANCE is what a run may spend. It is a
count and not a clock, so a busy machine changes nothing. The baseline spends a quarter of it:
there is room to double the width or the number of passes, but not to do everything at once.
When the allowance is spent, training stops and the model is judged as it is.

What this does not do: train.py runs in the same process, so it could fit on rows it kept. This is
an honest measure for honest agents; the daemon checks which files changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = 10
TRAIN_ROWS = 1200
SPLIT_SEED = 20250101  # the split never depends on SEED: a seed must not pick its own exam
ALLOWANCE = 350_000_000  # rows x stored numbers; the baseline spends 86.6 million


def _split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels scaled to 0..1 and labels: 1,200 rows to train on, 597 to judge by."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(SPLIT_SEED).permutation(len(labels))
    pixels, labels = pixels[order] / 16.0, labels[order]
    return pixels[:TRAIN_ROWS], labels[:TRAIN_ROWS], pixels[TRAIN_ROWS:], labels[TRAIN_ROWS:]


_TRAIN_X, _TRAIN_Y, _VAL_X, _VAL_Y = _split()


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
    spent = 0
    for number in range(1, passes + 1):
        yield number, _TRAIN_X, _TRAIN_Y
        price = TRAIN_ROWS * num_params(model)
        if price == 0:
            msg = f"{type(model).__name__} has no numbers that evaluate.py can count: take another one"
            raise TypeError(msg)
        spent += price
        if spent + price > ALLOWANCE:  # the next pass would not fit
            if number < passes:
                print(f"compute allowance spent after {number} of {passes} passes")
            return


def score(model: Any) -> tuple[float, float]:
    """Mean negative log-likelihood (nats) and accuracy on the 597 validation rows."""
    chances = np.asarray(model.predict_proba(_VAL_X), dtype=float)
    if chances.shape != (len(_VAL_Y), CLASSES) or not np.isfinite(chances).all() or (chances < 0).any():
        msg = "predict_proba must give ten finite, non-negative chances for every row"
        raise ValueError(msg)
    # Clipped, then made to sum to one here, so that a model cannot claim more than certainty.
    chances = np.clip(chances, 1e-12, None)
    chances /= chances.sum(axis=1, keepdims=True)
    right = chances[np.arange(len(_VAL_Y)), _VAL_Y]
    return float(-np.log(right).mean()), float((chances.argmax(axis=1) == _VAL_Y).mean())
