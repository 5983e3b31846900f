"""All pages of the interface, with what each of them opens, at the sizes that matter."""

from __future__ import annotations

from importlib.util import find_spec

from arctl.tui.data.route import PAGES as INNER
from arctl.tui.data.route import Route, Screen
from arctl.tui.screens import PAGES

SIZES = ((80, 24), (120, 36), (200, 60))

#: Places that are the same page as another, with something else open in it.
OPENED = {"thread": Screen.FORUM, "deadend": Screen.DEAD_ENDS, "axis": Screen.EFFECTS, "run": Screen.LOGS}


def built(page: str) -> bool:
    """Tell whether the module of a page exists."""
    module = PAGES[page].partition(":")[0]
    return find_spec(f"arctl.tui.screens.{module}") is not None


def routes(places: dict[str, str]) -> dict[str, Route]:
    """Return the route of each page that there is; pages of one thing need its id from the recording."""
    inner = {page: screen for (screen, _), page in INNER.items()}
    found = {}
    for page in PAGES:
        if not built(page):
            continue
        if page not in inner:
            found[page] = Route(Screen(page))
        elif page in places:
            found[page] = Route(inner[page], places[page])
    for name, screen in OPENED.items():
        if name in places and built(screen.value):
            found[name] = Route(screen, places[name])
    return found
