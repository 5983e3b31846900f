"""Panes of the screens: each turns a view into lines and paints the lines that changed; none does I/O."""
