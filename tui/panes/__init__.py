"""Panes that show one subject each: devices, teams, events, a curve; screens put them together."""
