"""An honest campaign whose metric is scored: a line is fitted to points, without anything to install."""

from __future__ import annotations

#: Where a cheat of the training, or of the prediction, comes in.
TRAINED = "# -- trained --\n"
PREDICTED = "# -- predicted --\n"

TRAIN = """\
import json
import os
import random

STEPS = 40
RATE = 0.1

rng = random.Random(int(os.environ.get("SEED", "0")))
with open(os.path.join(os.environ["ARCTL_DATA"], "train.json")) as file:
    rows = json.load(file)
slope, offset = rng.gauss(0, 0.1), rng.gauss(0, 0.1)
for step in range(STEPS):
    batch = rng.sample(rows, 20)
    errors = [slope * x + offset - y for x, y in batch]
    slope -= RATE * sum(e * x for e, (x, _) in zip(errors, batch)) / len(batch)
    offset -= RATE * sum(errors) / len(batch)
    print(f"step {step} | loss: {sum(e * e for e in errors) / len(batch):.4f}", flush=True)
with open("model.json", "w") as file:
    json.dump([slope, offset], file)
# -- trained --
"""

PREDICT = """\
import json
import os

with open(os.path.join(os.environ["ARCTL_ARTIFACTS"], "model.json")) as file:
    slope, offset = json.load(file)
with open(os.path.join(os.environ["ARCTL_INPUTS"], "x.json")) as file:
    values = [slope * x + offset for x in json.load(file)]
with open(os.path.join(os.environ["ARCTL_PREDICTIONS"], "y.json"), "w") as file:
    json.dump(values, file)
# -- predicted --
"""

PREPARE = """\
import json
import os
import random

rng = random.Random(7)
rows = [(x, 2 * x + 1 + rng.gauss(0, 0.2)) for x in (rng.uniform(-1, 1) for _ in range(200))]
for name, folder, part in (("train", "ARCTL_DATA", rows[:120]), ("val", "ARCTL_HIDDEN", rows[120:])):
    with open(os.path.join(os.environ[folder], f"{name}.json"), "w") as file:
        json.dump(part, file)
"""

EVALUATE = """\
import json
import os
import sys

with open(os.path.join(os.environ["ARCTL_HIDDEN"], "val.json")) as file:
    rows = json.load(file)
if sys.argv[1] == "inputs":
    with open(os.path.join(os.environ["ARCTL_INPUTS"], "1", "x.json"), "w") as file:
        json.dump([x for x, _ in rows], file)
else:
    with open(os.path.join(os.environ["ARCTL_PREDICTIONS"], "1", "y.json")) as file:
        values = json.load(file)
    if not isinstance(values, list) or len(values) != len(rows):
        sys.exit(f"there must be {len(rows)} predictions")
    error = sum((float(value) - y) ** 2 for value, (_, y) in zip(values, rows)) / len(rows)
    print("---")
    print(f"val_mse: {error:.6f}")
"""

SPEC = """\
name = "cheats"
[run]
setup = "python3 prepare.py"
command = "python3 train.py"
timeout = "180s"
log_cap_mb = 1
[metric]
name = "val_mse"
[score]
artifacts = ["model.json"]
inputs = "python3 -I evaluate.py inputs"
predict = "python3 predict.py"
command = "python3 -I evaluate.py score"
size = "1MB"
timeout = "8s"
[sandbox]
processes = 64
memory = "400MB"
file_size = "50MB"
[seed]
env = "SEED"
[files]
editable = ["train.py", "predict.py"]
protected = ["prepare.py", "evaluate.py"]
[policy]
baseline_runs = 3
[brain]
kind = "deck"
deck = "deck"
[limits]
experiments = {experiments}
[teams]
analysts = 0
"""

FILES = {"predict.py": PREDICT, "prepare.py": PREPARE, "evaluate.py": EVALUATE}
