"""The science, pure and usable alone: specs, tunable surfaces, curves and metrics, the gate.

Nothing here may import from the rest of arctl, start a process or open a socket.
The only file that is read is the spec, by `spec.load`.
"""
