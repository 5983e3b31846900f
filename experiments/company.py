"""The tables of ``arctl.toml`` that say who thinks, in what company, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from arctl.experiments.durations import Seconds
from arctl.experiments.rules import Rule
from arctl.experiments.tables import Flag, Integer, Number, Path, Table, Text

RoleName = Literal["analyst", "experimenter", "critic"]
Profile = Literal["plain", "claude", "codex"]
Mechanism = Literal["critique", "dead_ends", "near", "directions", "regroup", "effects"]

#: Brains that follow rules: they write whole changes, repair nothing and have nothing to reflect on.
RULED = frozenset({"search", "deck"})


#: What a kind of brain cannot be without, and what to do about it.
NEEDS = {
    "deck": ("deck", "has no folder.", 'Set deck = "deck", the folder of its cards.'),
    "anthropic": ("model", "has no model.", 'Set model = "…", a name its server knows.'),
    "command": (
        "command",
        "has no command.",
        'Set command = ["claude"] and profile = "claude", or your own.',
    ),
}


def lacking(brain: Mapping[str, Any]) -> Rule | None:
    """Say what the settings of a brain lack, by the key that is missing; None where nothing is."""
    kind = brain.get("kind", "search")
    found = NEEDS.get(kind) if isinstance(kind, str) else None
    if found is None or brain.get(found[0]) is not None:
        return None
    key, message, remedy = found
    return Rule(key, f"the {kind} brain {message}", remedy)


class Brain(Table):
    """Who proposes the changes."""

    kind: Text = Field(
        "search",
        description="search (numbers), deck (a folder of patches), anthropic (a language model), "
        "command (a coding agent's command line) or another brain's name.",
    )
    deck: Path | None = Field(None, description="Folder of the deck's cards.")
    seed: Integer = Field(0, ge=0, description="Seed of the brain's own choices.")
    in_flight: Integer | None = Field(
        None, ge=1, description="Most experiments open at a time; by the slots otherwise."
    )
    model: Text | None = Field(None, description="Language model, by the name that its server knows.")
    base_url: Text | None = Field(
        None, description="Address of another server that speaks the Messages API, such as a local one."
    )
    key_env: Text = Field("ANTHROPIC_API_KEY", description="Environment variable that holds the API key.")
    max_tokens: Integer = Field(8192, ge=256, description="Most tokens that one call may answer with.")
    steps: Integer = Field(24, ge=1, description="Most calls of the model in one turn.")
    timeout: Seconds = Field(900.0, description="Time that one turn may take, in seconds or as 15m.")
    command: tuple[Text, ...] | None = Field(
        None, min_length=1, description="Command line of the coding agent, for command."
    )
    profile: Profile = Field(
        "plain", description="How the command is spoken to: plain (task file), claude or codex."
    )
    env_pass: tuple[Text, ...] = Field(
        (), description="Environment variables passed on to the command, such as its API key."
    )
    read_only: tuple[Text, ...] = Field(
        (), description="Further paths that the command may read in its sandbox, such as ~/.claude."
    )
    network: Flag = Field(True, description="Whether the command may use the network.")
    allow_unsandboxed: Flag = Field(
        False, description="Run the command even where no sandbox can be made around it."
    )
    repairs: Integer | None = Field(
        None, ge=0, le=2, description="Tries to repair a crash: 2 for brains that write code, otherwise 0."
    )
    reflect: Flag | None = Field(
        None, description="Whether it says after a verdict why: by default where it writes code."
    )

    def rules(self) -> list[Rule]:
        """A deck needs its folder, a model its name, a command its words."""
        wrong = lacking({"kind": self.kind, "deck": self.deck, "model": self.model, "command": self.command})
        return [wrong] if wrong is not None else []

    @property
    def ruled(self) -> bool:
        """Whether it follows rules rather than a model's words."""
        return self.kind in RULED

    @property
    def tries(self) -> int:
        """How often it may repair a crash."""
        return self.repairs if self.repairs is not None else (0 if self.ruled else 2)

    @property
    def reflects(self) -> bool:
        """Whether it is asked why an experiment ended as it did."""
        return self.reflect if self.reflect is not None else not self.ruled


class Override(Brain):
    """What differs from ``[brain]`` for one role or one team; what is not set stays as it is there."""

    def rules(self) -> list[Rule]:
        """Nothing by itself: what is missing stands in ``[brain]``."""
        return []

    @model_serializer(mode="wrap")
    def _what_is_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}

    def over(self, brain: Brain) -> Brain:
        """Return ``brain`` with what is set here; raises ``ValidationError`` where both do not fit."""
        ours = {name: getattr(self, name) for name in self.model_fields_set}
        return Brain.model_validate({**brain.model_dump(), **ours})


class Teams(Table):
    """The company: how many work together, and when they talk, stall and regroup."""

    analysts: Integer | None = Field(
        None,
        ge=0,
        le=32,
        description="Agents that propose: 3 by default, fewer on fewer slots; 0 for a solo agent.",
    )
    experimenters: Integer | None = Field(
        None,
        ge=0,
        le=64,
        description="Agents that write code: two for each analyst by default, none where no brain does.",
    )
    rounds: Integer = Field(2, ge=1, le=3, description="Rounds of a discussion.")
    discussion: Seconds = Field(900.0, description="Time that a discussion may take.")
    stall_after: Integer = Field(
        10, ge=1, description="Experiments without an acceptance after which a team regroups."
    )
    falsify_after: Integer = Field(
        3, ge=1, description="Rejections without an acceptance that falsify a tried direction."
    )
    critique_wait: Seconds = Field(
        120.0, description="Time after which an idle slot takes the best proposal without a critique."
    )
    ahead: Integer = Field(2, ge=1, description="Proposals that each team keeps ready.")
    mix: tuple[Override, ...] = Field(
        (), description="What differs from [brain] for the first team, the second team and so on, in turn."
    )
    off: tuple[Mechanism, ...] = Field(
        (), description="Mechanisms switched off, to measure what each of them is worth."
    )


class Budget(Table):
    """What language models may cost; a call that could exceed it is not made."""

    usd: Number | None = Field(None, ge=0, description="Most US dollars for the campaign.")
    usd_per_day: Number | None = Field(None, ge=0, description="Most US dollars in 24 hours.")
    usd_per_agent: Number | None = Field(None, ge=0, description="Most US dollars for one agent.")
    usd_per_call: Number | None = Field(None, ge=0, description="Most US dollars for one call.")
    tokens: Integer | None = Field(None, ge=0, description="Most tokens for the campaign, read and written.")
    tokens_per_day: Integer | None = Field(None, ge=0, description="Most tokens in 24 hours.")
    tokens_per_agent: Integer | None = Field(None, ge=0, description="Most tokens for one agent.")
    tokens_per_call: Integer | None = Field(None, ge=0, description="Most tokens for one call.")

    @property
    def caps_usd(self) -> bool:
        """Whether any limit is in US dollars, so that an unknown price refuses a call."""
        return any(
            cap is not None for cap in (self.usd, self.usd_per_day, self.usd_per_agent, self.usd_per_call)
        )
