"""From a question to what a model is sent: system, tools and the first message. Pure.

The order serves the cache: tools, prompts, the campaign's documents and the base's files stay the same from
turn to turn and agent to agent; what changes stands behind the last mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.brains.anthropic import ledger, tools
from arctl.daemon.brains.anthropic.papers import Papers
from arctl.daemon.brains.anthropic.tasks import task
from arctl.daemon.brains.anthropic.words import block, cut, fence, line, number
from arctl.daemon.brains.prompts import Prompt, version
from arctl.daemon.rows import Campaign, Json
from arctl.daemon.specs import spec_of
from arctl.daemon.turns import Question
from arctl.experiments.models import Param, Spec

#: Runs longer than this outlast the short cache.
SHORT_CACHE = 300.0
MAX_OBJECTIVE, MAX_PARAMS = 20_000, 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a model is sent at the start of a turn; `version` names the prompts that were used."""

    system: tuple[Json, ...]
    tools: tuple[Json, ...]
    messages: tuple[Json, ...]
    version: str


def render(question: Question, papers: Papers, prompts: tuple[Prompt, ...]) -> Rendered:
    """Return the beginning of a turn; the same question and papers give the same text."""
    mark = marked(question.campaign)
    documents = [text_block(part) for part in (documents_of(question.campaign), files(papers)) if part]
    stable = [{**part, "cache_control": mark} for part in documents]
    content = [*stable, text_block(state(question)), text_block(task(question, papers))]
    return Rendered(
        system=system(prompts),
        tools=tools.offered(question.move, strict=tools.strict(question.settings)),
        messages=({"role": "user", "content": content},),
        version=version(*(prompt.text for prompt in prompts)),
    )


def system(prompts: tuple[Prompt, ...]) -> tuple[Json, ...]:
    """Return the system part: what everybody is told, then what the move asks."""
    return (text_block("\n\n".join(prompt.text for prompt in prompts)),)


def text_block(text: str) -> Json:
    """Return a block of text."""
    return {"type": "text", "text": text}


def marked(campaign: Campaign) -> Json:
    """Return the mark behind what stays the same: for an hour where experiments outlast five minutes."""
    hour = spec_of(campaign).run.timeout > SHORT_CACHE
    return {"type": "ephemeral", "ttl": "1h"} if hour else {"type": "ephemeral"}


def moving(messages: list[Json]) -> tuple[Json, ...]:
    """Return the messages with a mark behind the last one, where the next call of the turn goes on.

    The one before keeps its mark, for a server looks only a few blocks back: with the two behind what stays
    the same that makes four, the most there may be.
    """
    marked = [number for number, message in enumerate(messages) if message["role"] == "user"][-2:]
    return tuple(
        _marked_last(message) if number in marked else message for number, message in enumerate(messages)
    )


def _marked_last(message: Json) -> Json:
    *before, last = message["content"]
    return {**message, "content": [*before, {**last, "cache_control": {"type": "ephemeral"}}]}


# -- what stays the same -------------------------------------------------------------------------------------


def documents_of(campaign: Campaign) -> str:
    """Return the objective and what of arctl.toml binds an agent."""
    spec = spec_of(campaign)
    objective = cut(campaign.objective.strip(), MAX_OBJECTIVE) or "Improve the metric."
    return f"# Objective\n{objective}\n\n# Campaign\n{campaign_of(spec)}"


def campaign_of(spec: Spec) -> str:
    """Return the campaign's rules in a few lines."""
    better = "lower" if spec.metric.goal == "minimize" else "higher"
    lines = [
        f"name: {spec.name}",
        f"metric: {spec.metric.name}, {better} is better",
        f"a gain must exceed: {number(spec.metric.min_improvement)} and the noise",
        f"run: {spec.run.command}, ended after {spec.run.timeout:g} s",
        f"judged: {spec.policy.mode}, alpha {spec.policy.alpha:g}, after {_list(spec.policy.looks)} runs",
        f"editable: {_list(spec.files.editable)}",
        f"protected: {_list(spec.files.protected) or 'nothing further'}",
    ]
    for rail in spec.guardrails:
        limits = {"rise": rail.max_increase, "fall": rail.max_decrease}
        said = " nor ".join(
            f"{way} by more than {limit}" for way, limit in limits.items() if limit is not None
        )
        lines.append(f"guardrail: {rail.metric} must not {said}")
    if spec.params:
        lines.append("tunable parameters:")
        lines += [_param(name, param) for name, param in list(spec.params.items())[:MAX_PARAMS]]
    return "\n".join(lines)


def _list(items: tuple[object, ...]) -> str:
    return ", ".join(map(str, items))


def _param(name: str, param: Param) -> str:
    if param.type == "choice":
        span = f"one of {_list(param.choices)}"
    elif param.type == "bool":
        span = "true or false"
    else:
        scale = ", log scale" if param.log else ""
        span = f"{param.type} from {param.low} to {param.high}{scale}"
    when = f", only when {param.when}" if param.when else ""
    return f"  {name}: {span}, in {param.file}{when}"


def files(papers: Papers) -> str:
    """Return the editable files of the base, each fenced off."""
    parts = ["# Editable files of the base", *(fence("file", text, path) for path, text in papers.files)]
    if papers.left:
        more = f" and {len(papers.left) - 40} more" if len(papers.left) > 40 else ""
        names = ", ".join(line(path, 120) for path in papers.left[:40])
        parts.append(f"Not shown, read them with read_file: {names}{more}")
    return "\n\n".join(parts) if len(parts) > 1 else ""


# -- what changes --------------------------------------------------------------------------------------------


def state(question: Question) -> str:
    """Return the campaign as it stands, seen from the agent's seat."""
    agent, team = question.agent, question.team
    who = f"You are {line(agent.name, 40)}, {agent.role.value}"
    who += f" of team {line(team.name, 40)} ({team.id})." if team else "; you work alone or wait for a team."
    parts = ["# You", who, "# The base", _base(question)]
    if question.direction is not None:
        said = fence("direction", ledger.direction(question.direction))
        parts += ["# Your team's direction: your proposals stay within its axes", said]
    if question.taken:
        taken = sorted(line(axis, 120) for axis in question.taken)
        parts += ["# Axes that other teams hold, so leave them alone", ", ".join(taken[:100])]
    parts += [
        "# Experiments", fence("experiments", ledger.history(question)),
        "# Effects of the axes tried", fence("effects", ledger.effects(question)),
        *_cold(question),
        "# Dead ends", fence("dead-ends", ledger.dead_ends(question)),
        "# Directions alive", fence("directions", ledger.directions(question)),
        "# Proposals that wait", fence("proposals", ledger.open_proposals(question)),
        "# The forum's newest posts", fence("posts", ledger.posts(question)),
    ]  # fmt: skip
    if agent.notes:
        parts += ["# Your notes from earlier turns", fence("notes", block(agent.notes, 4000))]
    if question.directives:
        asked = ledger.directives(question)
        parts += [
            "# Directives: acknowledge the issued ones, obey all, report on those you worked under",
            asked,
        ]
    return "\n\n".join(parts)


def _base(question: Question) -> str:
    known = {row.experiment: row for row in question.history}
    champion = question.campaign.champion
    lines = []
    if row := known.get(question.base):
        lines.append(fence("base", ledger.past(row)))
    if question.base == champion:
        lines.append("It is the champion.")
    else:
        lines.append(f"It is a fork; the champion is {champion}, and verdicts are against that.")
        if (row := known.get(champion)) is not None:
            lines.append(fence("champion", ledger.past(row)))
    if question.params:
        listed = [
            f"{line(name, 80)} = {line(str(value))}"
            for name, value in list(question.params.items())[:MAX_PARAMS]
        ]
        lines.append("Its parameters: " + ", ".join(listed))
    return "\n".join(lines)


def _cold(question: Question) -> list[str]:
    tried = {part for effect in question.effects for part in effect.axis.split("+")}
    cold = [name for name in spec_of(question.campaign).params if name not in tried]
    return ["# Parameters that nobody has moved", ", ".join(cold[:MAX_PARAMS])] if cold else []
