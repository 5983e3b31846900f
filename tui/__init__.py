"""The terminal interface (Textual): attaches to a running daemon over the wire and only over the wire.

Replies and events become rows (`rows`), rows make up one frozen `View` (`state`), and panes turn a view
into lines (`lines`); the last of them alone know of Textual. Nothing here may import `arctl.daemon`.
"""
