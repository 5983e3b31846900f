"""The terminal interface (Textual): attaches to a running daemon over the wire and only over the wire."""
