"""Colours: a dark and a light theme of our own, and the terminal's own sixteen colours."""

from __future__ import annotations

from textual.theme import Theme

#: With NO_COLOR Textual's default theme still emits 24-bit greys; this one leaves colours to the terminal.
PLAIN = "ansi-dark"

DARK = Theme(
    name="arctl-dark",
    primary="#5fafd7",
    secondary="#af87d7",
    accent="#5fd7d7",
    warning="#ffaf00",
    error="#ff5f5f",
    success="#87d787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    # Solid colours for what Textual would blend: a strip's style has no background to blend with.
    variables={"dim": "#8c8c8c", "cursor": "#1f4a52", "rule": "#444444", "match": "#5f5f00"},
)
LIGHT = Theme(
    name="arctl-light",
    primary="#005f87",
    secondary="#5f3dc4",
    accent="#00707f",
    warning="#8a5a00",
    error="#b00020",
    success="#1a7a2e",
    foreground="#1c1c1c",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#e4e4e4",
    dark=False,
    variables={"dim": "#6a6a6a", "cursor": "#bfe3ea", "rule": "#b8b8b8", "match": "#ffe58a"},
)

#: The themes by the names that people type.
THEMES = {"dark": DARK.name, "light": LIGHT.name, "ansi": PLAIN}

#: What every theme needs besides Textual's own variables.
DEFAULTS = {"dim": "#8c8c8c", "cursor": "#1f4a52", "rule": "#444444", "match": "#5f5f00"}
