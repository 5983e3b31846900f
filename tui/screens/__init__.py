"""One module for each screen: its panes, how they share the room, and what they want to know.

A pane turns a scene into lines and does no I/O; keys that change something are carried out by the app.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arctl.tui.widgets.page import Page

#: Where the page of each route lives; imported when it is first shown, for the sake of the first frame.
PAGES = {
    "overview": "overview:Overview",
    "teams": "teams:Teams",
    "team": "team:TeamPage",
    "direction": "direction:DirectionPage",
    "agent": "agent:AgentPage",
    "proposal": "proposal:ProposalPage",
    "experiments": "experiments:Experiments",
    "experiment": "experiment:ExperimentPage",
    "forum": "forum:Forum",
    "deadends": "deadends:DeadEnds",
    "effects": "effects:Effects",
    "logs": "logs:Logs",
}


def page(name: str) -> Page:
    """Make the page of a route."""
    module, _, cls = PAGES[name].partition(":")
    found: Page = getattr(import_module(f"arctl.tui.screens.{module}"), cls)()
    return found
