"""Queues: what runs now and what runs next, with rank, state, and why each of them waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, whole, word
from arctl.tui.data.rows import Device
from arctl.tui.data.times import clock
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import mean, sign, standing
from arctl.tui.panes import asked
from arctl.tui.panes.headed import HeadedQueue

HEADS = ("#", "ID", "TITLE", "STATE", "GPU", "LEFT", "MEAN", "BY", "TEAM", "AXIS", "AGE", "WHY IT WAITS")


class ProposalsPane(HeadedQueue):
    """The queue of a campaign: every proposal, in the order in which they will run."""

    SORTS = ("order", "newest", "title", "by", "team")
    TICKS = True

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

    def head(self, scene: Scene, width: int) -> Line:
        """Name the columns."""
        del scene
        return lay(_columns(HEADS, width, ()), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each proposal."""
        approve = self.approve(scene)
        found = _sorted(self.proposals(scene), self.sorted_by)
        return [Row(word(data, "id"), waiting_line(data, scene, width, approve)) for data in found]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many are ready, and how many of the others there are."""
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
            return "no campaign yet: `arctl start PATH` or `arctl demo`"
        return "nothing is queued; a (or `arctl propose`) adds an experiment of your own"

    def axis(self, key: str) -> str:
        """Return the axis of a proposal, for the key that closes it."""
        return next((word(data, "axis") for data in self._known() if word(data, "id") == key), "")

    def _known(self) -> list[Any]:
        return self.proposals(self.scene)


class WorkPane(ProposalsPane):
    """What a team or a direction has under way, and its queue below."""

    #: Where in the reply the experiments under way and the queue are.
    INNER: ClassVar[str] = ""

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
        said = f"Queue ({len(self.proposals(scene))}) + running ({running})"
        if len(going) > running:
            said += f"  {len(going) - running} between runs"
        return said + (f"  by {self.sorted_by}" if self.sorted_by else "")

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        del scene
        return "nothing runs and nothing is queued; a (or `arctl propose`) adds an experiment"

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


def _columns(texts: Sequence[str], width: int, tones: Sequence[Tone]) -> list[Cell]:
    """Return the cells of a row; what there is no room for is left out, the reason never."""
    rank, ident, title, state, gpu, left, value, by, team, axis, age, why = texts
    head = [(Cell(" " + rank, 3), 0), (Cell(ident, 5), 1)]
    wide = width >= 130
    head.append((Cell(title, 0 if width < 90 else max(18, width // 4)), 2))
    head.append((Cell(state, 9), 3))
    if width < 90:
        head += [
            (Cell(gpu, 3, right=True), 4),
            (Cell(left, 5, right=True), 5),
            (Cell(value, 8, right=True), 6),
        ]
        if width >= 62:
            head.append((Cell(by, 7), 7))
    else:
        head += [
            (Cell(gpu, 3, right=True), 4),
            (Cell(left, 5, right=True), 5),
            (Cell(value, 8, right=True), 6),
        ]
        head.append((Cell(by, 8), 7))
        if wide:
            head += [(Cell(team, 8), 8), (Cell(axis, 14), 9)]
        head += [(Cell(age, 3, right=True), 10), (Cell(why), 11)]
    return [
        Cell(cell.text, cell.width, tones[at] if at < len(tones) else "dim", cell.right) for cell, at in head
    ]


def waiting_line(data: Any, scene: Scene, width: int, approve: bool = False) -> Line:
    """Lay out a proposal of a queue."""
    state = word(data, "state")
    name, tone = asked.state_of(state)
    why, why_tone = asked.waits(data, approve=approve)
    ready = state == "ready"
    rank = str(whole(data, "rank")) if real(data, "rank") is not None else scene.glyphs.discarded
    texts = (
        rank, word(data, "id"), word(data, "title"), name, "", "", "", word(data, "agent"),
        scene.view.thing(word(data, "team")).title, word(data, "axis"),
        asked.ago(scene, real(data, "created")), why,
    )  # fmt: skip
    if width < 90 and not ready:
        # Where there is no column for it, the reason takes what the title leaves.
        texts = (*texts[:2], f"{word(data, 'title')}: {why}", *texts[3:])
    tones: tuple[Tone, ...] = (
        "strong" if ready else "dim",
        "accent",
        "",
        tone,
        "",
        "",
        "",
        "",
        "",
        "dim",
        "dim",
        why_tone,
    )
    return lay(_columns(texts, width, tones), width)


def running_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out an experiment that is under way: its device, what is left of its time, its mean so far."""
    runs = set(listed(data, "running"))
    device = next((row for row in scene.view.devices if row.run and row.run in runs), None)
    held = data.get("held") is True
    glyph, glyph_tone = sign("", word(data, "state"), scene.glyphs, running=bool(runs), held=held)
    state, tone = standing("", word(data, "state"), running=bool(runs), held=held)
    value = real(data, "mean")
    measured = whole(data, "runs")
    why = f"{measured} run{'s' if measured != 1 else ''} measured" if measured else "the first run"
    if not runs and not held:
        why += ", waits for a device"
    texts = (
        glyph, word(data, "id"), word(data, "title"), state, str(device.index) if device else "",
        _left(device, scene), mean(value) if value is not None else "", word(data, "agent"),
        scene.view.thing(word(data, "team")).title, word(data, "axis"),
        asked.ago(scene, real(data, "created")), why,
    )  # fmt: skip
    tones: tuple[Tone, ...] = (glyph_tone, "accent", "", tone, "strong", "", "", "", "", "dim", "dim", "dim")
    return lay(_columns(texts, width, tones), width)


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
