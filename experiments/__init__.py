"""The science, pure and usable alone: spec, surface, metrics, gate.

Nothing here may import from the rest of arctl, start a process or open a socket.
"""
