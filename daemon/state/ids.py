"""Fresh ids: a letter for the kind, and a number that only ever grows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ids:
    """Gives the next ids of each kind: `e12` for an experiment, `r40` for a run."""

    counters: dict[str, int]

    def new(self, letter: str) -> tuple[str, int]:
        """Return a fresh id and its number."""
        number = self.counters.get(letter, 0) + 1
        self.counters[letter] = number
        return f"{letter}{number}", number
