"""Between dataclasses and table rows: structured fields travel as JSON text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from arctl.daemon.rows import TABLES, Row


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One field of a row, and the type that its value is read back as."""

    name: str
    kind: Any


_COLUMNS: dict[type[Any], tuple[Column, ...]] = {}


def columns(cls: type[Any]) -> tuple[Column, ...]:
    """Return the columns of a row class, in the order of its fields."""
    if cls in _COLUMNS:
        return _COLUMNS[cls]
    hints = get_type_hints(cls)
    found = []
    for item in dataclasses.fields(cls):
        kind = hints[item.name]
        if get_origin(kind) in (Union, UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        origin = get_origin(kind) or kind
        found.append(Column(item.name, origin))
    _COLUMNS[cls] = tuple(found)
    return _COLUMNS[cls]


def encode(row: Row) -> tuple[Any, ...]:
    """Return a row's values, ready for SQLite."""
    return tuple(_out(getattr(row, column.name)) for column in columns(type(row)))


def _out(value: Any) -> Any:
    if isinstance(value, dict | tuple | list):
        return json.dumps(value, separators=(",", ":"))
    return value


def decode(cls: type[Any], record: Mapping[str, Any]) -> Any:
    """Return the row that a record of its table stands for; columns of a newer version are ignored."""
    values = {column.name: _in(column, record[column.name]) for column in columns(cls)}
    return cls(**values)


def _in(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind is dict:
        return json.loads(value)
    if column.kind is tuple:
        return tuple(json.loads(value))
    return column.kind(value)


def upsert_sql(cls: type[Any]) -> str:
    """Return the statement that writes a row of this class whole."""
    names = [column.name for column in columns(cls)]
    marks = ", ".join("?" * len(names))
    sets = ", ".join(f'"{name}"=excluded."{name}"' for name in names if name != "id")
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{TABLES[cls]}" ({listed}) VALUES ({marks}) ON CONFLICT(id) DO UPDATE SET {sets}'  # noqa: S608


def last_of_each(rows: Iterable[Row]) -> dict[tuple[type[Any], str], Row]:
    """Keep the last version of each row; one written five times in a batch is written once."""
    kept: dict[tuple[type[Any], str], Row] = {}
    for row in rows:
        kept[type(row), row.id] = row
    return kept
