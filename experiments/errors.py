"""Typed errors of the science: each says what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


class ScienceError(Exception):
    """What went wrong, with a remedy that a person can carry out."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a spec; ``line`` is 1-based, ``key`` is dotted and may be empty."""

    file: str
    line: int | None
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key}: " if self.key else ""
        return f"{where}: {key}{self.message} {self.remedy}".rstrip()


class SpecError(ScienceError):
    """Everything wrong with one ``arctl.toml``, in the order of its lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = len(problems)
        name = problems[0].file if problems else "arctl.toml"
        head = f"{name} has {count} problem{'s' if count != 1 else ''}:"
        super().__init__(
            "\n".join([head, *(f"  {problem}" for problem in problems)]),
            "Correct the lines named above; `arctl check` reads the file again.",
        )

    def __str__(self) -> str:
        return self.message
