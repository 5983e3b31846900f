"""Colours: one dark theme of our own, and the terminal's own colours where NO_COLOR is set."""

from __future__ import annotations

from textual.theme import Theme

#: Solid colours for what Textual would blend: a strip's style has no background to blend with.
EXTRA = {"dim": "#8c8c8c", "cursor": "#1f4a52", "rule": "#3a3a3a"}

#: With NO_COLOR Textual's default theme still emits 24-bit greys; this one leaves colours to the terminal.
PLAIN = "ansi-dark"

NIGHT = Theme(
    name="arctl-night",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#5fd7d7",
    warning="#ffaf00",
    error="#ff5f5f",
    success="#87d787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)
