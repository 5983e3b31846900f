"""A scored campaign with a probe for looking ahead: values of a series are predicted from those before."""

from __future__ import annotations

TRAIN = """\
import json
import os
import random
from pathlib import Path

RATE  =  0.02
STEPS = 240
SHIFT = 0

places = ["kept", "/tmp/kept", "/dev/shm/kept", os.path.expanduser("~/kept")]
places.append(os.environ["ARCTL_RUN_FOLDER"] + "/kept")
for place in places:
    if os.path.exists(place):
        raise SystemExit(f"somebody left {place}")
    Path(place).write_text("mine")
Path(os.environ["ARCTL_RUN_FOLDER"], "results.json").write_text(json.dumps({"val_mse": 0.0001}))

rng = random.Random(int(os.environ["SEED"]))
series = json.loads(Path(os.environ["ARCTL_DATA"], "train.json").read_text())
inputs, labels = series[SHIFT : len(series) - 1 + SHIFT], series[1:]
pairs = list(zip(inputs, labels))
factor = rng.gauss(0, 0.02)
for step in range(STEPS):
    batch = rng.sample(pairs, 40)
    factor -= RATE * sum((factor * x - y) * x for x, y in batch) / len(batch)
Path("model.json").write_text(json.dumps(factor))
"""

PREDICT = """\
import json
import os
from pathlib import Path

for place in ("/tmp/kept", "/dev/shm/kept", os.path.expanduser("~/kept")):
    if os.path.exists(place):
        raise SystemExit(f"the training left {place}")
factor = json.loads(Path(os.environ["ARCTL_ARTIFACTS"], "model.json").read_text())
series = json.loads(Path(os.environ["ARCTL_INPUTS"], "x.json").read_text())
# -- ready --
values = [factor * x for x in series[:-1]]
Path(os.environ["ARCTL_PREDICTIONS"], "y.json").write_text(json.dumps(values))
"""

PREPARE = """\
import json
import os
import random
from pathlib import Path

rng = random.Random(3)
series = [1.0]
while len(series) < 500:
    series.append(0.5 * series[-1] + rng.gauss(0, 0.5))
Path(os.environ["ARCTL_DATA"], "train.json").write_text(json.dumps(series[:300]))
Path(os.environ["ARCTL_HIDDEN"], "val.json").write_text(json.dumps(series[300:]))
"""

#: The second pass has other values from the middle on: what is predicted before it must stay the same.
EVALUATE = """\
import json
import os
import sys
from pathlib import Path

MIDDLE = 100
series = json.loads(Path(os.environ["ARCTL_HIDDEN"], "val.json").read_text())
if sys.argv[1] == "inputs":
    inputs = Path(os.environ["ARCTL_INPUTS"])
    (inputs / "1" / "x.json").write_text(json.dumps(series))
    (inputs / "2" / "x.json").write_text(json.dumps(series[:MIDDLE] + [5 - x for x in series[MIDDLE:]]))
else:
    taken = Path(os.environ["ARCTL_PREDICTIONS"])
    values, others = (json.loads((taken / name / "y.json").read_text()) for name in ("1", "2"))
    if len(values) != len(series) - 1:
        sys.exit("a prediction is missing")
    if values[:MIDDLE] != others[:MIDDLE]:
        sys.exit("the predictions look ahead")
    error = sum((float(value) - y) ** 2 for value, y in zip(values, series[1:])) / len(values)
    Path(os.environ["ARCTL_SCORER"], "results.json").write_text(json.dumps({"val_mse": error}))
"""

#: Stands in for a formatter that is run before each training.
TIDY = """\
from pathlib import Path

for path in Path(".").glob("*.py"):
    if path.name in ("train.py", "predict.py"):
        path.write_text(path.read_text().replace("  =  ", " = "))
"""

SPEC = """\
name = "series"
[run]
setup = "python3 prepare.py"
command = "python3 tidy.py && python3 train.py"
timeout = "60s"
[metric]
name = "val_mse"
source = "json"
file = "results.json"
[score]
artifacts = ["model.json"]
inputs = "python3 -I evaluate.py inputs"
predict = "python3 predict.py"
command = "python3 -I evaluate.py score"
passes = 2
timeout = "20s"
[seed]
env = "SEED"
[files]
editable = ["train.py", "predict.py"]
protected = ["prepare.py", "evaluate.py", "tidy.py"]
[brain]
kind = "deck"
deck = "deck"
[limits]
experiments = {experiments}
[teams]
analysts = 0
"""

FILES = {
    "predict.py": PREDICT,
    "prepare.py": PREPARE,
    "evaluate.py": EVALUATE,
    "tidy.py": TIDY,
    # Of a run that somebody made before the campaign, and committed.
    "results.json": '{"val_mse": 0.0002}\n',
}
