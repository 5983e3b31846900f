"""A line in which a person types: what is pasted into it is foreign text, too."""

from __future__ import annotations

from textual.widgets import Input

from arctl.text import clean_block


class Entry(Input):
    """Textual's line, harmless and on one line whatever comes in."""

    def validate_value(self, value: str) -> str:
        """Take out what a terminal would obey; blanks at the ends stay while one types."""
        return clean_block(value).replace("\n", " ")
