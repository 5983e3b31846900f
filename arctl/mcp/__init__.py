"""The face for programs: a Model Context Protocol server over stdio, joined to the daemon by its socket.

Tools, resources and a prompt are here; rules are not: the daemon holds them. Nothing here reads the ledger,
and the SDK (the extra `arctl[mcp]`) is imported when the server is built.
"""

from __future__ import annotations
