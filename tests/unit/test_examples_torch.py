"""examples/tiny_gpt trains: the budget holds whatever train.py does, and common cheats are refused."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.scored import EXAMPLES, Scored, copied, final_block, texts
from tests.support.warm_scripts import WarmScripts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is absent"),
]

FLOPS = 8e9  # nine steps of the baseline


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the texts."""
    return texts(tmp_path_factory)


class Runs:
    """Runs train.py, with edits, on a small budget."""

    def __init__(self, example: Scored, corpus: Path) -> None:
        self.example, self.corpus = example, corpus

    def env(self, flops: float = FLOPS, seed: int = 1) -> dict[str, str]:
        return {
            "ARCTL_DATA": str(self.corpus / "data"),
            "ARCTL_HIDDEN": str(self.corpus / "hidden"),
            "TINY_GPT_FLOPS": str(flops),
            "TINY_GPT_DEVICE": "cpu",
            "SEED": str(seed),
        }

    def edit(self, name: str, *edits: tuple[str, str]) -> None:
        """Write a file of the example with parts of it replaced."""
        text = (EXAMPLES / "tiny_gpt" / name).read_text()
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (self.example.own / name).write_text(text)

    def __call__(
        self, *edits: tuple[str, str], flops: float = FLOPS, seed: int = 1
    ) -> subprocess.CompletedProcess[str]:
        self.edit("train.py", *edits)
        return self.example.run("train.py", **self.env(flops, seed))

    def judge(self) -> subprocess.CompletedProcess[str]:
        """Have what the last run left make its predictions, and score them."""
        return self.example.judge(**self.env())


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmScripts]:
    """A process that has imported torch, and what train.py has it import later."""
    with WarmScripts("torch", "torch.utils.flop_counter", "torch._dynamo") as scripts:
        yield scripts


@pytest.fixture
def runs(tmp_path: Path, corpus: Path, warm: WarmScripts) -> Runs:
    found = Runs(copied("tiny_gpt", tmp_path, passes=2, warm=warm), corpus)
    shutil.copytree(corpus / "hidden", tmp_path / "hidden", dirs_exist_ok=True)
    return found


def block(ended: subprocess.CompletedProcess[str]) -> dict[str, float]:
    assert ended.returncode == 0, ended.stderr
    return final_block(ended.stdout)


def losses(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the loss of each step, as it was printed."""
    assert ended.returncode == 0, ended.stderr
    return re.findall(r"loss: (\d+\.\d+)", ended.stdout)


LOOP = "            loss.backward()\n"
# Counts pairs of bytes before the budget is opened: a model of 3.6 bits per byte for nothing.
PRETRAIN = (
    "    torch.nn.init.zeros_(model.head.weight)\n"
    "    counts = torch.bincount(text.long()[1:] + 256 * text.long()[:-1], minlength=65536)\n"
    "    pairs = ((counts + 0.1).view(256, 256) / (counts + 0.1).view(256, 256).sum(1, True)).log()\n"
    "    model.forward = lambda x: pairs[x] + 0 * model.head.weight.sum()\n"
    "    with budget:\n"
)


def test_step_lines_and_final_block_have_autoresearchs_shape(runs: Runs) -> None:
    ended = runs()
    found = block(ended)
    assert list(found) == [
        "training_seconds",
        "total_seconds",
        "peak_vram_mb",
        "mfu_percent",
        "total_tokens_M",
        "num_steps",
        "num_params_M",
        "depth",
    ]
    # A carriage return begins each line, and none ends it.
    lines = ended.stdout.partition("\n---\n")[0].split("\r")
    shape = re.compile(
        r"step \d{5} \(\d+\.\d%\) \| loss: \d+\.\d{6} \| lrm: \d\.\d\d \| dt: \d+ms \| tok/sec: [\d,]+ \| "
        r"mfu: \d+\.\d% \| epoch: 1 \| remaining: \d+s {4}"
    )
    assert lines[0] == ""
    steps = lines[1:]
    assert len(steps) == found["num_steps"] == 9
    assert all(shape.fullmatch(line) for line in steps)


def test_one_seed_gives_one_result_and_another_gives_another(runs: Runs) -> None:
    steps, found = [], []
    for warm in (runs.example.warm, None):
        # Nor does anything depend on what an interpreter settles when it begins.
        runs.example = replace(runs.example, warm=warm)
        steps.append(losses(runs(seed=1)))
        found.append(block(runs.judge()))
    first, again = (each["val_bpb"] for each in found)
    assert first == again
    assert steps[0] == steps[1] != losses(runs(seed=2))
    assert 4 < first < 8.5
    # An honest model says the same of a page whatever comes behind: to the last bit, on a CPU.
    assert [each["largest_change"] for each in found] == [0, 0]


def test_a_prediction_that_looks_ahead_is_refused_although_training_was_honest(runs: Runs) -> None:
    block(runs())
    peek = "    found[:, :-1] += 3 * np.eye(256, dtype=np.float16)[pages[:, 1:]]\n"
    save = '    np.save(folder / "logprobs.npy", found)\n'
    runs.edit("predict.py", (save, peek + save))
    ended = runs.judge()
    assert ended.returncode == 1
    assert "looks ahead" in ended.stderr
    assert "val_bpb:" not in ended.stdout


def test_a_longer_context_is_judged_on_the_same_bytes(runs: Runs) -> None:
    block(runs(("\nCTX = 64\n", "\nCTX = 96\n")))
    assert 4 < block(runs.judge())["val_bpb"] < 8.5
    assert "context must be 1 to 256" in runs(("\nCTX = 64\n", "\nCTX = 512\n")).stderr


def test_a_larger_model_gets_fewer_steps(runs: Runs) -> None:
    steps = [block(runs(("\nDIM = 64\n", f"\nDIM = {dim}\n")))["num_steps"] for dim in (32, 64, 128)]
    assert steps[0] > steps[1] > steps[2] > 0


def test_the_budget_can_be_lowered_from_outside_but_not_raised(runs: Runs) -> None:
    assert block(runs(flops=4e9))["num_steps"] < 9
    # At 1e18 the default holds; a look at the first step's percentage is enough, so the run stops there.
    ended = runs((LOOP, LOOP + "            raise SystemExit(f'TOTAL {budget.total:.3e}')\n"), flops=1e18)
    assert "TOTAL 3.200e+11" in ended.stderr


def test_work_beside_the_forward_pass_is_paid_for(runs: Runs) -> None:
    extra = LOOP + "            model(batch[:, :-1])\n"
    assert block(runs((LOOP, extra)))["num_steps"] < 9


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    with budget:\n",
            PRETRAIN,
            "trained before the budget",
        ),
        (
            "    compute.check(model",
            "    model.head.weight.data.mul_(1.01)\n    compute.check(model",
            "changed after the budget",
        ),
        ("v, is_causal=True)", "v, is_causal=False)", "yet to predict"),
        (
            "        return self.head(self.norm(x))\n",
            "        return self.head(self.norm(x))[..., :255]\n",
            "logits",
        ),
        (LOOP, LOOP + "            for _ in range(1000):\n                model(batch[:, :-1])\n", "overrun"),
        (
            LOOP,
            LOOP + "            nn.LSTM(64, 64)(torch.randn(4, 4, 64)).sum()\n",
            "cannot price",
        ),
    ],
    ids=["trained-before", "changed-after", "looks-ahead", "wrong-shape", "overruns", "hidden-work"],
)
def test_a_cheat_or_a_slip_ends_the_run(runs: Runs, old: str, new: str, message: str) -> None:
    ended = runs((old, new))
    assert ended.returncode != 0
    assert message in ended.stderr
    assert "\n---\n" not in ended.stdout
    assert not (runs.example.own / "model.npz").exists()


def test_a_diverged_run_says_fail_behind_its_step_line(runs: Runs) -> None:
    ended = runs(("            loss = F.cross_entropy(", "            loss = 1e3 * F.cross_entropy("))
    assert ended.returncode == 1
    assert ended.stdout.endswith("FAIL\n")
    assert ended.stdout.rpartition("\r")[2].startswith("step 00000")
    assert "---" not in ended.stdout


def test_a_missing_or_altered_corpus_is_named(runs: Runs, corpus: Path, tmp_path: Path) -> None:
    runs.corpus = tmp_path / "nowhere"
    assert "run `python prepare.py` first" in runs().stderr
    runs.corpus = tmp_path / "altered"
    shutil.copytree(corpus / "data", runs.corpus / "data")
    (runs.corpus / "data" / "train.bin").write_bytes(b"a" * 300_000)
    assert "was changed after it was built" in runs().stderr


def test_the_patch_with_a_bug_crashes_with_a_traceback(runs: Runs) -> None:
    patch = next((EXAMPLES / "tiny_gpt" / "deck").glob("08-*.patch"))
    diff = patch.read_text().partition("\n---\n")[2]
    subprocess.run(["git", "apply"], cwd=runs.example.own, input=diff, text=True, check=True)
    ended = runs.example.run("train.py", **runs.env())
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "shapes cannot be multiplied" in ended.stderr
