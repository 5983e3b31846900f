"""Which constants of a script look tunable, and over which range: what `arctl init` proposes."""

from __future__ import annotations

import re

from arctl.experiments.pyconstants import constants

Table = dict[str, object]

_NOT_TUNABLE = re.compile(
    r"(?:^|_)(?:SEEDS?|BUDGET|TIMEOUT|EVAL|VAL|TEST|VOCAB|DEVICES?|GPUS?|CUDA|RANK|WORLD|WORKERS|THREADS|PATH|DIR|"
    r"FOLDER|FILE|URL|PORT|HOST|CACHE|LOG(?:GING)?|PRINT|SAVE|CHECKPOINT|CKPT|VERBOSE|DEBUG|VERSION|NAME|DTYPE|"
    r"FLOPS|SHARDS?|TOKENIZER|DATA|DATASET|TRAIN|RESULTS?|OUTPUT|OUT|CLASSES|FEATURES|METRIC|STEPS?|ITERS?|"
    r"ITERATIONS|EPOCHS?|MAX_SEQ_LEN|SEQ_LEN|TIME|BOS|EOS|PAD|EPS|EPSILON)(?:_|$)"
)
_RATE = re.compile(r"(?:^|_)(?:LR|LEARNING_RATE)(?:_|$)")
_SHARE = re.compile(r"(?:^|_)(?:RATIO|FRAC|FRACTION|DROPOUT|PROB|P)(?:_|$)")
_NEAR_ONE = re.compile(r"(?:^|_)(?:BETA\d*|MOMENTUM|GAMMA|EMA|DECAY)(?:_|$)")


def guess(source: str) -> dict[str, Table]:
    """Suggest a ``[params.NAME]`` table, without its file, for each constant that looks tunable.

    Left out: text, seeds, budgets, paths, evaluation, vocabulary, devices, and whatever fixes what is
    measured.
    """
    found = {
        name: _table(name, value)
        for name, value in constants(source).items()
        if not _NOT_TUNABLE.search(name)
    }
    return {name: table for name, table in found.items() if table is not None}


def _table(name: str, value: object) -> Table | None:
    if isinstance(value, bool):
        return {"type": "bool"}
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return _real(name, value)
    return None


def _whole(value: int) -> Table | None:
    if value <= 0:
        return None
    if value >= 16 and value & (value - 1) == 0:  # sizes that hardware and shapes want as powers of two
        return {"type": "choice", "choices": [value // 4, value // 2, value, value * 2, value * 4]}
    return {"type": "int", "low": max(1, value // 4), "high": value * 4, "log": True}


def _real(name: str, value: float) -> Table | None:
    if _SHARE.search(name) and not _RATE.search(name) and 0.0 <= value <= 1.0:
        return {"type": "float", "low": 0.0, "high": 1.0 if value > 0.6 else 0.9}
    if "FRAC" in name and value == 0.0:
        return {"type": "float", "low": 0.0, "high": 0.5}
    if _NEAR_ONE.search(name) and 0.5 <= value < 1.0:
        left = 1.0 - value
        return {"type": "float", "low": _short(max(0.0, 1.0 - 4 * left)), "high": _short(1.0 - left / 4)}
    if value <= 0.0:
        return None
    factor = 10.0 if _RATE.search(name) or value < 0.01 else 4.0
    return {"type": "float", "low": _short(value / factor), "high": _short(value * factor), "log": True}


def _short(value: float) -> float:
    """Six significant digits: 0.30000000000000004 is no bound that a person would write."""
    return float(f"{value:.6g}")
