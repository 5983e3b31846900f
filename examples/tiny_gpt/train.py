"""A GPT over bytes that trains in 10 to 20 seconds on one CPU core. This is the file to improve.

By hand: `python prepare.py` once, then `python train.py`, or `SEED=3 python train.py`.
The budget is counted in FLOPs by compute.py: a larger model gets fewer steps. The trained model is left in
model.npz and model.json, from which predict.py makes the predictions that evaluate.py judges.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from pathlib import Path

STARTED = time.monotonic()

import compute  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

# ---------------------------------------------------------------------------------------------
# Constants. Each stands alone, so that two patches that change two of them combine.
# ---------------------------------------------------------------------------------------------

# Transformer blocks.
DEPTH = 2

# Width of the residual stream.
DIM = 64

# Attention heads; DIM must be a multiple of it.
HEADS = 4

# Bytes that the model sees at once.
CTX = 64

# Windows per step.
BATCH = 16

# Step size of AdamW.
LEARNING_RATE = 1e-3

# Decay of the weight matrices.
WEIGHT_DECAY = 0.0

# Share of the budget over which the step size rises from zero.
WARMUP = 0.0

# Share of the budget, at its end, over which it falls to zero.
WARMDOWN = 0.0

# ---------------------------------------------------------------------------------------------
# Model. One small class or function per idea, for the same reason.
# ---------------------------------------------------------------------------------------------


def activation(x: torch.Tensor) -> torch.Tensor:
    """The nonlinearity of the MLP."""
    return F.relu(x)


def make_norm(dim: int) -> nn.Module:
    """The normalisation before attention, MLP and head."""
    return nn.LayerNorm(dim)


class Positions(nn.Module):
    """Tells the model where each byte stands: a learned vector per place, added to the embedding."""

    def __init__(self, dim: int, context: int) -> None:
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(context, dim))

    def add(self, x: torch.Tensor) -> torch.Tensor:
        """Mark the embeddings, shape (batch, time, dim)."""
        return x + self.table[: x.shape[1]]

    def turn(self, x: torch.Tensor) -> torch.Tensor:
        """Mark queries or keys, shape (batch, heads, time, dim of a head); learned vectors need not."""
        return x


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(dim, 3 * dim, bias=False)
        self.outward = nn.Linear(dim, dim, bias=False)

    def forward(self, x: torch.Tensor, positions: Positions) -> torch.Tensor:
        batch, span, dim = x.shape
        q, k, v = self.inward(x).view(batch, span, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(positions.turn(q), positions.turn(k), v, is_causal=True)
        return self.outward(mixed.transpose(1, 2).reshape(batch, span, dim))


class MLP(nn.Module):
    """Four times as wide inside."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 4 * dim, bias=False)
        self.down = nn.Linear(4 * dim, dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(activation(self.up(x)))


class Block(nn.Module):
    """Attention and MLP, each normalised first and added to what was there."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = make_norm(dim), Attention(dim, heads)
        self.mlp_norm, self.mlp = make_norm(dim), MLP(dim)

    def forward(self, x: torch.Tensor, positions: Positions) -> torch.Tensor:
        x = x + self.attention(self.attention_norm(x), positions)
        return x + self.mlp(self.mlp_norm(x))


class GPT(nn.Module):
    """Bytes in, logits of the next byte out."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(compute.VOCAB, DIM)
        self.positions = Positions(DIM, CTX)
        self.blocks = nn.ModuleList(Block(DIM, HEADS) for _ in range(DEPTH))
        self.norm = make_norm(DIM)
        self.head = nn.Linear(DIM, compute.VOCAB, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.positions.add(self.embedding(tokens))
        for block in self.blocks:
            x = block(x, self.positions)
        return self.head(self.norm(x))


# ---------------------------------------------------------------------------------------------
# Optimizer and schedule.
# ---------------------------------------------------------------------------------------------


def make_optimizers(model: GPT) -> list[torch.optim.Optimizer]:
    """Every optimizer that steps; the loop scales each group's own learning rate by the schedule."""
    matrices = [weight for weight in model.parameters() if weight.dim() >= 2]
    vectors = [weight for weight in model.parameters() if weight.dim() < 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    return [torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.95))]


def schedule(fraction: float) -> float:
    """What to multiply the learning rate by when this share of the budget is spent."""
    up = min(1.0, (fraction + 0.01) / WARMUP) if WARMUP > 0 else 1.0
    down = min(1.0, (1.0 - fraction) / WARMDOWN) if WARMDOWN > 0 else 1.0
    return min(up, down)


# ---------------------------------------------------------------------------------------------
# The run.
# ---------------------------------------------------------------------------------------------


def pick_device() -> str:
    """CUDA, then MPS, then the CPU; TINY_GPT_DEVICE overrides."""
    if named := os.environ.get("TINY_GPT_DEVICE"):
        return named
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def reachable_flops(device: str) -> float:
    """FLOPs per second of a plain matrix product here and now: what `mfu` is a share of."""
    square = torch.randn(512, 512, device=device)
    best = math.inf
    for _ in range(5):
        began = time.perf_counter()
        (square @ square).sum().item()  # .item() waits for the device
        best = min(best, time.perf_counter() - began)
    return 2 * 512**3 / best


def peak_memory_mb(device: str) -> float:
    """Peak of the card's memory; without one, of the process's."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def save(model: GPT) -> None:
    """Leave the weights as plain arrays, and the shape that they are for."""
    weights = {name: weight.cpu().float().numpy() for name, weight in model.state_dict().items()}
    np.savez("model.npz", **weights)
    shape = {"depth": DEPTH, "dim": DIM, "heads": HEADS, "context": CTX}
    Path("model.json").write_text(json.dumps(shape) + "\n")


def main() -> None:
    """Train until the budget is spent, then leave the model and print what it took."""
    # Two threads would be slower: the matrices are small, and runs share the machine.
    torch.set_num_threads(1)
    device = pick_device()
    reachable = reachable_flops(device)
    torch.manual_seed(int(os.environ.get("SEED", "0")))

    model = GPT().to(device)
    optimizers = make_optimizers(model)
    base_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    text = compute.train_bytes(device)
    window = torch.arange(CTX + 1, device=device)

    budget = compute.Budget(model, CTX)
    began = time.monotonic()
    smooth, tokens = 0.0, 0
    with budget:
        while budget.step():
            step_began, spent_before = time.monotonic(), budget.spent
            scale = schedule(budget.fraction)
            for optimizer, rates in zip(optimizers, base_rates, strict=True):
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * scale

            # Drawn on the CPU, so that a seed means the same windows on every device.
            starts = torch.randint(len(text) - CTX, (BATCH, 1)).to(device)
            batch = text[starts + window].long()
            logits = model(batch[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()

            # A running mean, corrected for having started at zero.
            value = loss.item()
            smooth = 0.9 * smooth + 0.1 * value
            shown = smooth / (1 - 0.9 ** (budget.steps + 1))
            tokens += BATCH * CTX
            dt, elapsed = time.monotonic() - step_began, time.monotonic() - began
            used = (budget.spent - spent_before) / dt / reachable
            left = elapsed * (1 / budget.fraction - 1)
            print(
                f"\rstep {budget.steps:05d} ({100 * budget.fraction:.1f}%) | loss: {shown:.6f} | "
                f"lrm: {scale:.2f} | dt: {dt * 1000:.0f}ms | tok/sec: {BATCH * CTX / dt:,.0f} | "
                f"mfu: {100 * used:.1f}% | epoch: {tokens // len(text) + 1} | remaining: {left:.0f}s    ",
                end="",
                flush=True,
            )
            if math.isnan(value) or value > 100:
                print("FAIL")
                sys.exit(1)
    training_seconds = time.monotonic() - began

    compute.check(model, CTX, budget)
    save(model)
    print("\n---")
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {time.monotonic() - STARTED:.1f}")
    print(f"peak_vram_mb:     {peak_memory_mb(device):.1f}")
    print(f"mfu_percent:      {100 * budget.spent / training_seconds / reachable:.2f}")
    print(f"total_tokens_M:   {tokens / 1e6:.4f}")
    print(f"num_steps:        {budget.steps}")
    print(f"num_params_M:     {sum(weight.numel() for weight in model.parameters()) / 1e6:.3f}")
    print(f"depth:            {DEPTH}")


if __name__ == "__main__":
    main()
