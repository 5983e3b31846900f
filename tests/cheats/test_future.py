"""Predictors that look at what they are to predict, against the evaluator of examples/tiny_gpt."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.boxes import need
from tests.support.campaigns import add_card, git
from tests.support.daemon import Daemon
from tests.support.scored import Scored, copied, final_block, texts, with_texts

Array = npt.NDArray[np.floating]
Pages = npt.NDArray[np.uint8]

#: What the refusal says.
CAUGHT = "looks ahead, or at other pages"


class Bigrams:
    """An honest predictor, and the tables that dishonest ones consult: how often bytes follow others."""

    def __init__(self, text: Pages) -> None:
        wide = text.astype(np.int64)
        pairs = np.bincount(wide[:-1] * 256 + wide[1:], minlength=65536).reshape(256, 256)
        self.logprobs = np.log((pairs + 0.1) / (pairs + 0.1).sum(axis=1, keepdims=True))
        self.threes = set((wide[:-2] * 65536 + wide[1:-1] * 256 + wide[2:]).tolist())

    def honest(self, pages: Pages) -> Array:
        """Predict from the byte before."""
        return self.logprobs[pages].astype(np.float32)

    def surprise(self, pages: Pages) -> Array:
        """Of each byte but the first, after the one before it."""
        return -self.logprobs[pages[:, :-1], pages[:, 1:]]

    def seen(self, pages: Pages) -> npt.NDArray[np.bool_]:
        """Tell which bytes have been seen after the two before them; the first two count as seen."""
        wide = pages.astype(np.int64)
        keys = wide[:, :-2] * 65536 + wide[:, 1:-1] * 256 + wide[:, 2:]
        found = np.ones(pages.shape, bool)
        found[:, 2:] = np.isin(keys, np.fromiter(self.threes, np.int64))
        return found


def boosted(found: Array, pages: Pages, where: npt.NDArray[np.bool_], by: float) -> Array:
    """Return predictions in which the byte that comes next is made likelier, where told."""
    rows, columns = np.nonzero(where[:, 1:])
    found = found.copy()
    found[rows, columns, pages[rows, columns + 1]] += by
    return found


def next_byte(known: Bigrams, pages: Pages) -> Array:
    return boosted(known.honest(pages), pages, np.ones(pages.shape, bool), 9.0)


def where_it_is_likely(known: Bigrams, pages: Pages) -> Array:
    likely = np.zeros(pages.shape, bool)
    likely[:, 1:] = known.surprise(pages) < 1.0
    return boosted(known.honest(pages), pages, likely, 9.0)


def where_its_like_was_seen(known: Bigrams, pages: Pages) -> Array:
    return boosted(known.honest(pages), pages, known.seen(pages), 9.0)


def on_pages_without_a_seam(known: Bigrams, pages: Pages) -> Array:
    # Half of the pages: those whose most surprising byte is the least so.
    worst = known.surprise(pages).max(axis=1)
    smooth = np.broadcast_to((worst <= np.median(worst))[:, None], pages.shape)
    return boosted(known.honest(pages), pages, smooth, 9.0)


def up_to_the_seam(known: Bigrams, pages: Pages) -> Array:
    # Everywhere but at the place that looks most like a seam.
    where = np.ones(pages.shape, bool)
    where[np.arange(len(pages)), known.surprise(pages).argmax(axis=1) + 1] = False
    return boosted(known.honest(pages), pages, where, 9.0)


def now_and_then(known: Bigrams, pages: Pages) -> Array:
    where = np.random.default_rng(0).random(pages.shape) < 0.15
    return boosted(known.honest(pages), pages, where, 9.0)


def in_a_whisper(known: Bigrams, pages: Pages) -> Array:
    return boosted(known.honest(pages), pages, np.ones(pages.shape, bool), 0.05)


def by_what_is_on_the_rest_of_the_page(known: Bigrams, pages: Pages) -> Array:
    counts = np.stack([np.bincount(page, minlength=256) for page in pages])
    return (known.honest(pages) + np.log(counts + 1)[:, None, :]).astype(np.float32)


def by_what_is_on_other_pages(known: Bigrams, pages: Pages) -> Array:
    return (known.honest(pages) + np.log(np.bincount(pages.flatten(), minlength=256) + 1)).astype(np.float32)


LOOKING = (
    next_byte,
    where_it_is_likely,
    where_its_like_was_seen,
    on_pages_without_a_seam,
    up_to_the_seam,
    now_and_then,
    in_a_whisper,
    by_what_is_on_the_rest_of_the_page,
    by_what_is_on_other_pages,
)
Predictor = Callable[[Bigrams, Pages], Array]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The example, its texts made."""
    example = copied("tiny_gpt", tmp_path_factory.mktemp("future"), passes=2)
    return with_texts(example, texts(tmp_path_factory))


@pytest.fixture(scope="module")
def known(example: Scored) -> Bigrams:
    return Bigrams(np.fromfile(example.own.parent / "data" / "train.bin", np.uint8))


def judged(example: Scored, predict: Callable[[Pages], Array]) -> subprocess.CompletedProcess[str]:
    """Have a predictor make both passes, knowing nothing of the other one, and have them scored."""
    root = example.own.parent
    example.ok("-I", "evaluate.py", "inputs")
    for number in ("1", "2"):
        found = predict(np.load(root / "inputs" / number / "pages.npy"))
        np.save(root / "predictions" / number / "logprobs.npy", found)
    return example.run("-I", "evaluate.py", "score")


def bits(done: subprocess.CompletedProcess[str]) -> float:
    assert done.returncode == 0, done.stderr
    return final_block(done.stdout)["val_bpb"]


def test_an_honest_predictor_passes_with_one_result_whatever_the_probe(
    example: Scored, known: Bigrams
) -> None:
    first, second = (judged(example, known.honest) for _ in range(2))
    assert 3.0 < bits(first) < 4.5
    # Seams are drawn anew, and which pages are natural first: the metric does not depend on it.
    assert bits(first) == bits(second)
    assert final_block(first.stdout)["largest_change"] == 0


def test_rounding_and_numbers_that_do_not_sum_to_one_change_nothing(example: Scored, known: Bigrams) -> None:
    exact = bits(judged(example, known.honest))
    rounded = bits(judged(example, lambda pages: known.honest(pages).astype(np.float16)))
    assert rounded == pytest.approx(exact, abs=1e-3)
    assert bits(judged(example, lambda pages: known.honest(pages) + 7)) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("look", LOOKING, ids=lambda look: look.__name__)
def test_whoever_looks_ahead_is_refused(example: Scored, known: Bigrams, look: Predictor) -> None:
    done = judged(example, lambda pages: look(known, pages))
    assert done.returncode == 1
    assert CAUGHT in done.stderr
    assert "val_bpb" not in done.stdout


def test_what_is_below_the_tolerance_is_worth_less_than_noise(example: Scored, known: Bigrams) -> None:
    everywhere = np.ones((128, 256), bool)
    gained = bits(judged(example, known.honest)) - bits(
        judged(example, lambda pages: boosted(known.honest(pages), pages, everywhere, 5e-4))
    )
    assert 0 < gained < 2e-3


def broken(kind: str) -> Callable[[Pages], Array]:
    """Return predictions that are none."""

    def predict(pages: Pages) -> Array:
        found = np.zeros((*pages.shape, 256), np.int8 if kind == "integers" else np.float16)
        if kind in ("nan", "inf"):
            found[3, 4, 5] = float(kind)
        return found[:-1] if kind == "short" else found

    return predict


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nan", "must be finite"),
        ("inf", "must be finite"),
        ("short", "floats of shape"),
        ("integers", "floats of shape"),
    ],
)
def test_what_is_no_prediction_is_refused(example: Scored, kind: str, said: str) -> None:
    done = judged(example, broken(kind))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["pickle", "text", "nothing"])
def test_a_file_of_something_else_is_not_opened(example: Scored, kind: str) -> None:
    example.ok("-I", "evaluate.py", "inputs")
    root = example.own.parent
    for number in ("1", "2"):
        path = root / "predictions" / number / "logprobs.npy"
        path.unlink(missing_ok=True)
        if kind == "pickle":
            np.save(path, np.array([{"val_bpb": 0}], dtype=object), allow_pickle=True)
        elif kind == "text":
            path.write_text("val_bpb: 0.0\n")
    done = example.run("-I", "evaluate.py", "score")
    assert done.returncode == 1
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


#: The example's own commands, with a model that needs no torch: how often each byte follows each.
TRAIN = """\
import os

import numpy as np

# The seed moves the smoothing, and so the result a little.
smoothing = 0.1 + 0.01 * (int(os.environ["SEED"]) % 7)
text = np.fromfile(os.path.join(os.environ["ARCTL_DATA"], "train.bin"), np.uint8).astype(np.int64)
pairs = np.bincount(text[:-1] * 256 + text[1:], minlength=65536).reshape(256, 256) + smoothing
np.savez("model.npz", logprobs=np.log(pairs / pairs.sum(axis=1, keepdims=True)))
open("model.json", "w").write("{}")
"""
PREDICT = """\
import os

import numpy as np

logprobs = np.load(os.path.join(os.environ["ARCTL_ARTIFACTS"], "model.npz"))["logprobs"]
pages = np.load(os.path.join(os.environ["ARCTL_INPUTS"], "pages.npy"))
found = logprobs[pages].astype(np.float16)
# -- predicted --
np.save(os.path.join(os.environ["ARCTL_PREDICTIONS"], "logprobs.npy"), found)
"""
PREDICTED = "# -- predicted --\n"
LOOK = """\
rows, columns = np.indices(pages[:, 1:].shape)
found[rows, columns, pages[:, 1:]] += 9
"""
#: A second pass that had the first one's pages would know where they part.
REMEMBER = """\
import pathlib, tempfile
keys = ("HOME", "ARCTL_PREDICTIONS", "ARCTL_INPUTS", "ARCTL_ARTIFACTS", "ARCTL_DATA", "ARCTL_RUN_FOLDER")
places = {pathlib.Path(os.environ[key]) for key in keys} | {pathlib.Path.cwd()}
places |= {place.parent for place in places} | {place.parent.parent for place in places}
places |= {pathlib.Path(name) for name in ("/tmp", "/dev/shm", "/var/tmp", tempfile.gettempdir())}
earlier = [str(place) for place in places if (place / "kept.npy").exists()]
inputs = os.listdir(pathlib.Path(os.environ["ARCTL_INPUTS"]).parent)
kept = 0
for place in places - {pathlib.Path(os.environ["ARCTL_PREDICTIONS"])}:
    try:
        np.save(place / "kept.npy", pages)
        kept += 1
    except OSError:
        pass
print("kept in", kept, "places, found", earlier, "of other passes beside", inputs)
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose runs find the interpreter that has numpy."""
    need(3)
    running = Daemon(tmp_path_factory.mktemp("future") / "home")
    running.start()
    yield running
    running.stop()


def test_neither_looking_nor_remembering_helps_in_a_campaign(daemon: Daemon, tmp_path: Path) -> None:
    example = copied("tiny_gpt", tmp_path, passes=2)
    repo = example.own
    (repo / "train.py").write_text(TRAIN)
    (repo / "predict.py").write_text(PREDICT)
    for path in (repo / "deck").iterdir():
        path.unlink()
    spec = (repo / "arctl.toml").read_text()
    spec = re.sub(r"(?m)^\[params\.\w+\]\n(?:(?!\[).*\n)*", "", spec)
    spec = spec.replace("baseline_runs = 5", "baseline_runs = 3").replace(
        "experiments = 24", "experiments = 2"
    )
    (repo / "arctl.toml").write_text(f"{spec}\n[teams]\nanalysts = 0\n")
    git(repo, "init", "--quiet", "--initial-branch=main")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=bigrams")
    for number, (title, code) in enumerate((("looks ahead", LOOK), ("remembers", REMEMBER))):
        edit = {"predict.py": (PREDICTED, f"{code}{PREDICTED}")}
        add_card(repo, f"{number:02}", edit, title=title, axis=f"cheat.{number}")
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    daemon.call("campaign.start", path=str(repo), env={"PATH": search})
    status = daemon.wait_finished("tiny_gpt")
    assert status["state"] == "finished", json.dumps(status)
    assert status["trust"] == "scored"
    assert status["champion"] == "e1"
    shown = {row["title"]: daemon.call("show", id=row["id"]) for row in daemon.experiments("tiny_gpt")}

    looked, remembered = shown["looks ahead"]["experiment"], shown["remembers"]["experiment"]
    assert looked["verdict"] == "crashed"
    assert "the trusted command that scores: exit status 1" in looked["reason"]
    assert CAUGHT in daemon.printed(shown["looks ahead"])
    assert remembered["verdict"] in ("rejected", "inconclusive"), remembered["reason"]
    printed = daemon.printed(shown["remembers"])
    said = re.findall(r"kept in (\d+) places, found \[\] of other passes beside (.*)", printed)
    assert len(said) == 2 * len(shown["remembers"]["runs"]), printed
    assert all(int(kept) > 0 for kept, _ in said)
    assert {seen for _, seen in said} == {"['1']", "['2']"}
