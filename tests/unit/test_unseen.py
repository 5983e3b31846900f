"""What is told where code misses something in its sandbox."""

from __future__ import annotations

import pytest

from arctl.daemon.jobs.unseen import advice


@pytest.mark.parametrize(
    ("said", "level", "network", "told"),
    [
        ("/bin/sh: 1: /opt/env/bin/python: not found", 3, False, "[sandbox] read_only"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/x'", 2, False, "run.link"),
        ("gaierror: [Errno -3] Temporary failure in name resolution", 3, False, "runs have no network"),
        ("PermissionError: [Errno 13] Permission denied: 'model.json'", 2, False, "beside a protected file"),
        ("OSError: [Errno 30] Read-only file system: '/data/cache'", 3, False, "[sandbox] writable"),
        ("gaierror: [Errno -3] Temporary failure in name resolution", 3, True, ""),
        ("ZeroDivisionError: division by zero", 3, False, ""),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/x'", 1, False, ""),
    ],
)
def test_the_sandbox_is_named_where_it_may_be_the_reason(
    said: str, level: int, network: bool, told: str
) -> None:
    found = advice(f"Traceback\n{said}\n", level, network=network)
    assert told in found
    assert bool(found) is bool(told)
