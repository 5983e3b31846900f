"""What every screen is made of: panes, pages, the frame, and how lines are painted; none does I/O."""
