"""A campaign's specification, parsed once for each text that it ever had."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

from arctl.daemon.rows import Campaign
from arctl.experiments.errors import SpecError
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec, parse

#: Faults that are taken out of a text one after the other before all but what is needed is left out.
MAX_FAULTS = 20
#: What a specification cannot be without; stands in for what cannot be read, and is never run.
_NEEDED: dict[str, dict[str, Any]] = {
    "run": {"command": "false"},
    "metric": {"name": "unknown"},
    "files": {"editable": ["*"]},
}


def spec_of(campaign: Campaign) -> Spec:
    """Return the specification that a campaign runs under.

    Of one that this version of arctl no longer takes, what can be read: such a campaign is held.
    """
    return _stored(campaign.spec, campaign.id)[0]


def problem_of(campaign: Campaign) -> str:
    """Say why this version of arctl does not take a campaign's text, with its line; empty where it does."""
    return _stored(campaign.spec, campaign.id)[1]


def hides(campaign: Campaign, path: str) -> bool:
    """Tell whether a campaign hides a path of its repository from runs, and so from whoever writes them."""
    score = spec_of(campaign).score
    inside = path.startswith(campaign.prefix)
    return score is not None and inside and matches(score.hidden, path.removeprefix(campaign.prefix))


@lru_cache(maxsize=256)
def read(text: str, name: str) -> Spec:
    """Parse a text that was checked when the campaign was admitted; raises `SpecError`."""
    return parse(text, "arctl.toml", name)


@lru_cache(maxsize=256)
def _stored(text: str, name: str) -> tuple[Spec, str]:
    try:
        return read(text, name), ""
    except SpecError as error:
        said = "; ".join(str(problem).rstrip(".") for problem in error.problems[:3])
        return _readable(text, name), said


def _readable(text: str, name: str) -> Spec:
    """Return what is left of a text when all that is not understood is taken out."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        data = {}
    for _ in range(MAX_FAULTS):
        for table, needed in _NEEDED.items():
            found = data.get(table)
            data[table] = {**needed, **found} if isinstance(found, dict) else dict(needed)
        try:
            return parse(_toml(data), "arctl.toml", name)
        except SpecError as error:
            for problem in error.problems:
                _remove(data, problem.key)
    return parse(_toml({"name": name, **_NEEDED}), "arctl.toml", name)


def _toml(data: dict[str, Any]) -> str:
    import tomlkit

    return tomlkit.dumps(data)


def _remove(data: Any, key: str) -> None:
    """Take a key out; a table that lacks one goes as a whole."""
    parts = re.findall(r"[^.\[\]]+", key)
    for place, part in enumerate(parts):
        if isinstance(data, list):
            if part.isdigit() and int(part) < len(data):
                del data[int(part)]
            return
        if not isinstance(data, dict):
            return
        inner = data.get(part)
        missing = place + 2 == len(parts) and isinstance(inner, dict) and parts[-1] not in inner
        if part not in data or missing or place + 1 == len(parts):
            data.pop(part, None)
            return
        data = inner
