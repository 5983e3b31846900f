"""`python -m arctl.tui`: `arctl tui` on this machine, without the rest of the command line."""

from __future__ import annotations

import argparse
import sys

from arctl.tui.launch import Settings, launch


def main() -> int:
    """Read the options and run until the person detaches."""
    parser = argparse.ArgumentParser(prog="python -m arctl.tui", description="Attach to the arctl daemon.")
    parser.add_argument("--readonly", action="store_true", help="look only; the daemon refuses changes")
    parser.add_argument("--host-label", default="", metavar="NAME", help="name shown for this machine")
    parser.add_argument("--theme", default="dark", choices=["dark", "light", "ansi"], help="colours")
    parser.add_argument(
        "--glyphs", default="braille", choices=["braille", "block", "ascii"], help="characters"
    )
    parser.add_argument("--replay", default="", metavar="CAMPAIGN", help="go through a campaign's history")
    parser.add_argument("--at", default="", metavar="TIME", help="begin the replay here")
    return launch(Settings(**vars(parser.parse_args())))


if __name__ == "__main__":
    sys.exit(main())
