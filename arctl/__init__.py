"""The face of arctl: command line, wire client, protocol, paths, text and format.

The engine room, the science and the terminal interface live beside it and are imported as
`arctl.daemon`, `arctl.experiments` and `arctl.tui`.
"""

__version__ = "0.1.0"
