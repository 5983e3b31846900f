"""Every row of current state, read fast: a daemon that starts on hundreds of thousands has work to do."""

from __future__ import annotations

import contextlib
import gc
import json
import sqlite3
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from arctl.daemon.rows import TABLES, Row
from arctl.daemon.store.rows import columns

_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
Convert = Callable[[Any], Any]


def loaded(connection: sqlite3.Connection) -> list[Row]:
    """Return the rows of all tables."""
    with _no_collection():
        return list(_all_rows(connection))


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: there is none, and looking takes longer the more rows there are."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _all_rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Yield the rows of all tables, each in the order of creation, which the state's indices rely on."""
    cursor = connection.cursor()
    cursor.row_factory = None
    for cls, table in TABLES.items():
        names = ", ".join(f'"{column.name}"' for column in columns(cls))
        known = ((place, _convert(column.kind)) for place, column in enumerate(columns(cls)))
        # What SQLite returns as it was written, text and numbers, is left alone.
        converted = [(place, convert) for place, convert in known if convert is not None]
        for record in cursor.execute(f'SELECT {names} FROM "{table}" ORDER BY rowid'):  # noqa: S608
            values = list(record)
            for place, convert in converted:
                value = values[place]
                if value is not None:
                    values[place] = convert(value)
            yield cls(*values)


def _read(text: str) -> Any:
    """Read JSON that was written without space around it, at twice the speed."""
    try:
        return _scan(text, 0)[0]
    except StopIteration:
        return json.loads(text)


def _convert(kind: Any) -> Convert | None:
    """Return what makes a field of its column; None where they are the same."""
    if kind is dict:
        return lambda text: {} if text == "{}" else _read(text)
    if kind is tuple:
        return lambda text: () if text == "[]" else tuple(_read(text))
    if kind is bool:
        return bool
    if isinstance(kind, type) and issubclass(kind, Enum):
        members: dict[Any, Any] = {member.value: member for member in kind}
        return lambda value: members.get(value) or kind(value)
    return None
