"""The group that imports a command's module when it is used, and the boundary where errors end."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from arctl.errors import ArctlError, Exit
from arctl.text import clean_block

#: Each family of commands: its title, its module, and what `--help` says of each command.
FAMILIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Campaigns",
        "campaign",
        {
            "init": "Write an arctl.toml for a repository.",
            "check": "Check an arctl.toml and the files that it names.",
            "start": "Start the campaign of a folder in the background.",
            "schema": "Print the JSON schema of arctl.toml.",
        },
    ),
    ("Campaigns", "demo", {"demo": "Run a small campaign here and now, and show what it finds."}),
    ("Look", "tui", {"tui": "Attach with the terminal interface; `q` leaves, it goes on."}),
    ("Look", "status", {"status": "Show what runs, on what, and what needs you."}),
    (
        "Look",
        "service",
        {
            "wait": "Wait until a campaign is finished.",
            "logs": "Show the output of a run.",
        },
    ),
    (
        "Look",
        "look",
        {
            "experiments": "List a campaign's experiments.",
            "diff": "Show what an experiment changed.",
            "deadends": "List what was given up, why, and what would reopen it.",
            "export": "Write the ledger as autoresearch's results.tsv.",
        },
    ),
    ("Look", "gpus", {"gpus": "Show the devices, their load and what runs on them."}),
    ("Look", "show", {"show": "Show all that is known of an experiment."}),
    ("Look", "quarantine", {"quarantine": "List doubtful results, and release or reject them."}),
    ("Look", "tree", {"tree": "Draw the lineage: what was built on what, kept or not."}),
    ("Look", "teams", {"teams": "Show the teams: direction, members, record, queue."}),
    (
        "Look",
        "agents",
        {"agents": "List the agents: role, team, brain, what each is asked now, its record and cost."},
    ),
    ("Look", "effects", {"effects": "Show what each axis was worth, and how sure that is."}),
    ("Look", "curve", {"curve": "Draw a run's learning curve."}),
    ("Look", "costs", {"costs": "Show what the calls of language models used and cost."}),
    ("Look", "champion", {"champion": "Show the best accepted experiment."}),
    ("Look", "prompt", {"prompt": "Show what agents are told."}),
    (
        "Control",
        "control",
        {
            "pause": "Start nothing more of a campaign, team, direction, agent, experiment, run or device.",
            "resume": "Let a campaign, team, direction, agent, experiment, run or device go on.",
            "kill": "End a campaign, team, direction, agent, experiment or run now.",
        },
    ),
    (
        "Control",
        "steer",
        {
            "redirect": "Give a campaign, a team or a direction an instruction.",
            "withdraw": "End a directive and queue again what it set aside.",
            "directives": "List the instructions that stand.",
            "direction": "Write down a direction.",
            "fork": "Make an experiment, kept or not, the base of a direction.",
            "mark": "Mark an axis, or a range of its values, as a dead end.",
            "revive": "Open a dead end again.",
            "promote": "Make an experiment champion by hand.",
            "rollback": "Make an earlier champion champion again.",
            "undo": "Take back what you did last, or a named deed.",
            "redo": "Do again what you took back last, or a named deed that was undone.",
        },
    ),
    (
        "Control",
        "propose",
        {
            "propose": "Propose an experiment.",
            "approve": "Agree to proposals.",
            "reject": "Withdraw proposals of which no experiment was made yet.",
        },
    ),
    (
        "Control",
        "queue",
        {
            "move": "Change when a proposal, or an experiment that has not started, comes to run.",
            "stash": "Set a proposal, or an experiment that has not started, aside.",
            "unstash": "Take back what was stashed.",
            "edit": "Write a proposal anew before an experiment is made of it.",
            "rerun": "Try again an experiment that ended without a verdict on its merits.",
        },
    ),
    (
        "Forum",
        "forum",
        {
            "say": "Say something in the forum.",
            "forum": "Read the forum.",
            "questions": "List the agents' questions that wait for you.",
        },
    ),
    (
        "Service",
        "service",
        {
            "stop": "Stop the daemon.",
            "stdio": "Connect stdin and stdout to the daemon.",
            "completions": "Print the completion script of a shell.",
        },
    ),
    ("Service", "doctor", {"doctor": "Try for real what the sandbox keeps out on this machine."}),
    ("Service", "restart", {"restart": "Put a new daemon in the place of the one that runs."}),
    ("Service", "systemd", {"service": "Have systemd start the daemon with the machine."}),
    ("Service", "storage", {"gc": "Remove what is of no use any more."}),
    (
        "Service",
        "restore",
        {
            "backup": "Copy the ledger now.",
            "restore": "Put the newest good backup in the place of a damaged ledger.",
        },
    ),
    ("Service", "mcp", {"mcp": "Serve the campaigns to an MCP client."}),
)


class Face(click.Group):
    """The top group: commands by family, imported late, and their errors said in sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of their families."""
        del ctx
        return [name for _, _, commands in FAMILIES for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command's family and return the command."""
        del ctx
        for _, module, commands in FAMILIES:
            if cmd_name in commands:
                found = getattr(importlib.import_module(f"arctl.cli.{module}"), cmd_name)
                if not isinstance(found, click.Command):
                    msg = f"{cmd_name} in arctl.cli.{module} is no command"
                    raise TypeError(msg)
                return found
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under the titles of their families; imports none of them."""
        del ctx
        sections: dict[str, list[tuple[str, str]]] = {}
        for title, _, commands in FAMILIES:
            sections.setdefault(title, []).extend(commands.items())
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error ends here, as a sentence with its remedy and an exit code."""
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            ctx.color = False
        from arctl.experiments.errors import ScienceError  # plain dataclasses: nothing heavy comes along

        try:
            return super().invoke(ctx)
        except ArctlError as error:
            if ctx.params.get("debug"):
                raise
            complain(error.message, error.remedy)
            ctx.exit(int(error.code))
        except ScienceError as error:
            if ctx.params.get("debug"):
                raise
            complain(error.message, error.remedy)
            ctx.exit(int(Exit.FAILED))
        except BrokenPipeError:
            _no_more_output()
            ctx.exit(int(Exit.OK))
        except OSError as error:
            if ctx.params.get("debug"):
                raise
            complain(str(error))
            ctx.exit(int(Exit.FAILED))

    def main(  # type: ignore[override]  # click overloads it for the type of what it returns
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run the command line; Ctrl-C ends it quietly, and so does a reader that went away."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        try:
            code = super().main(args, standalone_mode=False, **extra)
            if sys.stdout is not None:  # it is None where the shell closed it: arctl status >&-
                sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(130)
        except BrokenPipeError:
            _no_more_output()
            sys.exit(0)
        sys.exit(code if isinstance(code, int) else 0)


def _no_more_output() -> None:
    """Send what is still buffered nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def complain(message: str, remedy: str = "") -> None:
    """Write an error and what to do about it to stderr."""
    lines = clean_block(message).splitlines() or ["failed"]
    click.echo(f"arctl: {lines[0]}", err=True)
    for line in [*lines[1:], *clean_block(remedy).splitlines()]:
        click.echo(f"       {line}", err=True)
