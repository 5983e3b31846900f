"""The command line: one file for each family of commands, imported only when one of them is used.

Nothing here may import pydantic, the daemon or textual at the top: `arctl --help` answers at once.
"""

from __future__ import annotations

import sys
from types import TracebackType

import click

from arctl import __version__
from arctl.cli.lazy import Face

_HELP = """Mission control for autonomous research on one workstation.

A campaign is a git repository with an arctl.toml. `arctl init` writes one, `arctl start` runs it in the
background, `arctl status` says how it goes. `arctl demo` shows it all on a small example.
"""


@click.group(cls=Face, name="arctl", help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="arctl %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback where something fails.")
def cli(debug: bool) -> None:
    """Hold the commands; what each of them does is in the module of its family."""
    del debug  # the error boundary reads it from the context


def main() -> None:
    """Run the command line; the console script `arctl`."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets another one, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if "--debug" not in sys.argv:
        sys.excepthook = _internal_error
    cli.main(prog_name="arctl")


def _internal_error(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    """Say in a sentence that arctl itself is broken, and where; the exit status is 1."""
    place = ""
    while trace is not None:
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    sys.stderr.write(f"arctl: internal error: {kind.__name__}: {value}{place}\n")
    sys.stderr.write("       this is a bug; run it again as `arctl --debug …` and report the traceback\n")
