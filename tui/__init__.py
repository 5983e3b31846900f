"""The terminal interface (Textual): attaches to a running daemon over the wire and only over the wire.

Replies and events become one frozen `View` (`data`, kept up to date by a `source`); panes turn a view into
lines of text (`look`, `panes`), and `widgets` paint them. Keys find what they act on and what to ask for
(`acting`). Each room knows only those below it; import-linter keeps the order. Nothing here may import
`arctl.daemon`.
"""
