"""`python -m arctl`: the command line."""

from __future__ import annotations

from arctl.cli import main

if __name__ == "__main__":
    main()
