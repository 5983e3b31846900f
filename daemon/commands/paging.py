"""Answers that stay within one message: as many rows as fit, and where the next ones begin."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from arctl import protocol

T = TypeVar("T")

#: As `protocol.encode` writes, without making an encoder for each row.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: Bytes of rows that one answer carries at most; the rest of a line is for what stands beside them.
ROOM = protocol.MAX_LINE // 2


def fitting(rows: Iterable[T], limit: int, room: int = ROOM) -> list[T]:
    """Return the first rows that fit into one answer, at most `limit`; one row always does."""
    found: list[T] = []
    for row in rows:
        if len(found) >= max(1, limit):
            break
        room -= size(row)
        if found and room < 0:
            break
        found.append(row)
    return found


def size(row: Any) -> int:
    """Return how many bytes a row (JSON data or a dataclass of such) takes in a message."""
    data = dataclasses.asdict(row) if dataclasses.is_dataclass(row) and not isinstance(row, type) else row
    return len(_encode(data).encode("utf-8", "replace")) + 1
