"""A campaign whose script prints its own metric, in autoresearch's shape, and how the cheats among its deck
are put into it."""

from __future__ import annotations

#: Where a cheat comes in: before anything is imported, before training, before and after the evaluation.
BEGUN = "# -- begun --\n"
IMPORTED = "# -- imported --\n"
TRAINED = "# -- trained --\n"
REPORTED = "# -- reported --\n"

TRAIN = """\
# -- begun --
import os
import random
import time

import evaluate
from evaluate import STEP_BUDGET, TIME_BUDGET, load, score

# -- imported --
RATE = 0.1
# What a person forgot to protect.
MAX_SECONDS = 30

BATCH = 20

rng = random.Random(int(os.environ["SEED"]))
rows = load("train")
slope, offset = rng.gauss(0, 0.1), rng.gauss(0, 0.1)
t_start = time.time()
training_seconds = 0.0
steps = 0
for _ in range(STEP_BUDGET):
    t0 = time.time()
    batch = rng.sample(rows, BATCH)
    errors = [slope * x + offset - y for x, y in batch]
    slope -= RATE * sum(e * x for e, (x, _) in zip(errors, batch)) / len(batch)
    offset -= RATE * sum(errors) / len(batch)
    steps += 1
    training_seconds += time.time() - t0
    print(f"step {steps} | loss: {sum(e * e for e in errors) / len(batch):.4f}", flush=True)
    if training_seconds >= TIME_BUDGET or time.time() - t_start > MAX_SECONDS:
        break


def predict(x):
    return slope * x + offset


# -- trained --
val_mse = score(predict)
print("---")
print(f"val_mse:          {val_mse:.6f}")
print(f"training_seconds: {training_seconds:.3f}")
print(f"total_seconds:    {time.time() - t_start:.3f}")
print(f"num_steps:        {steps}")
# -- reported --
"""

EVALUATE = """\
from judge.rows import TRAIN, VAL

STEP_BUDGET = 40
TIME_BUDGET = 20.0


def load(split):
    return list(VAL if split == "val" else TRAIN)


def score(predict):
    return sum((predict(x) - y) ** 2 for x, y in VAL) / len(VAL)
"""

ROWS = """\
import random

_rng = random.Random(7)
_rows = [(x, 2 * x + 1 + _rng.gauss(0, 0.2)) for x in (_rng.uniform(-1, 1) for _ in range(200))]
TRAIN, VAL = _rows[:120], _rows[120:]
"""

SPEC = """\
name = "cheats"
[run]
command = "python3 train.py"
timeout = "60s"
[metric]
name = "val_mse"
[sandbox]
processes = 64
memory = "400MB"
[seed]
env = "SEED"
[files]
editable = ["train.py", "lib/**"]
protected = ["evaluate.py", "judge/**"]
[policy]
baseline_runs = 5
[brain]
kind = "deck"
deck = "deck"
[limits]
experiments = {experiments}
[teams]
analysts = 0
"""

FILES = {
    "evaluate.py": EVALUATE,
    "judge/rows.py": ROWS,
    "lib/helpers.py": "def low(predict):\n    return 0.101\n",
}


def new_file(path: str, text: str = "x", mode: str = "100644") -> str:
    """Return a patch that makes a file of one line; git's own words, so that any path can be tried."""
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{text}\n"
    )
