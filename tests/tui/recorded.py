"""Recordings: replies of a real daemon in a file, and a source that plays them with the clock standing still.

`python -m tests.tui.record` writes them. A line of the file is one reply, so that differences can be read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from arctl.errors import NotRunningError, RefusedError
from arctl.paths import Home
from arctl.places import Place
from arctl.tui import app as interface
from arctl.tui.app import ArctlApp
from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Query
from arctl.tui.data.view import View
from arctl.tui.launch import Settings
from arctl.tui.look.scene import Scene

#: Textual looks for it beside whichever class has the name.
STYLES = Path(interface.__file__).with_name("app.tcss")
FOLDER = Path(__file__).with_name("recordings")
#: What a pane says of a query that was not recorded: it is never answered.
MISSING = "asking …"
#: Seconds between two looks at what the page wants. What asks all the time is never idle, and each key that
#: a test presses waits a second for the process to be so.
LOOK = 0.2
#: Why it is cut off, in the state of that name; the words are those of a real refusal.
CUT = ("no daemon is running for /data/ada/.local/state/arctl", "run `arctl start`")

Json = dict[str, Any]


@dataclass
class Recording:
    """What a daemon said at `at` (seconds since the epoch); `places` names what to open on each page."""

    at: float
    host: str
    status: Json
    devices: list[Json]
    events: list[Json]
    places: dict[str, str]
    replies: dict[str, Any] = field(default_factory=dict)

    def reply(self, method: str, params: Json) -> Answer | None:
        """Return the recorded answer to a query; None for what was not recorded, as the end of a log."""
        found = self.replies.get(named(method, params))
        return Answer(found.get("reply"), found.get("error", "")) if found is not None else None

    def save(self, name: str) -> None:
        """Write the file."""
        parts = {
            "at": self.at, "host": self.host, "status": self.status, "devices": self.devices,
            "events": self.events, "places": self.places,
        }  # fmt: skip
        lines = [f"{json.dumps(key)}: {_compact(value)}" for key, value in parts.items()]
        kept = [f"{json.dumps(key)}: {_compact(value)}" for key, value in sorted(self.replies.items())]
        lines.append('"replies": {\n' + ",\n".join(kept) + "\n}")
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def named(method: str, params: Json) -> str:
    """Name a query as the file does."""
    return f"{method} {_compact(params)}" if params else method


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def load(name: str) -> Recording:
    """Read a recording."""
    return Recording(**json.loads((FOLDER / f"{name}.json").read_text()))


class RecordedSource:
    """Plays a recording: each query is answered from it, and every change is refused."""

    def __init__(
        self,
        recording: Recording,
        *,
        readonly: bool = False,
        changed: Callable[[], None],
        wants: Callable[[], Sequence[Query]],
    ) -> None:
        self.recording = recording
        self._changed, self._wants = changed, wants
        self.cut_off = False
        welcome = {"epoch": "recorded", "host": recording.host}
        view = views.connected(View(readonly=readonly), welcome)
        view = views.with_status(view, recording.status, recording.at)
        view = views.with_devices(view, recording.devices)
        view = views.with_events(view, recording.events)
        self.view = replace(view, link=replace(view.link, delay=0.003))

    async def run(self) -> None:
        """Answer what the page wants, until cancelled."""
        while True:
            if self._answer():
                self._changed()
            await asyncio.sleep(LOOK)

    @property
    def settled(self) -> bool:
        """Whether everything that the page wants and that was recorded is answered."""
        return not self._found()

    @property
    def pending(self) -> list[Query]:
        """What the page wants and has no answer to."""
        return [query for query in self._wants() if self.view.answer(query).at < 0]

    def _found(self) -> dict[Query, Answer]:
        found = {query: self.recording.reply(query.method, query.given) for query in self.pending}
        return {query: answer for query, answer in found.items() if answer is not None}

    def _answer(self) -> bool:
        found = self._found()
        self.view = views.with_answers(self.view, found)
        return bool(found)

    def cut(self) -> None:
        """Lose the daemon: what was seen stays."""
        self.view = views.cut(self.view, *CUT)
        self._changed()

    async def call(self, method: str, **params: Any) -> Any:
        """Answer a question from the recording; nothing can be changed."""
        if not self.view.live:
            raise NotRunningError("cut off from the daemon", CUT[1])
        answer = self.recording.reply(method, params)
        if answer is None:
            raise RefusedError("nothing can be changed in a recording")
        if answer.error:
            raise RefusedError(answer.error)
        return answer.reply

    def choose(self, campaign: str) -> None:
        """Show another campaign."""
        self.view = views.choose(self.view, campaign)

    def look(self) -> None:
        """Answer at once what the page wants by now."""
        self._answer()

    def resync(self) -> None:
        """Have nothing newer to say."""


class RecordedApp(ArctlApp):
    """The interface on a recording; its clock stands still."""

    CSS_PATH = STYLES

    def __init__(self, recording: Recording, **settings: Any) -> None:
        self.recording = recording
        super().__init__(Home(Path("/nowhere")), Settings(host_label="ws-01", **settings))

    def make_source(self, place: Home | Place) -> RecordedSource:
        """Return the recording as a source."""
        del place
        return RecordedSource(
            self.recording, readonly=self.settings.readonly, changed=self.flush, wants=self.wants
        )

    @property
    def scene(self) -> Scene:
        """What is shown, at the time of the recording."""
        return replace(super().scene, now=self.recording.at)
