"""What the scripted researcher knows of two small programs: ideas good, bad, weak and broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: The word by which a critic knows an idea without a mechanism.
WEAK = "somehow"


@dataclass(frozen=True)
class Idea:
    """One idea for train.py. `form` is how it is proposed; `broken` is (what crashes, what mends it)."""

    title: str
    axis: str
    why: str
    form: str = "params"
    move: str = "up"
    expected: str = "0.05"
    params: dict[str, Any] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    broken: tuple[str, str] | None = None

    @property
    def weak(self) -> bool:
        return WEAK in self.why


@dataclass(frozen=True)
class Line:
    """A direction: its title, the axes, and why."""

    title: str
    axes: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Program:
    """All that is known of one program; `metric` tells it apart."""

    metric: str
    lines: tuple[Line, ...]
    ideas: tuple[Idea, ...]


#: `tests.support.campaigns.SCRIPT`: 1 + 100 (LR - 0.05)² + 4 / WIDTH, noise 0.01.
TOY = Program(
    "val_loss",
    (
        Line("Step size", ("LR",), "The step is far from its best, so that most of the budget is lost."),
        Line("Capacity", ("WIDTH", "model"), "The model is too narrow to hold the data."),
        Line("Noise of the gradient", ("optimizer",), "The optimizer wastes what the gradient says."),
    ),
    (
        # First: after another champion a rule objects to it, as to what goes back.
        Idea("A hair more step", "LR", f"It might help {WEAK}.", expected="0.0001", params={"LR": 0.0101}),
        Idea("A fourfold step", "LR", "The loss still falls at the end, so steps are short.",
             params={"LR": 0.04}),
        Idea("A huge step", "LR", "If longer is better, then much longer.", params={"LR": 0.19}),
        Idea("Twice the width", "WIDTH", "Twice the units halve what is missing.",
             "edits", edits=(("WIDTH = 32", "WIDTH = 64"),)),
        Idea("A skip around the layer", "model.skip", "A skip lets the width count for more.",
             "idea", "structural", edits=(("4 / WIDTH", "3 / WIDHT"),), broken=("WIDHT", "WIDTH")),
        Idea("Four times the width", "WIDTH", "Twice as wide paid, and nothing says that it is over.",
             params={"WIDTH": 128}),
        Idea("A gate on each unit", "model.gate", "A gate could close units that only add noise.",
             "edits", "structural", edits=(("/ WIDTH", "* 1.5 / WIDTH"),)),
        Idea("Half of them gated", "model.gate", "Fewer gates leave more of the signal alone.",
             "edits", "structural", edits=(("/ WIDTH", "* 1.3 / WIDTH"),)),
        Idea("A smoother optimizer", "optimizer.momentum", "Averaging makes a wrong step cost less.",
             "idea", "replace", edits=(("1 + 100 *", "1 + 60 *"),)),
        Idea("No averaging at all", "optimizer.plain", "Simpler code, and averages lag behind.",
             "edits", "remove", edits=(("** 2 +", "** 2 + 0.3 +"),)),
        Idea("Nothing remembered between steps", "optimizer.plain", "What is old may point the wrong way.",
             "edits", "remove", edits=(("** 2 +", "** 2 + 0.4 +"),)),
    ),
)  # fmt: skip

#: examples/tiny_gpt.
TINY = Program(
    "val_bpb",
    (
        Line("Step size and schedule", ("LEARNING_RATE", "WARMUP", "WARMDOWN", "optimizer"),
             "389 steps are few: what learns fast wins."),
        Line("Shape of the blocks", ("DEPTH", "DIM", "model"), "The budget is spent on the wrong products."),
        Line("Batches", ("BATCH", "CTX", "WEIGHT_DECAY"), "More, smaller steps use the budget better."),
    ),
    (
        Idea("Twice the step size", "LEARNING_RATE", "Few steps, so each should go further.",
             params={"LEARNING_RATE": 2e-3}),
        Idea("A step size of 0.02", "LEARNING_RATE", "If longer is better, then much longer.",
             params={"LEARNING_RATE": 2e-2}),
        Idea("Warm up for a moment", "WARMUP", f"It might help {WEAK}.", expected="0.0001",
             params={"WARMUP": 0.001}),
        Idea("Warm down over the last half", "WARMDOWN", "Late steps of full length only add noise.",
             params={"WARMDOWN": 0.5}),
        Idea("RMSNorm instead of LayerNorm", "model.norm", "The mean carries nothing; less work a step.",
             "idea", "replace", edits=(("return nn.LayerNorm(dim)", "return nn.RMSNrom(dim)"),),
             broken=("nn.RMSNrom(dim)", "nn.RMSNorm(dim)")),
        Idea("Squared ReLU", "model.activation", "Sparser units learn sharper features.",
             "edits", "replace", edits=(("return F.relu(x)", "return F.relu(x).square()"),)),
        Idea("Sigmoid units", "model.activation", "What is bounded cannot run away.",
             "edits", "replace", edits=(("return F.relu(x)", "return F.sigmoid(x)"),)),
        Idea("Four blocks", "DEPTH", "Depth composes; the steps lost may be worth it.", params={"DEPTH": 4}),
        Idea("Slower second moments", "optimizer.betas", "A longer memory steadies the steps.",
             "idea", "up", edits=(("betas=(0.9, 0.95)", "betas=(0.9, 0.99)"),)),
        Idea("Half the batch", "BATCH", "Twice as many steps for the same work.", move="down",
             params={"BATCH": 8}),
        Idea("Half the context", "CTX", "Most of what helps lies near; attention gets cheaper.", move="down",
             params={"CTX": 32}),
        Idea("Twice the context", "CTX", "What is far away is not seen at all.", params={"CTX": 128}),
    ),
)  # fmt: skip
