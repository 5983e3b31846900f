"""What is settled before Textual is imported."""

from __future__ import annotations

from arctl.tui.launch import prepare


def test_esc_is_answered_at_once_at_home_and_waited_for_over_ssh() -> None:
    here: dict[str, str] = {}
    prepare(here)
    assert int(here["ESCDELAY"]) <= 30
    far = {"SSH_CONNECTION": "x"}
    prepare(far)
    assert "ESCDELAY" not in far


def test_what_somebody_chose_for_esc_stays() -> None:
    environ = {"ESCDELAY": "80"}
    prepare(environ)
    assert environ["ESCDELAY"] == "80"
