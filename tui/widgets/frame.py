"""What frames every page: header, tabs of screens, breadcrumbs, the banner, the line of keys."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from arctl.text import clean
from arctl.tui.data.route import Route, Screen
from arctl.tui.data.times import uptime, wall
from arctl.tui.data.view import Phase, Playback, View
from arctl.tui.keys.actions import Action, Scope, written
from arctl.tui.keys.registry import key_line
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Line, Span, bar, edges, fit, plain, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.paint import Lines, paint

_STANDING: dict[Phase, Span] = {
    Phase.LIVE: ("LIVE", "good"),
    Phase.CUT: ("CUT OFF", "warn"),
    Phase.CONNECTING: ("connecting", "warn"),
}


class Clickable(Lines):
    """One line of pieces, each with an action behind it: a click is as good as a key."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._pieces: tuple[tuple[Line, str], ...] = ()

    def set_pieces(self, pieces: Sequence[tuple[Line, str]]) -> None:
        """Show these pieces."""
        self._pieces = tuple(pieces)
        self.set_lines([tuple(span for line, _ in pieces for span in line)])

    def render_line(self, y: int) -> Strip:
        """Paint the line with its actions behind it."""
        width, base = self.size.width, self.rich_style
        if y or not self._lines:
            return Strip.blank(width, base)
        strips = []
        for line, action in self._pieces:
            style = base + Style(meta={"@click": action}) if action else base
            strips.append(paint(self, line, cell_len(plain(line)), style))
        return Strip.join(strips).adjust_cell_length(width, base)


class Header(Lines):
    """Where this is, how long it has been up, how busy, what it cost, and whether it is live."""

    def __init__(self, host_label: str) -> None:
        super().__init__(id="header")
        self._label = clean(host_label)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self.set_lines([header_line(scene.view, self._label, scene.now, self.size.width)])


def header_line(view: View, label: str, now: float, width: int) -> Line:
    """Lay out the header."""
    left: list[Span] = [(" arctl ", "strong"), (f" {label or view.host}", "accent")]
    if view.started is not None and (since := uptime(now - view.started)):
        left.append((f"  up {since}", ""))
    if view.readonly and view.playback is None:
        left.append(("  read-only", "warn"))
    if view.stopping:
        left.append(("  the daemon is ending", "warn"))
    row = view.campaign
    right: list[Span] = []
    if row is not None and width >= 100:
        right.append((f"{row.id} ", "dim"))
        right.append((row.state, "" if row.state == "running" else "warn"))
        right.append(("   ", ""))
    if questions := sum(len(row.needs) for row in view.campaigns):
        right.append((f"! {questions} need{'s' if questions == 1 else ''} you", "warn"))
        right.append(("  ", ""))
    if view.devices:
        right.append((f"{view.busy}/{len(view.devices)} busy", ""))
        right.append(("  ", ""))
    if row is not None and row.usd:
        cap = f"/{row.usd_cap:g}" if row.usd_cap is not None else ""
        near = row.usd_cap is not None and row.usd >= 0.9 * row.usd_cap
        right.append((f"${row.usd:.2f}{cap}", "warn" if near else ""))
        right.append(("  ", ""))
    right.append(("REPLAY", "warn") if view.playback is not None else _STANDING[view.link.phase])
    if view.playback is None and view.live and width >= 100:
        right.append((f" {delay(view.link.delay)}", "dim"))
    right.append((f"  {wall(now, '%H:%M')} ", ""))
    return edges(tuple(left), tuple(right), width)


def delay(seconds: float | None) -> str:
    """Write how long a call takes, coarsely: a number that twitches repaints for nothing."""
    if seconds is None:
        return ""
    for limit in (5, 10, 20, 50, 100, 200, 500):
        if seconds * 1000 < limit:
            return f"<{limit}ms"
    return f"{seconds:.1f}s"


class ScreenTabs(Clickable):
    """The screens and their keys; the one that is shown in brackets."""

    def __init__(self) -> None:
        super().__init__("screens")

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self.set_pieces(tab_pieces(scene.route, self.size.width))


def tab_pieces(route: Route, width: int) -> list[tuple[Line, str]]:
    """Lay out the tabs; where there is no room for all titles only the shown one has its own."""
    short = sum(len(screen.heading) + 4 for screen in Screen) > width
    found: list[tuple[Line, str]] = []
    for screen in Screen:
        here = screen is route.screen
        name = (
            f"{screen.number} {screen.heading}"
            if here or not short
            else f"{screen.number} {screen.heading[:5]}"
        )
        text = f"[{name}]" if here else f" {name} "
        found.append((((text, "accent" if here else "dim"),), f"app.show_screen('{screen.value}')"))
    return found


class Breadcrumbs(Clickable):
    """The way to what is open, and what there is to say about it; hidden on the screens' own lists."""

    def __init__(self) -> None:
        super().__init__("crumbs")

    def show_crumbs(self, crumbs: Sequence[Crumb], headline: Line) -> None:
        """Show the way in."""
        self.display = bool(crumbs)
        pieces: list[tuple[Line, str]] = [(((" ", ""),), "")]
        for at, (text, route) in enumerate(crumbs):
            last = at == len(crumbs) - 1
            if at:
                pieces.append((((" > ", "dim"),), ""))
            piece: Line = ((fit(text, min(cell_len(text), 48)), "strong" if last else "accent"),)
            pieces.append((piece, "" if last else f"app.open_route('{route.screen.value}', '{route.id}')"))
        room = self.size.width - sum(cell_len(plain(line)) for line, _ in pieces)
        if headline and room > 4:
            pieces.append((edges((("  ", ""), *headline), (), room), ""))
        self.set_pieces(pieces)


class Banner(Lines):
    """One amber line that says what is wrong and what to do; hidden while nothing is."""

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        # While it is hidden it has no width of its own.
        text, width = banner_text(scene.view), self.app.size.width
        self.display = bool(text)
        lines = wrap(text, width - 2, indent=" ", most=2) if text else []
        self.styles.height = max(1, len(lines))
        self.set_lines(lines)


def banner_text(view: View) -> str:
    """Say what is wrong with the connection, or with the daemon itself; "" where all is well."""
    link = view.link
    if link.phase is Phase.CUT:
        old = "what is shown is old" if view.host else ""
        said = (clean(link.reason, 60), link.remedy, old, "trying again, ^r now")
        return " · ".join(part for part in said if part)
    return view.trouble


class Timeline(Lines):
    """The line of a replay: whether the time runs and how fast, the moment, and where in the whole it is."""

    def show(self, scene: Scene) -> None:
        """Show a scene; hidden where nothing is replayed."""
        played = scene.view.playback
        self.display = played is not None
        if played is not None:
            self.set_lines([timeline(played, scene.glyphs, self.size.width or 80)])


def timeline(played: Playback, glyphs: Glyphs, width: int) -> Line:
    """Lay out the line of a replay."""
    sign = glyphs.running if played.playing else glyphs.paused
    share = (played.at - played.begin) / max(1e-9, played.end - played.begin)
    left = f" {sign} x{played.speed:g}  {wall(played.at, '%m-%d %H:%M:%S')}  "
    right = f" {100 * share:3.0f}%  Space , . < >  :at :speed "
    room = max(0, width - cell_len(left) - cell_len(right))
    return ((left, "warn"), *bar(share, room, glyphs, "accent"), (right, "dim"))


class KeyLine(Clickable):
    """The keys that matter most where the focus is, made from the registry."""

    def __init__(self) -> None:
        super().__init__("keys")

    def show_keys(self, scopes: Sequence[Scope], *, off: bool) -> None:
        """Show the keys of these scopes; those that change something step back while they are off."""
        pieces: list[tuple[Line, str]] = [(((" ", ""),), "")]
        shown = key_line(self.size.width, scopes)
        pieces += [(_piece(action, off=off and action.changes), _click(action)) for action in shown]
        self.set_pieces(pieces)


def _piece(action: Action, *, off: bool) -> Line:
    key = written(action.keys[0])
    return ((key, "dim" if off else "accent"), (f" {action.label}  ", "dim" if off else ""))


def _click(action: Action) -> str:
    if action.name.startswith("app."):
        return action.name
    name, bracket, rest = action.name.partition("(")
    return f"focused.{name}{bracket}{rest}"
