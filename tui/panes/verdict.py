"""The verdict: what was decided and why, with the evidence drawn, and every run behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import count, duration, number, signed
from arctl.tui.data.reading import inner, listed, real, whole, word, words, yes
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Line, Row, Span, Tone, padded, plain, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import better, sign, standing
from arctl.tui.panes.runs import run_rows
from arctl.tui.panes.shown import PartPane, labelled

#: Width of the labels at the left.
LABEL = 12


def sentence(reply: Any, scene: Scene, width: int) -> list[Line]:
    """Say how an experiment stands and why, in a sentence."""
    row = inner(reply, "experiment")
    runs = listed(reply, "runs")
    running = any(word(run, "state") in ("launching", "running") for run in runs)
    verdict, state = word(row, "verdict"), word(row, "state")
    state = "quarantine" if yes(reply, "quarantined") else state
    glyph, tone = sign(verdict, state, scene.glyphs, running=running, held=yes(row, "held"))
    said, how = standing(verdict, state, running=running, held=yes(row, "held"))
    if yes(reply, "champion"):
        glyph, said = scene.glyphs.champion, f"{said}, champion"
    reason = word(row, "reason")
    text = f"{said}: {reason}" if reason else said
    found: list[Line] = []
    for at, piece in enumerate(wrap(text, max(12, width - 4), most=6)):
        words_ = plain(piece)
        if not at:
            head, rest = words_[: len(said)], words_[len(said) :]
            found.append(((f" {glyph} ", tone), (head, how or "strong"), (rest, "")))
        else:
            found.append((("   ", ""), (words_, "")))
    return found


def summary(reply: Any, scene: Scene, width: int) -> list[Line]:
    """Return the evidence in three lines: the effect with its interval, Z against its threshold."""
    evidence = inner(inner(reply, "experiment"), "evidence")
    found: list[Line] = []
    gain = real(evidence, "effect")
    if gain is not None:
        found.append(_gain(evidence, width, scene.glyphs))
    if real(evidence, "z") is not None:
        found.append(_z(evidence, width, scene.glyphs))
    return found


def evidence_lines(reply: Any, scene: Scene, width: int) -> list[Line]:
    """Return all that a judgement rests on; gains are positive when better, in the metric's unit."""
    evidence = inner(inner(reply, "experiment"), "evidence")
    if not whole(evidence, "n") and real(evidence, "effect") is None:
        return []
    ours = f"{number(real(evidence, 'mean_candidate'))} over {count(whole(evidence, 'n'), 'run')}"
    theirs = f"{number(real(evidence, 'mean_champion'))} over {count(whole(evidence, 'm'), 'run')}"
    against = word(evidence, "against")
    found = [*labelled("this", ours, width), *labelled(against or "champion", theirs, width)]
    found += summary(reply, scene, width)
    sigma, nu = real(evidence, "sigma"), real(evidence, "nu")
    if sigma is not None:
        method = word(evidence, "method")
        found += labelled(
            "noise", f"sigma {number(sigma, 3)} ({number(nu, 4)} degrees of freedom, {method})", width
        )
    reach = real(evidence, "minimum_detectable_effect")
    if reach is not None:
        found += labelled("would find", f"a true gain of {number(reach, 3)} in four cases of five", width)
    policy = word(evidence, "policy")
    if policy:
        looks = real(evidence, "alpha")
        found += labelled("policy", policy + (f", alpha {looks:g}" if looks is not None else ""), width)
    found += labelled("metric", word(reply, "trust"), width)
    for text in words(evidence, "guardrails"):
        found += labelled("guardrail", text, width, "warn")
    if failed := whole(evidence, "failed_bank_runs"):
        found += labelled("failed", f"{count(failed, 'run')} of the bank gave no value", width, "warn")
    return found + labelled("note", word(evidence, "note"), width)


def _gain(evidence: Any, width: int, glyphs: Glyphs) -> Line:
    """Write the effect, and draw its interval against nothing gained."""
    gain, low, high = (real(evidence, name) for name in ("effect", "effect_low", "effect_high"))
    text = f"{signed(gain)}"
    if low is not None and high is not None:
        text += f" [{signed(low)}, {signed(high)}]"
    head: list[Span] = [(" gain       ", "dim"), (text + "  ", better(gain) or "")]
    room = min(40, width - LABEL - len(text) - 3)
    if gain is None or low is None or high is None or room < 12:
        return tuple(head)
    return (*head, *interval_line(low, gain, high, room, glyphs))


def interval_line(low: float, middle: float, high: float, width: int, glyphs: Glyphs) -> Line:
    """Draw an interval and its middle on a line with 0."""
    left, right = min(0.0, low), max(0.0, high)
    room = (right - left) * 0.06 or 1.0
    left, right = left - room, right + room

    def place(value: float) -> int:
        return max(0, min(width - 1, round((value - left) / (right - left) * (width - 1))))

    first, last, zero = place(low), place(high), place(0.0)
    tone: Tone = "good" if low > 0 else "bad" if high < 0 else "warn"
    letters: list[Span] = [(" ", "")] * width
    for at in range(first, last + 1):
        letters[at] = (glyphs.horizontal, tone)
    letters[first] = letters[last] = ("|", tone)
    letters[zero] = ("0", "strong")
    letters[place(middle)] = (glyphs.kept, tone)
    found: list[Span] = []
    for text, each in letters:
        if found and found[-1][1] == each:
            found[-1] = (found[-1][0] + text, each)
        else:
            found.append((text, each))
    return tuple(found)


def _z(evidence: Any, width: int, glyphs: Glyphs) -> Line:
    """Write Z, and draw it as a bar with its threshold."""
    z, threshold = real(evidence, "z") or 0.0, real(evidence, "threshold")
    futile = real(evidence, "futility")
    told = f"{z:.2f}"
    bounds = f"accepted from {threshold:.2f}" if threshold is not None else ""
    if futile is not None and z < (threshold or 0):
        bounds += f", given up below {futile:.2f}"
    reached = threshold is not None and z >= threshold
    mark = glyphs.good if reached else glyphs.bad
    head: list[Span] = [(" Z          ", "dim"), (f"{told} {mark} ", "good" if reached else "warn")]
    room = min(24, width - LABEL - len(told) - len(bounds) - 5)
    if threshold is None or threshold <= 0 or room < 8:
        return (*head, (bounds, "dim"))
    scale = max(z, threshold) * 1.15
    edge = min(room - 1, round(threshold / scale * room))
    filled = max(0, min(room, round(max(0.0, z) / scale * room)))
    spans: list[Span] = []
    for at in range(room):
        if at == edge:
            spans.append((glyphs.vertical, "strong"))
        elif at < filled:
            spans.append((glyphs.full, "good" if reached else "warn"))
        else:
            spans.append((glyphs.empty, "dim"))
    return (*head, *spans, (f" {bounds}", "dim"))


def flags(reply: Any) -> list[str]:
    """Say what is unusual about an experiment."""
    row, proposal = inner(reply, "experiment"), inner(reply, "proposal")
    repairs = whole(row, "repairs")
    return [
        text
        for text in (
            "decided by hand" if yes(row, "by_hand") else "",
            "built on an experiment that was never champion" if yes(row, "forked") else "",
            "ran without a critique: a slot stood idle" if yes(proposal, "uncritiqued") else "",
            f"repaired {count(repairs, 'time')}" if repairs else "",
            f"{word(row, 'rebase_of')} tried again on a newer champion" if word(row, "rebase_of") else "",
            f"the same as {word(row, 'same_as')}" if word(row, "same_as") else "",
        )
        if text
    ]


#: The tone of a finding by how grave it is.
GRAVE: dict[str, Tone] = {"invalid": "bad", "quarantine": "bad", "flag": "warn"}


def finding_lines(reply: Any, width: int) -> list[Line]:
    """Say what the counter-checks found, and what can be done about a result in quarantine."""
    found: list[Line] = []
    for each in listed(reply, "findings"):
        severity, where = word(each, "severity"), word(each, "where")
        text = f"{word(each, 'check')}: {word(each, 'text')}" + (f" ({where})" if where else "")
        found += labelled(severity[:LABEL], text, width, GRAVE.get(severity, "dim"))
    if yes(reply, "quarantined"):
        found += labelled("", ":release has it judged, :invalidate rejects it", width, "accent")
    return found


class VerdictPane(PartPane):
    """What was decided, and why."""

    BEAT = 1.0
    HINTS = "Enter log of the run  R rerun"

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the sentence, the evidence, what is unusual, and the runs."""
        reply = scene.view.answer(self.wants(scene)[0]).reply if scene.route.id else None
        if not inner(reply, "experiment"):
            return []
        lines = [*sentence(reply, scene, width), *evidence_lines(reply, scene, width)]
        for text in flags(reply):
            lines += labelled("flag", text, width, "warn")
        lines += finding_lines(reply, width)
        found = [Row("", padded(each, width)) for each in lines]
        if found:
            found[0] = Row("section:verdict", found[0].line)
        runs = run_rows(reply, scene, width)
        if runs:
            found += [Row("", padded((), width)), *runs]
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title: the mean over how many runs, and what they took."""
        reply = scene.view.answer(self.wants(scene)[0]).reply if scene.route.id else None
        row = inner(reply, "experiment")
        values = [value for value in listed(row, "values") if isinstance(value, int | float)]
        if not values:
            return "Verdict"
        told = f"Verdict  {word(reply, 'metric')} {number(sum(values) / len(values), 6)} n={len(values)}"
        seconds = real(row, "seconds")
        return told + (f"  {duration(seconds)}" if seconds else "")

    def height_wanted(self, scene: Scene) -> int:
        """Take what it needs, in a column of several."""
        del scene
        return max(6, len(self._rows))
