"""Protected and trusted: what is judged by, and the metric. Neither the model's code nor torch is run here.

`evaluate.py inputs` writes pages of text for predict.py, `evaluate.py score` reads what came back as numbers
only, and prints the metric. Both run as they were at the campaign's first commit, where no experiment
reaches; the text that judges is mounted for them alone.

Whoever predicts the next byte is handed a whole page, so the answers lie before it. That it does not look
at them is probed. Two passes are made, each by a process of its own that knows nothing of the other's. Half
of the pages are natural in the first; the others have, from a secret place on, a continuation taken from
elsewhere that fits just as well at the seam. In the second pass it is the other way round. Up to that place
a page has had the same bytes in both passes: so must have been its predictions. The last of them is for the
very byte at which the two pages part: whoever has seen it, there, cannot have said the same twice. Other
pages change as well, so neither can predictions have come from those. Only natural pages count in the metric.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

VOCAB = 256
PAGES = 128  # places of the text that are judged, evenly spaced; between them lie the continuations
PAGE = 256  # bytes of each, and so the longest context that can be used
MATCH = 6  # bytes before a seam that its continuation has had before it, too, where there is one such
TOLERANCE = 1e-3  # of a log-probability, and of one nat: what rounding to float16 may change


def folder(name: str, otherwise: str) -> Path:
    """One of the folders that arctl gives a run, or the one beside this file."""
    found = Path(os.environ.get(name) or otherwise)
    found.mkdir(parents=True, exist_ok=True)
    return found


def text() -> np.ndarray:
    """The text that judges, bytes."""
    path = folder("ARCTL_HIDDEN", "hidden") / "val.bin"
    if not path.is_file():
        sys.exit(f"{path} is missing: run `python prepare.py` first")
    return np.frombuffer(path.read_bytes(), np.uint8)


def places(size: int) -> np.ndarray:
    """Where each page begins. Pages never touch: no page's first byte is another one's last answer."""
    return np.arange(PAGES) * ((size - PAGE - 1) // (PAGES - 1))


def continuation(val: np.ndarray, page: np.ndarray, seam: int, rng: np.random.Generator) -> np.ndarray:
    """What another place has after the same bytes, beginning with another byte than the page does."""
    starts = places(len(val))
    room = np.concatenate([np.arange(at + PAGE + 1 + MATCH, at + starts[1] - PAGE) for at in starts[:-1]])
    fits = [room[val[room] != page[seam]]]
    for back in range(1, min(seam, MATCH) + 1):
        fits.append(fits[-1][val[fits[-1] - back] == page[seam - back]])
    best = next(found for found in reversed(fits) if len(found))
    at = rng.choice(best)
    return val[at : at + PAGE - seam]


def inputs() -> None:
    """Write the pages of both passes, and keep to ourselves which are natural and where the others part."""
    val, rng = text(), np.random.default_rng()
    pages = val[places(len(val))[:, None] + np.arange(PAGE)]
    # One seam for each stretch of a page, in random order: together they leave no stretch unwatched.
    edges = np.linspace(1, PAGE, PAGES + 1).astype(int)
    seams = rng.permutation(rng.integers(edges[:-1], edges[1:]))
    spliced = pages.copy()
    for page, seam in zip(spliced, seams, strict=True):
        page[seam:] = continuation(val, page, seam, rng)
    natural = rng.permutation(PAGES) < PAGES // 2
    for number, chosen in (("1", natural), ("2", ~natural)):
        target = folder("ARCTL_INPUTS", "inputs") / number
        target.mkdir(exist_ok=True)
        np.save(target / "pages.npy", np.where(chosen[:, None], pages, spliced))
    np.savez(folder("ARCTL_SCORER", "scorer") / "probe.npz", seams=seams, natural=natural)


def predictions(number: str) -> np.ndarray:
    """One pass's log-probabilities, (page, byte, next byte), still on disk."""
    path = folder("ARCTL_PREDICTIONS", "predictions") / number / "logprobs.npy"
    try:
        # Numbers, never pickled objects; no more of them than the file is long.
        found = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        sys.exit(f"pass {number}: logprobs.npy cannot be read: {error}")
    if found.shape != (PAGES, PAGE, VOCAB) or found.dtype.kind != "f":
        shape = f"({PAGES}, {PAGE}, {VOCAB})"
        sys.exit(f"predictions must be floats of shape {shape}, not {found.dtype} of {found.shape}")
    return found


def normalised(raw: np.ndarray) -> np.ndarray:
    """Log-probabilities whose exponentials sum to one, so that nobody claims more than certainty."""
    values = raw.astype(np.float64)
    if not np.isfinite(values).all():
        sys.exit("predictions must be finite: neither NaN nor infinite")
    values -= values.max(axis=-1, keepdims=True)
    return values - np.log(np.exp(values).sum(axis=-1, keepdims=True))


def score() -> None:
    """Compare the passes, then print the bits per byte of the natural pages."""
    probe = np.load(folder("ARCTL_SCORER", "scorer") / "probe.npz")
    val = text()
    answers = val[places(len(val))[:, None] + np.arange(1, PAGE + 1)]
    passes = predictions("1"), predictions("2")
    bits = largest = 0.0
    rows = zip(*passes, probe["seams"], probe["natural"], answers, strict=True)
    for one, two, seam, natural_first, expected in rows:
        first, second = normalised(one), normalised(two)
        apart = np.abs(first[:seam] - second[:seam]) / np.maximum(1.0, np.abs(first[:seam]))
        largest = max(largest, float(apart.max()))
        if largest > TOLERANCE:
            sys.exit(
                "predictions changed with bytes that come after them: the predictor looks ahead,"
                f" or at other pages (log-probabilities {largest:.2g} apart)"
            )
        natural = first if natural_first else second
        bits -= float(natural[np.arange(PAGE), expected].sum()) / np.log(2)
    print("---")
    print(f"val_bpb:          {bits / (PAGES * PAGE):.6f}")
    print(f"largest_change:   {largest:.1e}")


if __name__ == "__main__":
    {"inputs": inputs, "score": score}[sys.argv[1]]()
