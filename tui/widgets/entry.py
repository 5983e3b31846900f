"""A line in which a person types: what is pasted into it is foreign text, too."""

from __future__ import annotations

from textual.widgets import Input

from arctl.text import clean_block


class Entry(Input):
    """Textual's line, harmless and on one line whatever comes in."""

    def validate_value(self, value: str) -> str:
        """Take out what a terminal would obey; blanks at the ends stay while one types."""
        return clean_block(value).replace("\n", " ")

    def typed(self, text: str) -> None:
        """Put a text in at the cursor, in place of what is selected."""
        self._restart_blink()
        text = self.validate_value(text)
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)
