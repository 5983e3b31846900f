"""Who thinks, in what company and at what cost: settings read, overridden, refused with their line."""

from __future__ import annotations

import pytest

from arctl.daemon.decide.teams.company import company
from arctl.daemon.rows import Role
from arctl.experiments.errors import SpecError
from arctl.experiments.spec import parse

BASE = """\
[run]
command = "true"
[metric]
name = "loss"
[files]
editable = ["t.py"]
"""


def read(text: str):  # type: ignore[no-untyped-def]
    return parse(BASE + text, "arctl.toml", "toy")


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as told:
        read(text)
    assert told.value.remedy or all(str(problem) for problem in told.value.problems)
    return [str(problem) for problem in told.value.problems]


def test_a_campaign_that_says_nothing_has_the_usual_company() -> None:
    teams = read("").teams
    assert (teams.analysts, teams.experimenters, teams.rounds, teams.discussion) == (None, None, 2, 900)
    assert (teams.stall_after, teams.falsify_after, teams.critique_wait, teams.ahead) == (10, 3, 120, 2)
    assert (teams.off, teams.mix) == ((), ())
    assert not read("").budget.caps_usd


LLM = '[brain]\nkind = "anthropic"\nmodel = "m"\n'


@pytest.mark.parametrize(
    ("text", "slots", "wanted"),
    [
        (LLM, 8, {Role.ANALYST: 3, Role.EXPERIMENTER: 6}),
        (LLM, 2, {Role.ANALYST: 2, Role.EXPERIMENTER: 4}),
        (LLM, 1, {Role.SOLO: 1, Role.EXPERIMENTER: 0}),
        ("", 8, {Role.ANALYST: 3, Role.EXPERIMENTER: 0}),
        ("", 1, {Role.SOLO: 1, Role.EXPERIMENTER: 0}),
        ("[teams]\nanalysts = 0\n", 8, {Role.SOLO: 1, Role.EXPERIMENTER: 0}),
        ("[teams]\nanalysts = 0\nexperimenters = 2\n", 8, {Role.SOLO: 1, Role.EXPERIMENTER: 2}),
        ("[teams]\nanalysts = 5\n", 1, {Role.ANALYST: 5, Role.EXPERIMENTER: 0}),
        ("[teams]\nexperimenters = 2\n", 1, {Role.ANALYST: 1, Role.EXPERIMENTER: 2}),
        (LLM + "[teams]\nanalysts = 4\n", 2, {Role.ANALYST: 4, Role.EXPERIMENTER: 8}),
        (LLM + '[roles.experimenter]\nkind = "search"\n', 4, {Role.ANALYST: 3, Role.EXPERIMENTER: 0}),
    ],
)
def test_the_company_follows_the_slots_and_the_brains(text: str, slots: int, wanted: dict[Role, int]) -> None:
    assert company(read(text), slots) == wanted


MIXED = """\
[brain]
kind = "anthropic"
model = "large"
max_tokens = 1000
[roles.critic]
model = "small"
[roles.experimenter]
kind = "command"
command = ["agent"]
[teams]
mix = [{ model = "one" }, { kind = "search" }]
"""


@pytest.mark.parametrize(
    ("role", "team", "kind", "model"),
    [
        ("analyst", 0, "anthropic", "one"),
        ("analyst", 1, "search", "large"),
        ("analyst", 2, "anthropic", "one"),
        ("critic", 0, "anthropic", "small"),
        ("experimenter", 0, "command", "one"),
        ("solo", 1, "search", "large"),
    ],
)
def test_a_role_and_a_team_change_what_they_name_and_keep_the_rest(
    role: str, team: int, kind: str, model: str
) -> None:
    brain = read(MIXED).brain_for(role, team)
    assert (brain.kind, brain.model, brain.max_tokens) == (kind, model, 1000)


@pytest.mark.parametrize(
    ("text", "tries", "reflects"),
    [
        ("", 0, False),
        (LLM, 2, True),
        (LLM + "repairs = 1\nreflect = false\n", 1, False),
        ('[brain]\nkind = "search"\nrepairs = 1\nreflect = true\n', 1, True),
        ('[brain]\nkind = "deck"\ndeck = "d"\n', 0, False),
    ],
)
def test_brains_that_write_code_repair_and_reflect_others_do_not(
    text: str, tries: int, reflects: bool
) -> None:
    brain = read(text).brain
    assert (brain.tries, brain.reflects) == (tries, reflects)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[teams]\nanalysts = -1\n", 8, "analysts"),
        ("[teams]\nanalysts = 2.5\n", 8, "analysts"),
        ("[teams]\n\nrounds = 4\n", 9, "rounds"),
        ("[teams]\nrounds = 0\n", 8, "rounds"),
        ("[teams]\nstall_after = 0\n", 8, "stall_after"),
        ("[teams]\nahead = 0\n", 8, "ahead"),
        ('[teams]\noff = ["luck"]\n', 8, "off"),
        ("[teams]\nanalyst = 3\n", 8, "analysts"),
        ('[teams]\ndiscussion = "soon"\n', 8, "discussion"),
        ('[roles.boss]\nkind = "search"\n', 7, "boss"),
        ('[roles.critic]\nmodel = ""\n', 8, "model"),
        ('[roles.critic]\nmodell = "m"\n', 8, "model"),
        ("[budget]\nusd = -1\n", 8, "usd"),
        ('[budget]\nusd = "10"\n', 8, "usd"),
        ("[budget]\nusd = nan\n", 8, "usd"),
        ("[budget]\ntokens = 1.5\n", 8, "tokens"),
        ("[budget]\nusd_per_week = 1\n", 8, "usd_per_"),
        ('[brain]\nkind = "anthropic"\n', 7, "model"),
        ('[brain]\nkind = "command"\n', 7, "command"),
        ('[brain]\nkind = "command"\ncommand = []\n', 9, "command"),
        ('[brain]\nkind = "deck"\n', 7, "deck"),
        ("[brain]\nrepairs = 3\n", 8, "repairs"),
        ('[brain]\nprofile = "gpt"\n', 8, "profile"),
        ('[brain]\ntimeout = "-1s"\n', 8, "timeout"),
        ('[policy]\napprove = "yes"\n', 8, "approve"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_to_do(text: str, line: int, words: str) -> None:
    found = problems(text)
    assert any(f"arctl.toml:{line}" in problem and words in problem for problem in found), found


def test_a_role_whose_brain_lacks_what_it_needs_is_refused_at_the_start() -> None:
    found = problems('[roles.critic]\nkind = "anthropic"\n')
    assert any("model" in problem for problem in found), found
    found = problems('[teams]\nmix = [{ kind = "command" }]\n')
    assert any("command" in problem for problem in found), found


@pytest.mark.parametrize("cap", ["usd", "usd_per_day", "usd_per_agent", "usd_per_call"])
def test_any_cap_in_dollars_makes_an_unknown_price_matter(cap: str) -> None:
    assert read(f"[budget]\n{cap} = 1.5\n").budget.caps_usd
    assert not read("[budget]\ntokens = 5\ntokens_per_day = 5\n").budget.caps_usd


def test_settings_come_back_as_they_went_in() -> None:
    spec = read(MIXED + "[budget]\nusd = 2\n")
    again = type(spec).model_validate(spec.to_dict())
    assert again == spec
    assert again.brain_for("critic", 1) == spec.brain_for("critic", 1)
