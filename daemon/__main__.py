"""`python -m arctl.daemon`: the daemon in the foreground."""

from __future__ import annotations

import sys

from arctl.daemon.main import main

sys.exit(main())
