"""Glyphs: the characters that bars, plots and marks are made of, for terminals that know many or few."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters, each one cell wide."""

    name: str
    #: What plots are drawn with: `braille` has 2x4 dots a cell, `block` 2x2, `ascii` one.
    plot: str
    full: str
    #: A cell of a bar, from nothing to nearly full.
    partial: str
    empty: str
    #: Heights of a history, lowest first.
    spark: str
    champion: str
    kept: str
    discarded: str
    here: str
    running: str
    paused: str
    queued: str
    good: str
    bad: str
    #: Neither kept nor discarded: it ended without a verdict on its merits.
    moot: str
    question: str
    up: str
    down: str
    arrow: str
    vertical: str
    horizontal: str
    tick: str
    #: A branch of a tree, and its last one.
    tree: tuple[str, str]


BRAILLE = Glyphs(
    "braille", plot="braille", full="█", partial=" ▏▎▍▌▋▊▉", empty="·", spark="▁▂▃▄▅▆▇█", champion="★",
    kept="●", discarded="·", here="▸", running="▶", paused="‖", queued="◦", good="✓", bad="✗", moot="~",
    question="?", up="↑", down="↓", arrow="→", vertical="│", horizontal="─", tick="┤", tree=("├─", "└─"),
)  # fmt: skip
BLOCK = Glyphs(
    "block", plot="block", full="█", partial=" ▌", empty="·", spark="▁▂▃▄▅▆▇█", champion="*",
    kept="●", discarded="·", here="►", running="►", paused="=", queued="o", good="+", bad="x", moot="~",
    question="?", up="↑", down="↓", arrow="→", vertical="│", horizontal="─", tick="┤", tree=("├─", "└─"),
)  # fmt: skip
ASCII = Glyphs(
    "ascii", plot="ascii", full="#", partial=" ", empty=".", spark=" .:-=+*#", champion="*",
    kept="o", discarded=".", here=">", running=">", paused="=", queued="-", good="+", bad="x", moot="~",
    question="?", up="^", down="v", arrow="->", vertical="|", horizontal="-", tick="+", tree=("|-", "`-"),
)  # fmt: skip

SETS = {each.name: each for each in (BRAILLE, BLOCK, ASCII)}


def glyphs(name: str) -> Glyphs:
    """Return a set by its name; raises `UsageError` that names those there are."""
    if name not in SETS:
        msg = f"there are no glyphs called {name!r}"
        raise UsageError(msg, f"use one of {', '.join(SETS)}")
    return SETS[name]
