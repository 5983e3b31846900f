"""Errors that a person meets: what happened, and what to do about it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every `arctl` command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    PROTOCOL = 4
    REFUSED = 5


class ArctlError(Exception):
    """A failure with its remedy; `code` is the exit code that the command line ends with."""

    code: Exit = Exit.FAILED

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class NotRunningError(ArctlError):
    """No daemon answers at the socket."""

    code = Exit.NOT_RUNNING


class ProtocolError(ArctlError):
    """The other side speaks another protocol, or none."""

    code = Exit.PROTOCOL


class RefusedError(ArctlError):
    """The request was understood and is not allowed, or makes no sense now."""

    code = Exit.REFUSED


class UsageError(ArctlError):
    """The request itself is malformed."""

    code = Exit.USAGE
