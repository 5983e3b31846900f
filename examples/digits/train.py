"""Recognise handwritten digits with a small neural network. This is the file to improve.

It leaves the trained network in model.npz, from which predict.py makes the predictions that are scored.
"""

from __future__ import annotations

import os
import time

STARTED = time.monotonic()

# One thread: the matrices are tiny, and several runs share the machine. Set before numpy loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import evaluate  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

# Step size of the optimizer.
LEARNING_RATE = 8e-4

# Units in the one hidden layer.
WIDTH = 64

# Passes over the training rows; evaluate.py stops earlier when the compute allowance is spent.
EPOCHS = 15

# Rows per step.
BATCH_SIZE = 64

# Strength of the L2 penalty on the weights.
ALPHA = 1e-4

# "relu", "tanh" or "logistic".
ACTIVATION = "relu"

# "adam" or "sgd".
SOLVER = "adam"

# How long adam remembers squared gradients.
BETA_2 = 0.999

# How long sgd remembers gradients; adam ignores it.
MOMENTUM = 0.9


def main() -> None:
    """Train within the allowance, then leave the network."""
    seed = int(os.environ.get("SEED", "0"))
    model = MLPClassifier(
        hidden_layer_sizes=(WIDTH,),
        activation=ACTIVATION,
        solver=SOLVER,
        alpha=ALPHA,
        batch_size=BATCH_SIZE,
        learning_rate_init=LEARNING_RATE,
        beta_2=BETA_2,
        momentum=MOMENTUM,
        # A generator, not the number: with a number scikit-learn would restart the generator at
        # every pass and shuffle the rows into the same order each time.
        random_state=np.random.RandomState(seed),
    )

    began = time.monotonic()
    for epoch, rows, labels in evaluate.training_passes(model, EPOCHS):
        model.partial_fit(rows, labels, classes=range(evaluate.CLASSES))
        print(f"epoch {epoch}/{EPOCHS} | loss: {model.loss_:.4f}", flush=True)
    training_seconds = time.monotonic() - began

    layers = {f"weights_{index}": part for index, part in enumerate(model.coefs_)}
    layers |= {f"biases_{index}": part for index, part in enumerate(model.intercepts_)}
    np.savez("model.npz", activation=ACTIVATION, **layers)
    print("---")
    print(f"training_seconds: {training_seconds:.2f}")
    print(f"total_seconds:    {time.monotonic() - STARTED:.2f}")
    print(f"num_params:       {evaluate.num_params(model)}")


if __name__ == "__main__":
    main()
