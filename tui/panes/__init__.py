"""Panes that show one subject each: devices, teams, events, a curve; screens put them together.

A pane asks by queries and lays out answers; none holds a connection, paints, or knows another page.
"""
