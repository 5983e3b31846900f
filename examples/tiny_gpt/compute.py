"""Protected: the training budget, counted in floating-point operations.

Why FLOPs. A time budget measures how busy the machine was (on a loaded one its spread was seven
times the seeds'), a step budget gives larger models free compute. Operations are both repeatable
and fair. They are counted here, from what torch really runs between `with budget:` and its end
(forward, backward and optimizer), so nothing that train.py states about itself is believed.

How train.py uses it:

    budget = compute.Budget(model, CTX)
    with budget:
        while budget.step():
            ...one training step...
    compute.check(model, CTX, budget)

A model is called as `model(x)`, x of shape (batch, time) with time <= CTX, and gives logits of shape
(batch, time, 256).

What is checked: the model arrives untrained, does not change after the budget is closed, does not
look at later bytes (causality) nor at other windows, and gives finite logits. A slip ends here, with
its reason, before it costs a prediction.

What is not: train.py shares this process, so code that means to cheat can replace these functions,
train in another thread or library or in predict.py, or count on work that torch does not call a
matrix product. The budget is an honest count for honest agents, bounded for others by the run's
timeout. The metric is another matter: evaluate.py computes it out of reach.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from evaluate import PAGE, VOCAB
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

if TYPE_CHECKING:
    from collections.abc import Callable

TRAIN_FLOPS = 3.2e11  # 8 seconds of one quiet CPU core, 20 of a slower one; no load changes what it buys

WINDOWS = 8  # of the training text, by which a model is known to be untrained
UNTRAINED_BPB = 4.5  # about what the frequencies of single bytes explain; training is what goes below


# The data


def train_bytes(device: str) -> torch.Tensor:
    """The training text, one dimension, dtype uint8; refused when it is not what prepare.py wrote."""
    folder = Path(os.environ.get("ARCTL_DATA") or "data")
    try:
        content = (folder / "train.bin").read_bytes()
        expected = json.loads((folder / "meta.json").read_text())["sha256"]
    except FileNotFoundError as error:
        msg = f"{error.filename} is missing: run `python prepare.py` first"
        raise SystemExit(msg) from None
    if hashlib.sha256(content).hexdigest() != expected:
        msg = f"train.bin was changed after it was built: delete {folder} and run `python prepare.py`"
        raise SystemExit(msg)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).to(device)


# The budget


def budget_flops() -> float:
    """TRAIN_FLOPS, or less for a quick test: TINY_GPT_FLOPS can lower the budget, never raise it."""
    return min(TRAIN_FLOPS, float(os.environ.get("TINY_GPT_FLOPS", TRAIN_FLOPS)))


CPU_ATTENTION = "_scaled_dot_product_flash_attention_for_cpu"
# torch prices products, convolutions and attention; these are the ones it leaves out.
PRICES: dict[str, Callable[..., int]] = {
    CPU_ATTENTION: lambda q, k, v, *_: sdpa_flop_count(q.shape, k.shape, v.shape),
    f"{CPU_ATTENTION}_backward": lambda *four: sdpa_backward_flop_count(*(x.shape for x in four[:4])),
    "mv": lambda matrix, *_: 2 * matrix.numel(),
    "addmv": lambda _, matrix, *__: 2 * matrix.numel(),
    "dot": lambda vector, *_: 2 * vector.numel(),
}
# A word like these in the name of an operation without a price: refused, since it would be free.
HEAVY = {"mm", "bmm", "addbmm", "rnn", "lstm", "gru", "attention", "conv", "linear", "trilinear", "encoder"}


def price(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> int:
    """Floating-point operations of one call, a multiply-add counted as two."""
    packet = func.overloadpacket
    if packet in flop_registry:
        return int(flop_registry[packet](*args, **kwargs, out_val=out))
    name = packet.__name__
    if name in PRICES:
        return int(PRICES[name](*args))
    if name.startswith(("linalg_", "_linalg_")):
        # Decompositions (QR, SVD, eigenvalues): a round figure, so that they are not free either.
        matrix = next((a for a in args if isinstance(a, torch.Tensor) and a.dim() >= 2), None)
        return 0 if matrix is None else 10 * matrix.numel() * min(matrix.shape[-2:])
    if HEAVY & set(name.split("_")):
        msg = f"compute.py cannot price the operation {name}: write it with plain matrix products"
        raise NotImplementedError(msg)
    return 0


class Budget(TorchDispatchMode):
    """Counts the operations that run inside `with budget:` and ends training when they are spent."""

    def __init__(self, model: torch.nn.Module, context: int) -> None:
        super().__init__()
        self.model = model
        self.context = context
        self.total = budget_flops()
        self.spent = 0
        self.steps = 0  # finished ones
        self.trained = ""  # fingerprint of the model when the budget was closed
        self._dearest = 0
        self._step_began: int | None = None

    @property
    def fraction(self) -> float:
        """Share of the budget that is spent, 0 to 1: what a learning-rate schedule should follow."""
        return min(1.0, self.spent / self.total)

    def __enter__(self) -> Budget:
        if self.steps or self.trained:
            msg = "a budget can be opened once"
            raise RuntimeError(msg)
        if _bits_per_byte(self.model, self.context) < UNTRAINED_BPB:
            msg = "the model was trained before the budget was opened"
            raise RuntimeError(msg)
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.trained = fingerprint(self.model)

    def step(self) -> bool:
        """Whether another step fits; call it before each. A step costs what the dearest one cost."""
        if self._step_began is not None:
            self._dearest = max(self._dearest, self.spent - self._step_began)
            self.steps += 1
            if self.spent == self._step_began:
                msg = "a training step ran without a single matrix product that could be counted"
                raise RuntimeError(msg)
        self._step_began = self.spent
        return self.spent + self._dearest <= self.total

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        self.spent += price(func, args, kwargs, out)
        if self.spent > self.total:
            msg = f"the budget of {self.total:.2e} FLOPs was overrun within a step"
            raise RuntimeError(msg)
        return out


def fingerprint(model: torch.nn.Module) -> str:
    """Hash of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


# The model


@torch.no_grad()
def check(model: torch.nn.Module, context: int, budget: Budget) -> None:
    """Refuse a model that changed since the budget was closed, or that looks where it must not."""
    if fingerprint(model) != budget.trained:
        msg = "the model changed after the budget was closed"
        raise RuntimeError(msg)
    was_training = model.training
    model.eval()
    _check_causality(model, _windows(model, context)[0])
    model.train(was_training)


@torch.no_grad()
def _bits_per_byte(model: torch.nn.Module, context: int) -> float:
    """Of some training text: 8 bits for a model that knows nothing."""
    was_training = model.training
    model.eval()
    x, y = _windows(model, context)
    _check_causality(model, x)
    # On the CPU in float64: not every device has it.
    nats = F.cross_entropy(_logits(model, x).flatten(0, 1).cpu().double(), y.flatten().cpu())
    model.train(was_training)
    return nats.item() / math.log(2)


def _windows(model: torch.nn.Module, context: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Evenly spaced windows of the training text, and the byte after each byte of theirs."""
    if not 1 <= context <= PAGE:
        msg = f"the context must be 1 to {PAGE} bytes, not {context}"
        raise ValueError(msg)
    device = next(model.parameters()).device
    text = train_bytes(str(device)).long()
    starts = torch.arange(WINDOWS, device=device) * ((len(text) - context - 1) // (WINDOWS - 1))
    windows = text[starts[:, None] + torch.arange(context + 1, device=device)]
    return windows[:, :-1], windows[:, 1:]


def _logits(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    logits = model(x.clone())  # a copy: nothing the model does to its input may reach the targets
    if logits.shape != (*x.shape, VOCAB) or not torch.isfinite(logits).all():
        msg = f"the model must give finite logits of shape {(*x.shape, VOCAB)}, got {tuple(logits.shape)}"
        raise ValueError(msg)
    return logits


def _check_causality(model: torch.nn.Module, x: torch.Tensor) -> None:
    """Change the later half of the first window: no earlier output, and no other window's, may move.

    The commonest way to a wonderful score is a lost attention mask, by accident as often as not.
    """
    half = x.shape[1] // 2
    changed = x.clone()
    changed[0, half:] = (changed[0, half:] + 101) % VOCAB
    before, after = _logits(model, x), _logits(model, changed)
    same = torch.allclose(before[0, :half], after[0, :half], atol=1e-3, rtol=1e-3)
    if not (same and torch.allclose(before[1:], after[1:], atol=1e-3, rtol=1e-3)):
        msg = "the model looks at bytes it has yet to predict, or at other windows: check its attention mask"
        raise ValueError(msg)
