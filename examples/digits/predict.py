"""Turn a trained model and images into chances: ten a row. To be changed together with train.py."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np


def main() -> None:
    """Run the network that train.py saved over the images that evaluate.py gives."""
    model = np.load(Path(os.environ.get("ARCTL_ARTIFACTS", ".")) / "model.npz")
    values = np.load(Path(os.environ.get("ARCTL_INPUTS", "inputs/1")) / "images.npz")["pixels"]
    layers = len(model.files) // 2
    for layer in range(layers):
        values = values @ model[f"weights_{layer}"] + model[f"biases_{layer}"]
        if layer < layers - 1:
            values = ACTIVATIONS[str(model["activation"])](values)
    chances = np.exp(values - values.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    folder = Path(os.environ.get("ARCTL_PREDICTIONS", "predictions/1"))
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "chances.npz", chances=chances)


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-x)),
}


if __name__ == "__main__":
    main()
