"""`python -m arctl.tui`: the same as `arctl tui`, without the rest of the command line."""

from __future__ import annotations

import argparse
import sys

from arctl.tui.launch import Settings, launch


def main() -> int:
    """Read the options and run until the person detaches."""
    parser = argparse.ArgumentParser(prog="python -m arctl.tui", description="Attach to the arctl daemon.")
    parser.add_argument("--readonly", action="store_true", help="look only; the daemon refuses changes")
    parser.add_argument("--host-label", default="", metavar="NAME", help="name shown for this machine")
    given = parser.parse_args()
    return launch(Settings(readonly=given.readonly, host_label=given.host_label))


if __name__ == "__main__":
    sys.exit(main())
