"""Protected: split scikit-learn's digits once, before the first run.

Training rows go to $ARCTL_DATA, which every run can read; the rows that judge go to $ARCTL_HIDDEN, which
only evaluate.py can. Without arctl both are folders beside this file: `data/` and `hidden/`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TRAIN_ROWS = 1200
SPLIT_SEED = 20250101  # the split never depends on SEED: a seed must not pick its own exam


def main() -> None:
    """Write train.npz and val.npz: pixels scaled to 0..1, labels 0 to 9."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(SPLIT_SEED).permutation(len(labels))
    pixels, labels = pixels[order] / 16.0, labels[order]
    data, hidden = Path(os.environ.get("ARCTL_DATA", "data")), Path(os.environ.get("ARCTL_HIDDEN", "hidden"))
    for folder, name, rows in (
        (data, "train.npz", slice(None, TRAIN_ROWS)),
        (hidden, "val.npz", slice(TRAIN_ROWS, None)),
    ):
        folder.mkdir(exist_ok=True)
        np.savez(folder / name, pixels=pixels[rows], labels=labels[rows])
    print(f"{TRAIN_ROWS} rows to train on, {len(labels) - TRAIN_ROWS} to judge by")


if __name__ == "__main__":
    main()
