"""What every table of ``arctl.toml`` is made of: types that check themselves, and the strict base."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator

from arctl.experiments.rules import Rule, allowance, complain, glob_pattern, relative_path

Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Text = Annotated[str, Strict(), Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Path = Annotated[Text, BeforeValidator(relative_path)]
Glob = Annotated[Text, BeforeValidator(glob_pattern)]
Allowance = Annotated[float | str, BeforeValidator(allowance)]
Value = bool | int | float | str
"""A value of a parameter, as TOML types it."""


class Table(BaseModel):
    """A table of the file: immutable, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def rules(self) -> list[Rule]:
        """Rules between several keys of this table that it breaks."""
        return []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        complain(self.rules())
        return self
