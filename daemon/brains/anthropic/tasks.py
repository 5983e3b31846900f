"""What is asked of an agent in this turn, with the material that it is about. Pure."""

from __future__ import annotations

import json

from arctl.daemon.brains.anthropic import ledger
from arctl.daemon.brains.anthropic.papers import LOG_BYTES, Papers
from arctl.daemon.brains.anthropic.words import block, cut, fence, line, number
from arctl.daemon.rows import Critique, Experiment, Move
from arctl.daemon.turns import Question

MAX_DIFF, MAX_EVIDENCE, MAX_CRITIQUES = 30_000, 4000, 20


def task(question: Question, papers: Papers) -> str:
    """Return the task, last of all that a model is told."""
    said = {
        Move.DISCUSS: _discuss,
        Move.PROPOSE: _propose,
        Move.CRITIQUE: _critique,
        Move.IMPLEMENT: _implement,
        Move.REPAIR: _repair,
        Move.REFLECT: _reflect,
    }[question.move](question, papers)
    return "\n\n".join(["# Your task", *said])


def _discuss(question: Question, papers: Papers) -> list[str]:
    del papers
    want = question.want
    parts = [f"Discussion, round {question.round or 1}."]
    if question.reason:
        parts.append(f"It takes place because: {line(question.reason, 600)}")
    others = [row.id for row in question.directions if not row.made_by(question.agent.name)]
    if want:
        parts.append(f"Propose at most {want} direction{'s' if want != 1 else ''} of your own.")
    if question.round > 1 and len(others) < len(question.directions):
        parts.append("Where one of yours was objected to, propose_direction puts it in better words.")
    if others:
        parts.append(f"Judge those of the others that are on the table: {', '.join(others[:30])}.")
    return parts


def _propose(question: Question, papers: Papers) -> list[str]:
    del papers
    if question.proposal is not None:
        return [
            "A proposal of yours was objected to. Propose one that meets the objection, or withdraw it:",
            "say so in a post and finish.",
            fence("proposal", ledger.proposal(question.proposal)),
            *_said(question),
        ]
    want = question.want
    if not want:
        return ["Nothing more is to be proposed now. Take up the directives with acknowledge, then finish."]
    much = "one experiment" if want == 1 else f"up to {want} experiments"
    parts = [f"Propose {much} on the base {question.base}."]
    if want > 1:
        parts.append("They stand on different axes; at least one is bold.")
    if question.reason:
        parts.append(f"Note: {line(question.reason, 600)}")
    return parts


def _critique(question: Question, papers: Papers) -> list[str]:
    del papers
    if question.proposal is None:
        return ["There is nothing to judge; finish."]
    parts = [
        f"Judge the proposal {question.proposal.id}.",
        fence("proposal", ledger.proposal(question.proposal)),
    ]
    known = {row.experiment: row for row in question.history}
    close = [ledger.past(known[ident]) for ident in question.proposal.near if ident in known]
    if close:
        parts += ["Experiments near it:", fence("experiments", "\n".join(close[:20]))]
    return [*parts, *_said(question)]


def _implement(question: Question, papers: Papers) -> list[str]:
    del papers
    if question.proposal is None:
        return ["There is nothing to write; finish."]
    parts = [
        f"Write the change of the proposal {question.proposal.id}.",
        fence("proposal", ledger.proposal(question.proposal)),
    ]
    if question.reason:
        parts.append(f"It is to be written anew because: {line(question.reason, 600)}")
    return [*parts, *_said(question)]


def _repair(question: Question, papers: Papers) -> list[str]:
    name = question.experiment.id if question.experiment else "the experiment"
    times = question.experiment.repairs if question.experiment else 0
    tries = f" It was repaired before, {times} times." if times else ""
    parts = [f"Repair {name}, whose run {question.run} crashed.{tries}"]
    if question.proposal is not None:
        parts.append(fence("proposal", ledger.proposal(question.proposal)))
    parts += ["What it changed:", fence("diff", cut(papers.diff, MAX_DIFF))]
    log = block(papers.log, LOG_BYTES, end=True) or "nothing was printed"
    return [*parts, "The end of its log:", fence("log", log, question.run)]


def _reflect(question: Question, papers: Papers) -> list[str]:
    row = question.experiment
    if row is None:
        return ["There is nothing to look back on; finish."]
    parts = [f"Look back on {row.id}.", fence("experiment", _figures(row))]
    if question.proposal is not None:
        parts += ["What was proposed:", fence("proposal", ledger.proposal(question.proposal))]
    if papers.diff:
        parts += ["What it changed:", fence("diff", cut(papers.diff, MAX_DIFF))]
    return [*parts, *_said(question)]


def _figures(row: Experiment) -> str:
    lines = [
        f"{row.id} {row.verdict or row.state.value}: {line(row.title)}",
        f"reason: {line(row.reason, 600)}",
        f"mean {number(row.mean)} of {', '.join(number(value) for value in row.record[:20]) or 'no run'}",
    ]
    if row.metrics:
        shown = list(row.metrics.items())[:40]
        lines.append("metrics: " + ", ".join(f"{line(name, 60)} {number(value)}" for name, value in shown))
    if row.evidence:
        lines.append("evidence: " + block(json.dumps(row.evidence, default=str), MAX_EVIDENCE))
    return "\n".join(lines)


def _said(question: Question) -> list[str]:
    if not question.critiques:
        return []

    def show(row: Critique) -> str:
        lifted = f" (lifted: {line(row.lifted, 120)})" if row.lifted else ""
        return f"{row.id} {row.stance.value} by {line(row.author, 40)}: {block(row.reason, 1500)}{lifted}"

    return ["What was said of it:", fence("critiques", ledger.some(question.critiques, MAX_CRITIQUES, show))]
