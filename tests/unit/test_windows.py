"""Views of experiments: in order at once, and still in order whatever becomes of the experiments."""

from __future__ import annotations

import random

from arctl.daemon.rows import Experiment, ExperimentState
from arctl.daemon.state import View, Windows
from arctl.daemon.state.windows import MAX_VIEWS


def made(number: int, rng: random.Random) -> Experiment:
    gain = rng.choice([None, -0.5, 0.0, 0.25, rng.random()])
    verdict = rng.choice(["", "accepted", "rejected"])
    return Experiment(
        f"e{number}",
        "toy",
        number,
        0.0,
        ExperimentState.OPEN,
        "t",
        verdict=verdict,
        evidence={"effect": gain},
    )


def judged(row: Experiment) -> bool:
    return bool(row.verdict)


def gain(row: Experiment) -> float | None:
    value: float | None = row.evidence["effect"]
    return None if value is None else -value


def in_order(rows: list[Experiment], *, reverse: bool) -> list[str]:
    """Say in the plainest way what a view has to show."""
    fitting = sorted((row for row in rows if judged(row)), key=lambda row: -row.number)
    known = sorted((row for row in fitting if gain(row) is not None), key=lambda row: gain(row) or 0.0)
    rest = [row for row in fitting if gain(row) is None]
    return [row.id for row in (known[::-1] if reverse else known) + rest]


def shown(view: View, *, reverse: bool = False) -> list[str]:
    """Read a view window by window."""
    found: list[str] = []
    while part := view.ids(len(found), 7, reverse=reverse):
        found += part
    return found


def test_a_view_stays_in_order_while_experiments_come_change_and_go() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        rows = {number: made(number, rng) for number in range(1, rng.randrange(2, 60))}
        view = View(judged, gain)
        view.gather(rows.values())
        view.settle()
        for _ in range(150):
            number = rng.randrange(1, 90)
            rows[number] = made(number, rng)
            view.touch(rows[number])
            assert len(view) == sum(map(judged, rows.values()))
        assert shown(view) == in_order(list(rows.values()), reverse=False)
        assert shown(view, reverse=True) == in_order(list(rows.values()), reverse=True)


def test_what_changes_while_a_view_is_gathered_is_in_it_as_it_is_now() -> None:
    rng = random.Random(1)
    rows = {number: made(number, rng) for number in range(1, 41)}
    view = View(judged, gain)
    view.gather([rows[number] for number in range(40, 20, -1)])
    for number in (3, 30, 41):  # not looked at yet, looked at already, just begun
        rows[number] = made(number, rng)
        view.touch(rows[number])
    view.gather([rows[number] for number in range(20, 0, -1)])
    view.settle()
    assert shown(view) == in_order(list(rows.values()), reverse=False)


def test_a_view_past_its_end_is_empty() -> None:
    view = View(lambda row: True, gain)
    view.settle()
    assert view.ids(0, 10) == []
    view.touch(made(1, random.Random(2)))
    assert view.ids(0, 10) == ["e1"]
    assert view.ids(1, 10) == view.ids(5, 10, reverse=True) == []


def test_only_the_views_looked_at_last_are_kept() -> None:
    windows = Windows()
    for number in range(MAX_VIEWS + 1):
        view = View(judged, gain)
        view.settle()
        windows.add("toy", str(number), view)
        assert windows.get("toy", "0") is not None
    assert windows.get("toy", "0") is not None, "it was looked at each time"
    assert windows.get("toy", "1") is None


def test_a_view_that_was_never_finished_is_not_shown() -> None:
    windows = Windows()
    windows.add("toy", "q", View(judged, gain))
    assert windows.get("toy", "q") is None


def test_a_change_reaches_the_views_of_its_campaign_alone() -> None:
    windows = Windows()
    views = {name: View(lambda row: True, gain) for name in ("toy", "other")}
    for name, view in views.items():
        view.settle()
        windows.add(name, "q", view)
    windows.words["e1"] = "as it was"
    windows.apply(made(1, random.Random(3)))
    assert (len(views["toy"]), len(views["other"])) == (1, 0)
    assert "e1" not in windows.words
