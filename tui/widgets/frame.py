"""What frames every view: the header, the banner of a session that is cut off, the line of keys."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from arctl.text import clean
from arctl.tui.keys import key_line, written
from arctl.tui.lines import Line, Span, edges, fit
from arctl.tui.state import Phase, View, uptime
from arctl.tui.widgets.paint import Lines, paint

_STANDING: dict[Phase, Span] = {
    Phase.LIVE: ("   LIVE ", "good"),
    Phase.CUT: ("   CUT OFF ", "warn"),
    Phase.CONNECTING: ("   connecting ", "warn"),
}


class Header(Lines):
    """Where this is, how long it has been up, how busy, and whether what is shown is what is."""

    def __init__(self, host_label: str) -> None:
        super().__init__(id="header")
        self._label = clean(host_label)

    def show(self, view: View, now: float) -> None:
        """Show a view."""
        self.set_lines([header_line(view, self._label, now, self.size.width)])


def header_line(view: View, label: str, now: float, width: int) -> Line:
    """Lay out the header."""
    left: list[Span] = [(" arctl ", "strong"), (f" {label or view.host}", "accent")]
    if since := uptime(view, now):
        left.append((f"  up {since}", ""))
    if view.readonly:
        left.append(("  read-only", "warn"))
    if view.stopping:
        left.append(("  the daemon is ending", "warn"))
    right: list[Span] = []
    if view.devices:
        right.append((f"{view.busy}/{len(view.devices)} busy", ""))
    for row in view.campaigns if width >= 100 else ():
        right.append((f"   {row.id} ", "dim"))
        right.append((f"{row.champion} {row.state}", ""))
        break
    return edges(tuple(left), (*right, _STANDING[view.link.phase]), width)


class Banner(Lines):
    """One amber line that says what is wrong and what to do; hidden while nothing is."""

    def show(self, view: View, now: float) -> None:
        """Show a view."""
        del now
        text = banner_text(view)
        self.display = bool(text)
        self.set_lines([((fit(" " + text, self.size.width or 200), ""),)] if text else [])


def banner_text(view: View) -> str:
    """Say what is wrong with the connection, or with the daemon itself; "" where all is well."""
    link = view.link
    if link.phase is Phase.CUT:
        old = "what is shown is old · " if view.host else ""
        return f"{clean(link.reason, 44)} · {link.remedy} · {old}trying again, ^r now"
    return view.trouble


class KeyLine(Lines):
    """The keys that matter most, made from the registry; a click is as good as a key."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._off = False

    def show(self, view: View, now: float) -> None:
        """Show a view; keys that change something step back while they are off."""
        del now
        self._off = not view.live or view.readonly
        spans: list[Span] = [(" ", "")]
        for action in key_line(self.size.width):
            off = action.changes and self._off
            spans += [
                (written(action.keys[0]), "dim" if off else "accent"),
                (f" {action.label}  ", "dim" if off else ""),
            ]
        self.set_lines([tuple(spans)])

    def render_line(self, y: int) -> Strip:
        """Paint the line with its actions behind it."""
        width, base = self.size.width, self.rich_style
        if y or not self._lines:
            return Strip.blank(width, base)
        pieces = list(self._lines[0])
        strips = [paint(self, (pieces[0],), 1, base)]
        for action, at in zip(key_line(width), range(1, len(pieces), 2), strict=False):
            part: Line = tuple(pieces[at : at + 2])
            name = action.name if action.name.startswith("app.") else f"focused.{action.name}"
            style = base + Style(meta={"@click": name})
            strips.append(paint(self, part, sum(len(text) for text, _ in part), style))
        return Strip.join(strips).adjust_cell_length(width, base)
