"""Xids: the driver's numbers for what went wrong on a card. Source: NVIDIA, "Xid Errors" (r590)."""

from __future__ import annotations

#: Errors of the program, after which the card is well: NVIDIA's Kubernetes device plugin ignores the same
#: ones. And what only tells: 63 (a row is remapped), 154 (another action is advised).
HARMLESS = frozenset({13, 31, 43, 45, 63, 68, 69, 109, 154})

#: After these nothing goes on there: the card has left the bus, or answers its driver no more.
GONE = frozenset({79, 119, 120})

NAMES = {
    13: "graphics engine exception",
    31: "memory page fault of a program",
    32: "corrupted push buffer",
    38: "driver firmware error",
    43: "a program's channel was stopped",
    45: "a program's channels were removed",
    46: "the GPU stopped processing",
    48: "double bit ECC error",
    61: "internal micro-controller breakpoint",
    62: "internal micro-controller halt",
    63: "memory row remapped",
    64: "memory row could not be remapped",
    74: "NVLink error",
    79: "the GPU has fallen off the bus",
    92: "many single bit ECC errors",
    94: "contained ECC error",
    95: "uncontained ECC error",
    109: "context switch timeout",
    110: "security fault",
    119: "the GPU's system processor does not answer",
    120: "error of the GPU's system processor",
    121: "C2C link error",
    140: "unrecovered ECC error",
    143: "GPU initialization failure",
}


def told(number: int) -> str:
    """Say what an Xid stands for."""
    name = NAMES.get(number)
    return f"Xid {number}" + (f" ({name})" if name else "")
