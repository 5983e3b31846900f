"""Queues: what runs now and what runs next, with rank, state, and why each of them waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, whole, word
from arctl.tui.data.rows import Device
from arctl.tui.data.times import clock
from arctl.tui.look.lines import Cell, Line, Row, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN, mean, sign, standing
from arctl.tui.panes import asked
from arctl.tui.panes.headed import HeadedQueue

#: From these widths on there is room for the team, and for a reason beside what runs.
TEAMS, REASONS = 100, 100


class ProposalsPane(HeadedQueue):
    """The queue of a campaign: every proposal, in the order in which they will run."""

    HEAD = 1
    #: Whether what runs now stands above the queue.
    WORK: ClassVar[bool] = False
    SORTS = ("order", "newest", "title", "by", "team")
    BEAT = 1.0

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the company."""
        return asked.company(scene.view.chosen)

    def proposals(self, scene: Scene) -> list[Any]:
        """Return the proposals, as the daemon orders them."""
        reply = asked.reply(scene, self.wants(scene))
        found = [item for team in listed(reply, "teams") for item in listed(team, "queue")]
        return sorted([*found, *listed(reply, "others")], key=_order)

    def approve(self, scene: Scene) -> bool:
        """Tell whether proposals wait for a person's word."""
        reply = asked.reply(scene, self.wants(scene))
        return isinstance(reply, dict) and reply.get("approve") is True

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return heads(width, work=self.WORK)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each proposal."""
        approve = self.approve(scene)
        found = _sorted(self.proposals(scene), self.sorted_by)
        return [
            Row(word(data, "id"), waiting_line(data, scene, width, approve=approve, work=self.WORK))
            for data in found
        ]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many are ready, and how many of the others there are."""
        if asked.reply(scene, self.wants(scene)) is None:
            return "Queue"
        found = self.proposals(scene)
        ready = sum(1 for data in found if word(data, "state") == "ready")
        said = f"Queue ({len(found)})"
        if found:
            said += f"  {ready} ready"
        if len(found) > ready:
            said += f", {len(found) - ready} waiting"
        return said + (f"  by {self.sorted_by}" if self.sorted_by else "")

    def hints(self, scene: Scene) -> str:
        """Name the keys."""
        return "J/K move  Space mark  A approve  S stash  e edit" if self.approve(scene) else (
            "J/K move  Space mark  S stash  e edit  a add"
        )  # fmt: skip

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        if not scene.view.campaigns:
            return NO_CAMPAIGN
        return "nothing is queued; a (or `arctl propose`) adds one"

    def axis(self, key: str) -> str:
        """Return the axis of a proposal, for the key that closes it."""
        return next((word(data, "axis") for data in self._known() if word(data, "id") == key), "")

    def _known(self) -> list[Any]:
        return self.proposals(self.scene)


class WorkPane(ProposalsPane):
    """What a team or a direction has under way, and its queue below."""

    #: Where in the reply the experiments under way and the queue are.
    INNER: ClassVar[str] = ""
    WORK = True

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of what is open, and of its experiments that are not judged yet."""
        ident = scene.route.id
        if not ident:
            return []
        return [asked.one(ident), *open_experiments(scene, ident)]

    def _reply(self, scene: Scene) -> Any:
        found = asked.reply(scene, self.wants(scene))
        return found.get(self.INNER) if self.INNER and isinstance(found, dict) else found

    def proposals(self, scene: Scene) -> list[Any]:
        """Return the proposals of what is open."""
        return listed(self._reply(scene), "queue")

    def going(self, scene: Scene) -> list[Any]:
        """Return the experiments that are under way, those that run first."""
        wanted = self.wants(scene)
        reply = scene.view.answer(wanted[1]).reply if len(wanted) > 1 else None
        found = [row for row in listed(reply, "experiments") if word(row, "state") != "closed"]
        return sorted(found, key=lambda row: not listed(row, "running"))

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return what is under way, then what waits."""
        found = [Row(word(data, "id"), running_line(data, scene, width)) for data in self.going(scene)]
        return [*found, *super().body(scene, width)]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many wait, and how many run."""
        going = self.going(scene)
        running = sum(1 for row in going if listed(row, "running"))
        if self._reply(scene) is None:
            return "Queue"
        said = f"Queue ({len(self.proposals(scene))})  {running} running"
        if len(going) > running:
            said += f", {len(going) - running} between runs"
        return said + (f"  by {self.sorted_by}" if self.sorted_by else "")

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        del scene
        return "nothing runs or waits; a (or `arctl propose`) adds one"

    def _known(self) -> list[Any]:
        return [*self.going(self.scene), *self.proposals(self.scene)]


class TeamWorkPane(WorkPane):
    """The work of the team that is open."""

    INNER = "team"


def open_experiments(scene: Scene, ident: str) -> list[Query]:
    """Return the query of a team's or direction's newest experiments: those not judged yet are among them."""
    campaign = scene.view.thing(ident).campaign or scene.view.chosen
    if not campaign:
        return []
    whose = {"team" if ident[:1] == "t" else "direction": ident}
    return [query("experiments", campaign=campaign, sort="new", offset=0, limit=100, **whose)]


def _title_width(width: int, *, work: bool) -> int:
    """Return the cells of a title: what other columns leave, half of it where the reason is shown."""
    taken = 3 + 5 + 9 + 8 + 3 + 5
    if work:
        left = width - taken - 3 - 5 - 8 - 3
        return max(8, left if width < REASONS else left // 2)
    taken += 9 if width >= TEAMS else 0
    return max(8, (width - taken) // 2)


def _begun(rank: Cell, ident: str, title: str, state: Cell, size: int) -> list[Cell]:
    return [rank, Cell(ident, 5, "accent"), Cell(title, size), Cell(state.text, 9, state.tone)]


def heads(width: int, *, work: bool) -> Line:
    """Name the columns of a queue (`work`: with what runs now)."""
    size = _title_width(width, work=work)
    cells = [Cell(" #", 3), Cell("ID", 5), Cell("TITLE", size), Cell("STATE", 9)]
    if work:
        cells += [Cell("GPU", 3, right=True), Cell("LEFT", 5, right=True), Cell("MEAN", 8, right=True)]
    cells.append(Cell("BY", 8))
    if width >= TEAMS and not work:
        cells.append(Cell("TEAM", 8))
    cells.append(Cell("AGE", 3, right=True))
    if not work or width >= REASONS:
        cells.append(Cell("WHY"))
    return lay([Cell(cell.text, cell.width, "dim", cell.right) for cell in cells], width)


def waiting_line(data: Any, scene: Scene, width: int, *, approve: bool = False, work: bool = False) -> Line:
    """Lay out a proposal of a queue; beside what runs, the reason takes the room of what it has not yet."""
    state = word(data, "state")
    name, tone = asked.state_of(state)
    why, why_tone = asked.waits(data, approve=approve)
    place = str(whole(data, "rank")) if real(data, "rank") is not None else scene.glyphs.discarded
    rank = Cell(" " + place, 3, "strong" if state == "ready" else "dim")
    size = _title_width(width, work=work)
    cells = _begun(rank, word(data, "id"), word(data, "title"), Cell(name, 9, tone), size)
    by = [Cell(word(data, "agent"), 8), Cell(asked.ago(scene, real(data, "created")), 3, "dim", right=True)]
    if work and width < REASONS:
        return lay([*cells, Cell(why, 0, why_tone)], width)
    if work:
        return lay([*cells, Cell("", 18), *by, Cell(why, 0, why_tone)], width)
    if width >= TEAMS:
        by.insert(1, Cell(scene.view.thing(word(data, "team")).title, 8))
    return lay([*cells, *by, Cell(why, 0, why_tone)], width)


def running_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out an experiment that is under way: its device, what is left of its time, its mean so far."""
    runs = set(listed(data, "running"))
    device = next((row for row in scene.view.devices if row.run and row.run in runs), None)
    held = data.get("held") is True
    glyph, glyph_tone = sign("", word(data, "state"), scene.glyphs, running=bool(runs), held=held)
    state, tone = standing("", word(data, "state"), running=bool(runs), held=held)
    value, measured = real(data, "mean"), whole(data, "runs")
    why = f"{measured} run{'s' if measured != 1 else ''} measured" if measured else "its first run"
    if not runs and not held:
        why += ", waits for a device"
    cells = _begun(
        Cell(" " + glyph, 3, glyph_tone), word(data, "id"), word(data, "title"), Cell(state, 9, tone),
        _title_width(width, work=True),
    )  # fmt: skip
    cells += [
        Cell(str(device.index) if device else "", 3, "strong", right=True),
        Cell(_left(device, scene), 5, right=True),
        Cell(mean(value) if value is not None else "", 8, right=True),
        Cell(word(data, "agent"), 8),
        Cell(asked.ago(scene, real(data, "created")), 3, "dim", right=True),
    ]
    if width >= REASONS:
        cells.append(Cell(why, 0, "dim"))
    return lay(cells, width)


def _left(device: Device | None, scene: Scene) -> str:
    """Write what is left of a run's time, or how long it goes on where nothing bounds it."""
    if device is None or device.started is None:
        return ""
    if device.frozen is not None:
        return "froze"
    gone = scene.now - device.started
    return clock(gone if device.limit is None else device.limit - gone)


def _order(data: Any) -> tuple[float, int]:
    rank, ident = real(data, "rank"), word(data, "id")[1:]
    return (rank if rank is not None else 1e9, int(ident) if ident.isdecimal() else 0)


def _sorted(found: list[Any], by: str) -> list[Any]:
    match by:
        case "newest":
            return sorted(found, key=lambda data: -(real(data, "created") or 0.0))
        case "title":
            return sorted(found, key=lambda data: word(data, "title").casefold())
        case "by":
            return sorted(found, key=lambda data: word(data, "agent").casefold())
        case "team":
            return sorted(found, key=lambda data: word(data, "team"))
    return found
