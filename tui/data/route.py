"""Where in the interface one is: screens, what is open in them, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Screen(StrEnum):
    """The screens, in the order of their number keys."""

    OVERVIEW = "overview"
    TEAMS = "teams"
    EXPERIMENTS = "experiments"
    FORUM = "forum"
    DEAD_ENDS = "deadends"
    EFFECTS = "effects"
    LOGS = "logs"

    @property
    def number(self) -> int:
        """The key that shows it."""
        return list(Screen).index(self) + 1

    @property
    def heading(self) -> str:
        """Its name, as the tabs write it."""
        return "Dead ends" if self is Screen.DEAD_ENDS else self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Route:
    """A screen, and the id of what is open in it; "" is the screen's own list."""

    screen: Screen = Screen.OVERVIEW
    id: str = ""

    @property
    def page(self) -> str:
        """The page that shows it: a team, a direction, an agent and a proposal each have one of their own."""
        if not self.id:
            return self.screen.value
        return PAGES.get((self.screen, self.id[:1]), self.screen.value)


#: Pages for what is open in a screen, by the first letter of its id; others open within the screen's own.
PAGES = {
    (Screen.TEAMS, "t"): "team",
    (Screen.TEAMS, "h"): "direction",
    (Screen.TEAMS, "a"): "agent",
    (Screen.TEAMS, "p"): "proposal",
    (Screen.EXPERIMENTS, "e"): "experiment",
}

_HOMES = {
    "e": Screen.EXPERIMENTS,
    "t": Screen.TEAMS,
    "h": Screen.TEAMS,
    "a": Screen.TEAMS,
    "p": Screen.TEAMS,
    "m": Screen.FORUM,
    "i": Screen.FORUM,
    "d": Screen.DEAD_ENDS,
    "r": Screen.LOGS,
}


_SCREENS = frozenset(screen.value for screen in Screen)


def is_id(text: str) -> bool:
    """Tell whether a text is written like an id: a letter and a number, as `e12`."""
    return len(text) > 1 and text[0] in "ehtapmidruqg" and text[1:].isascii() and text[1:].isdigit()


def is_screen(text: str) -> bool:
    """Tell whether a text is the name of a screen, as `forum`."""
    return text in _SCREENS


def home_of(ident: str) -> Route | None:
    """Return where an id is shown: an experiment on its page, a run's log, a post in its thread."""
    kind, _, rest = ident.partition(":")
    if kind == "axis" and rest:
        return Route(Screen.EFFECTS, ident)
    if kind == "log":
        return Route(Screen.LOGS, rest)
    screen = _HOMES.get(ident[:1]) if is_id(ident) else None
    return Route(screen, ident) if screen is not None else None


@dataclass(frozen=True, slots=True)
class Trail:
    """Where one is, the way in, and where one was before; a new trail for every step."""

    here: Route = Route()
    #: The routes through which one came in, outermost first; Esc goes back through them.
    way: tuple[Route, ...] = ()
    before: Route | None = None

    def show(self, screen: Screen) -> Trail:
        """Go to a screen's own list, as the number keys do."""
        return self._to(Route(screen), ())

    def enter(self, route: Route) -> Trail:
        """Go into something; Esc comes back here."""
        if route == self.here:
            return self
        way = self.way[: self.way.index(route)] if route in self.way else (*self.way, self.here)
        return self._to(route, way[-20:])

    def back(self) -> Trail:
        """Go back the way one came; from a list to the overview."""
        if self.way:
            return self._to(self.way[-1], self.way[:-1])
        outer = Route(self.here.screen) if self.here.id else Route()
        return self._to(outer, ()) if outer != self.here else self

    def last(self) -> Trail:
        """Go to where one was before, and with the next press back again."""
        return self._to(self.before, ()) if self.before is not None else self

    def beside(self, ident: str) -> Trail:
        """Go to a sibling of what is open; the way back stays the same."""
        return replace(self, here=Route(self.here.screen, ident))

    def _to(self, route: Route, way: tuple[Route, ...]) -> Trail:
        return Trail(route, way, self.here if route != self.here else self.before)
