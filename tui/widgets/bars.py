"""Scroll bars in the characters that are wanted."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender


class PlainBar(ScrollBarRender):
    """A bar of blanks alone: its ends fall on whole cells instead of parts of a block."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.VERTICAL_BARS)
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.HORIZONTAL_BARS)


def use_bars(*, plain: bool) -> None:
    """Draw all scroll bars from now on with blanks, or as finely as blocks allow."""
    ScrollBar.renderer = PlainBar if plain else ScrollBarRender
