"""How states, verdicts and kinds of events look: their word, their tone, their glyph."""

from __future__ import annotations

from arctl.format import NA, signed
from arctl.format import word as written
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Tone

#: What panes say while there is nothing to show of any campaign.
NO_CAMPAIGN = "no campaign yet: `arctl start PATH` or `arctl demo`"
VERDICTS: dict[str, Tone] = {
    "accepted": "good",
    "by_hand": "good",
    "baseline": "good",
    "rejected": "",
    "inconclusive": "warn",
    "crashed": "bad",
    "timed_out": "bad",
    "no_metric": "bad",
    "not_finite": "bad",
    "invalid": "bad",
    "out_of_scope": "bad",
    "conflict": "bad",
    "lost": "bad",
}
#: Verdicts that say nothing of the idea: it is tried again elsewhere, was measured before, or was called off.
MOOT = ("rebased", "duplicate", "cancelled")
STATES: dict[str, Tone] = {
    "running": "good",
    "active": "good",
    "paused": "warn",
    "held": "warn",
    "blocked": "bad",
    "finished": "dim",
    "retired": "dim",
    "standing": "accent",
    "open": "accent",
    "ready": "accent",
    "pending": "",
    "claimed": "accent",
    "backlog": "dim",
    "parked": "warn",
    "stashed": "warn",
}
DIRECTIVES: dict[str, Tone] = {
    "issued": "warn",
    "acknowledged": "accent",
    "done": "good",
    "withdrawn": "dim",
}
EVENTS: dict[str, Tone] = {
    "champion.new": "good",
    "baseline.ready": "good",
    "dead_end.closed": "warn",
    "dead_end.reopened": "accent",
    "team.formed": "accent",
    "directive.issued": "accent",
    "directive.acknowledged": "accent",
    "campaign.held": "bad",
    "campaign.undecided": "warn",
    "experiment.quarantined": "bad",
    "experiment.released": "accent",
    "run.contended": "warn",
    "action.failed": "bad",
    "turn.failed": "bad",
    "campaign.paused": "warn",
    "campaign.killed": "warn",
    "daemon.stopping": "warn",
}


def verdict(name: str) -> tuple[str, Tone]:
    """Return a verdict as people write it, and its tone."""
    return written(name), VERDICTS.get(name, "dim")


def sign(verdict_name: str, state: str, glyphs: Glyphs, *, running: bool, held: bool) -> tuple[str, Tone]:
    """Return the glyph of how an experiment stands: every state can be told without colours."""
    if verdict_name in ("accepted", "baseline", "by_hand"):
        return glyphs.kept, "good"
    if verdict_name in ("rejected", "inconclusive"):
        return glyphs.discarded, VERDICTS[verdict_name]
    if verdict_name in MOOT:
        return glyphs.moot, "dim"
    if verdict_name:
        return glyphs.bad, VERDICTS.get(verdict_name, "dim")
    if held:
        return glyphs.paused, "warn"
    if running:
        return glyphs.running, "accent"
    return (glyphs.queued, "dim") if state == "open" else (glyphs.queued, "accent")


def legend(glyphs: Glyphs) -> list[tuple[str, str]]:
    """Return the glyphs that tell how things stand, each with what it says."""
    return [
        (glyphs.champion, "the champion"),
        (glyphs.kept, "kept: accepted, the baseline, or promoted by hand"),
        (glyphs.discarded, "discarded: rejected or inconclusive"),
        (glyphs.moot, "neither: a duplicate, cancelled, or tried again on a newer champion (rebased)"),
        (glyphs.bad, "failed: crashed, timed out, no metric, invalid, in conflict, lost"),
        (glyphs.running, "has a run on a device"),
        (glyphs.queued, "waits"),
        (glyphs.paused, "paused"),
        (
            f"{glyphs.good} {glyphs.bad} {glyphs.question}",
            "a critique: endorses, objects, asks for a revision",
        ),
        (glyphs.here, "open, or what the other panes are about"),
    ]


def standing(verdict_name: str, state: str, *, running: bool, held: bool) -> tuple[str, Tone]:
    """Say where an experiment stands, in a word: its verdict, or how far it is."""
    if verdict_name:
        return verdict(verdict_name)
    if held:
        return "paused", "warn"
    if running:
        return "running", "accent"
    return ("queued" if state == "open" else state), "accent"


def stance(name: str, glyphs: Glyphs) -> tuple[str, Tone]:
    """Return the glyph and the tone of a critique's stance; it can be told without colours."""
    told: dict[str, tuple[str, Tone]] = {
        "endorse": (glyphs.good, "good"),
        "object": (glyphs.bad, "bad"),
        "revise": (glyphs.question, "warn"),
    }
    return told.get(name, (glyphs.queued, ""))


def mean(value: float | None) -> str:
    """Write a mean with its closing zeros: below each other, numbers are compared by their ends."""
    return NA if value is None else f"{value:#.5g}".rstrip(".")


def effect(value: float | None) -> str:
    """Write an effect in seven characters; a tiny one as a power of ten."""
    text = signed(value, 2)
    return text if value is None or len(text) <= 7 else f"{value:+.0e}"


def better(value: float | None) -> Tone:
    """Return the tone of an oriented effect: positive is better."""
    return "" if value is None else "good" if value > 0 else "dim"
