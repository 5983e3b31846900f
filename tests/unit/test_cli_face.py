"""The face itself: late imports, the error boundary, exit codes, and the reference in docs/."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from arctl.cli import cli, lazy
from arctl.cli.lazy import FAMILIES
from arctl.errors import ArctlError, Exit, NotRunningError, ProtocolError, RefusedError, UsageError
from arctl.experiments.errors import ScienceError

NAMES = [name for _, _, commands in FAMILIES for name in commands]
DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def _loaded(code: str) -> set[str]:
    return set(_python(f"import sys\n{code}\nprint(*sys.modules)").split()[:])


def test_help_imports_nothing_heavy_and_no_command() -> None:
    run = (
        "from click.testing import CliRunner; from arctl.cli import cli; CliRunner().invoke(cli, ['--help'])"
    )
    loaded = _loaded(run)
    assert "arctl.cli.lazy" in loaded
    for name in ("pydantic", "textual", "rich", "scipy", "sqlite_utils", "asyncio", "arctl.daemon"):
        assert name not in loaded
    assert not {f"arctl.cli.{module}" for _, module, _ in FAMILIES} & loaded


@pytest.mark.parametrize("module", sorted({module for _, module, _ in FAMILIES}))
def test_a_family_imports_neither_the_daemon_nor_pydantic(module: str) -> None:
    loaded = _loaded(f"import arctl.cli.{module}")
    for name in ("pydantic", "textual", "scipy", "arctl.daemon", "daemon"):
        assert name not in loaded


def test_every_listed_command_is_there_with_the_help_that_the_list_promises() -> None:
    context = click.Context(cli)
    promised = {name: text for _, _, commands in FAMILIES for name, text in commands.items()}
    assert len(NAMES) == len(set(NAMES))
    for name, text in promised.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        first = (command.help or "").split("\n\n")[0].replace("\n", " ")
        assert first.startswith(text.rstrip(".")), name
    assert cli.get_command(context, "nonsense") is None


def test_help_names_every_command_under_its_family() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for title in ("Campaigns:", "Look:", "Control:", "Service:"):
        assert title in shown.output
    for name in NAMES:
        assert re.search(rf"^  {name}\s", shown.output, re.MULTILINE)
        assert max(map(len, CliRunner().invoke(cli, [name, "--help"]).output.splitlines())) <= 80


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command `schema` that raises what the test puts into the list."""
    errors: list[BaseException] = []

    @click.command()
    def command() -> None:
        raise errors[0]

    real = lazy.Face.get_command

    def get(self: lazy.Face, ctx: click.Context, name: str) -> click.Command | None:
        return command if name == "schema" else real(self, ctx, name)

    monkeypatch.setattr(lazy.Face, "get_command", get)
    return errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ArctlError("it broke", "mend it"), 1),
        (ScienceError("it broke", "mend it"), 1),
        (UsageError("it broke", "mend it"), 2),
        (NotRunningError("it broke", "mend it"), 3),
        (ProtocolError("it broke", "mend it"), 4),
        (RefusedError("it broke", "mend it"), 5),
    ],
)
def test_an_error_is_a_sentence_a_remedy_and_an_exit_code(
    failing: list[BaseException], error: Exception, code: int
) -> None:
    failing.append(error)
    done = CliRunner().invoke(cli, ["schema"])
    assert done.exit_code == code
    assert done.stdout == ""
    assert done.stderr == "arctl: it broke\n       mend it\n"


def test_foreign_text_in_an_error_is_cleaned_line_by_line(failing: list[BaseException]) -> None:
    failing.append(ArctlError("first\x1b[2J\nsecond\x07\rthird", "do\x1b]0;title\x07 this"))
    done = CliRunner().invoke(cli, ["schema"])
    assert done.stderr == "arctl: first\n       second\n       third\n       do this\n"


def test_debug_shows_the_error_itself(failing: list[BaseException]) -> None:
    failing.append(ArctlError("it broke"))
    done = CliRunner().invoke(cli, ["--debug", "schema"])
    assert isinstance(done.exception, ArctlError)


def test_ctrl_c_is_quiet(failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    done = CliRunner().invoke(cli, ["schema"])
    assert done.exit_code == 130
    assert done.stderr.strip() == ""


def test_a_file_that_cannot_be_written_is_a_sentence(failing: list[BaseException]) -> None:
    failing.append(PermissionError(13, "Permission denied", "/etc/x"))
    done = CliRunner().invoke(cli, ["schema"])
    assert done.exit_code == Exit.FAILED
    assert done.stderr == "arctl: [Errno 13] Permission denied: '/etc/x'\n"


def test_a_bug_is_a_sentence_and_a_traceback_only_with_debug() -> None:
    code = (
        "import sys, click; import arctl.cli as face\n"
        "@click.command()\ndef schema(): raise ZeroDivisionError('oops')\n"
        "face.cli.add_command(schema)\n"
        "type(face.cli).get_command = lambda self, ctx, name: schema\n"
        "sys.argv = ['arctl', *sys.argv[1:], 'schema']; face.main()\n"
    )
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    loud = subprocess.run(
        [sys.executable, "-c", code, "--debug"], capture_output=True, text=True, check=False
    )
    assert quiet.returncode == loud.returncode == 1
    assert quiet.stderr.startswith("arctl: internal error: ZeroDivisionError: oops at ")
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    pipe = f"{sys.executable} -m arctl schema | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == "0\n"


def test_usage_errors_end_with_2() -> None:
    for words in (["nonsense"], ["show"], ["status", "--nonsense"], ["curve", "e1", "--height", "x"], []):
        assert CliRunner().invoke(cli, words).exit_code == Exit.USAGE


def test_version() -> None:
    done = CliRunner().invoke(cli, ["--version"])
    assert re.fullmatch(r"arctl \d+\.\d+\.\d+\n", done.output)


def test_schema_prints_a_json_schema() -> None:
    found = json.loads(CliRunner().invoke(cli, ["schema"]).stdout)
    assert found["title"] == "arctl.toml"
    assert "metric" in found["required"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_name_the_variable_that_click_listens_to(shell: str) -> None:
    assert "_ARCTL_COMPLETE" in CliRunner().invoke(cli, ["completions", shell]).stdout


def test_completion_completes_commands() -> None:
    env = {"_ARCTL_COMPLETE": "bash_complete", "COMP_WORDS": "arctl exp", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'arctl'; from arctl.cli import main; main()"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["plain,experiments", "plain,export"]


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _leaves(below, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"),
    list(_leaves(cli, ("arctl",))),
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else "",
)
def test_the_reference_knows_every_command_and_option(path: tuple[str, ...], command: click.Command) -> None:
    text = DOCS.read_text()
    title = " ".join(path)
    assert command.help
    found = re.search(rf"^##+ `{re.escape(title)}[ `](.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section on `{title}`"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help
            for spelling in option.opts:
                assert f"`{spelling}" in found.group(0), f"{title} {spelling} is not in docs/cli.md"


def test_a_bound_without_an_end_is_never_sent_as_no_bound() -> None:
    for option, bound in (("--from", "nan"), ("--to", "inf")):
        done = CliRunner().invoke(cli, ["mark", "LR", option, bound])
        assert done.exit_code == 2
        assert f"{option} {bound} is no bound" in done.output
