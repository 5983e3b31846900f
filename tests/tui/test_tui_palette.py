from __future__ import annotations

import click
import pytest

from arctl.cli import cli
from arctl.cli.lazy import FAMILIES
from arctl.errors import UsageError
from arctl.tui.acting.commands import BY_NAME, COMMANDS, typed
from arctl.tui.acting.requests import marking, values_of
from arctl.tui.windows.palette import choices
from tests.support.company import Busy
from tests.tui.conftest import Open

#: Families whose commands change a running campaign.
STEERING = ("Control", "Forum", "Service")
#: Commands that only look: a screen shows what they print. Those that begin or serve something, and those
#: that see to the daemon itself and its machine, at which a shell is at hand.
SHOWN = {
    *("directives", "forum", "questions", "stdio", "completions", "mcp"),
    *("doctor", "restart", "service", "gc", "backup", "restore"),
}
#: Options that a palette has no use for: it knows the campaign, and asks before what cannot be undone.
NEEDLESS = {
    "campaign",
    "json",
    "if-rev",
    "help",
    "yes",
    "list",
    "name",
    "move",
    "difference",
    "timeout",
    "no-wait",
}


def _steering() -> list[str]:
    return [name for family, _, commands in FAMILIES if family in STEERING for name in commands]


@pytest.mark.parametrize("name", [name for name in _steering() if name not in SHOWN])
def test_whatever_the_command_line_changes_the_palette_does(name: str) -> None:
    assert name in BY_NAME
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = {
        option.removeprefix("--")
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    }
    known = {option.name for option in BY_NAME[name].options} | NEEDLESS
    operands = " ".join(BY_NAME[name].operands)
    missing = {option for option in options - known if option.upper() not in operands}
    assert not missing, f"the palette's {name} lacks {missing}"


def test_operands_options_and_flags_are_read() -> None:
    given = typed('redirect t1 "leave the optimizer alone" --reason "it is fine"')
    request = given.request(given.operands["TARGET"])
    assert request.method == "redirect"
    assert request.params == {"target": "t1", "text": "leave the optimizer alone", "reason": "it is fine"}
    assert typed("pause t1 --drain").params == {"mode": "drain"}
    assert typed("move p7 --before p3").params == {"to": "before", "other": "p3"}
    assert typed("propose --set LR=0.1 --set W=3").params == {"values": {"LR": "0.1", "W": "3"}}
    assert typed("edit p3 --unset LR --set W=3").params == {"values": {"LR": None, "W": "3"}}
    assert typed("mark LR --from 0.1 --to 1").params == {"low": 0.1, "high": 1.0}
    given = typed('release e12 --reason "it is fine"')
    assert given.request("e12").params == {"target": "e12", "reason": "it is fine"}
    assert (given.request("e12").method, typed("invalidate e12").request("e12").method) == (
        "release", "invalidate",
    )  # fmt: skip
    assert typed("release gpu1").request("G1").params == {"target": "G1"}
    assert typed("approve p3,p4").request("p3,p4").params == {"proposals": ["p3", "p4"]}


def test_a_target_may_be_left_to_the_cursor() -> None:
    assert "TARGET" not in typed("kill").operands
    assert typed("redirect look at the data order").operands == {"TEXT": "look at the data order"}
    assert typed("say it's done").operands == {"TEXT": "it's done"}
    assert typed("say don't and can't").operands == {"TEXT": "don't and can't"}
    assert typed('redirect t1 "leave  it" --reason "too slow"').params == {"reason": "too slow"}
    assert typed("say it's done, isn't it").operands == {"TEXT": "it's done, isn't it"}
    assert typed(r"redirect t1 look at C:\new").operands["TEXT"] == r"look at C:\new"
    assert typed("propose --set OPT='adam w' --title \"two words\"").params == {
        "values": {"OPT": "adam w"}, "title": "two words",
    }  # fmt: skip
    assert typed(r"export my\ file.tsv").operands == {"FILE": "my file.tsv"}


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("kil e1", "kill"),
        ("pause t1 t2", "pause [TARGET]"),
        ("pause --hard", "pause [TARGET]"),
        ("mark LR --from much", "--from 0.1"),
        ("propose --set LR", "--set NAME=VALUE"),
        ("mark", "mark AXIS"),
        ("kill --reason", "kill [TARGET]"),
        ("redirect t1", "redirect [TARGET] TEXT"),
        ("fork e12", "fork [TARGET] TEXT"),
        ("mark LR --from nan", "--from 0.1"),
        ("mark LR --to 1e999", "--to 0.1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_how_it_is_written(line: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed(line)
    assert remedy in f"{caught.value.message} {caught.value.remedy}"


def test_the_palette_offers_what_may_be_meant() -> None:
    def offers(name: str, last: str) -> list[tuple[str, str]]:
        return [("t1", "team asha")] if name in ("go", "pause") and "t1".startswith(last) else []

    assert choices("pau", offers)[0][0] == "pause "
    assert choices("pause t", offers)[0][0] == "pause t1 "
    assert choices("pause t1 --d", offers) == [("pause t1 --drain ", "--drain")]
    assert ("go t1", "go t1   team asha") in choices("t", offers)
    assert choices("nonsense x", offers) == []


@pytest.mark.parametrize("bound", ["nan", "inf", "-1e999"])
def test_a_bound_without_an_end_is_refused_in_a_form(bound: str) -> None:
    with pytest.raises(UsageError, match="is no number"):
        marking("bowl", {"axis": "LR", "low": bound})


@pytest.mark.anyio
async def test_an_id_alone_is_never_completed_to_another(play: Open) -> None:
    async with play() as screen:
        assert any(ident.startswith("e1") and ident != "e1" for ident in screen.app.source.view.things)
        await screen.press("colon", "e", "1", "enter")
        await screen.until(lambda: screen.app.trail.here.id == "e1")


@pytest.mark.anyio
@pytest.mark.parametrize(("ident", "why"), [("i999", "'i999'"), ("d999", "there is no dead end 'd999'")])
async def test_what_is_not_there_is_not_shown_as_another(
    busy: Busy, attach: Open, ident: str, why: str
) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE")
        await screen.app.command(ident)
        await screen.see(why)


@pytest.mark.anyio
async def test_the_home_of_nobody_is_no_place_for_a_file(play: Open) -> None:
    async with play() as screen:
        for line in ("export ~nobodyatall/x", "checkout ~nobodyatall/x", "propose --patch ~nobodyatall/x"):
            await screen.app.command(line)
            await screen.see("in nobody's home")
            screen.app.clear_notifications()


def test_every_command_says_what_it_does() -> None:
    assert all(command.help and command.usage.startswith(command.name) for command in COMMANDS)


def test_values_of_a_form_are_read_as_a_shell_would() -> None:
    assert values_of("LR=0.1 OPT='adam w'", known=["LR", "WIDTH"]) == {
        "LR": "0.1", "OPT": "adam w", "WIDTH": None,
    }  # fmt: skip
    with pytest.raises(UsageError, match="'LR' names no value"):
        values_of("LR")
    with pytest.raises(UsageError, match="cannot be read: No closing quotation"):
        values_of("OPT='adam")
