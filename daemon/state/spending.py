"""What models cost so far: sums that a reservation is checked against, kept as calls come and settle."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from arctl.daemon.rows import Call, CallState

DAY = 86_400.0


@dataclass(slots=True)
class Sum:
    """US dollars and tokens; an unsettled call counts with all that it may cost."""

    usd: float = 0.0
    tokens: int = 0

    def add(self, usd: float, tokens: int) -> None:
        """Count a call, or a difference."""
        self.usd += usd
        self.tokens += tokens


@dataclass(slots=True)
class _Entry:
    """One call of the last day, as it counts now."""

    at: float
    usd: float
    tokens: int


def tokens_of(call: Call) -> int:
    """Return the tokens that a call counts for: what it used, or all that was reserved."""
    if call.state is not CallState.SETTLED:
        return call.reserved_tokens
    return call.input_tokens + call.output_tokens + call.cache_read_tokens + call.cache_write_tokens


def usd_of(call: Call) -> float:
    """Return the US dollars that a call counts for."""
    if call.state is not CallState.SETTLED:
        return call.reserved
    return call.usd or 0.0


@dataclass
class Spending:
    """Sums by campaign, agent and day; of the calls themselves only those that are not settled are kept."""

    open: dict[str, Call] = field(default_factory=dict)
    campaigns: dict[str, Sum] = field(default_factory=dict)
    agents: dict[tuple[str, str], Sum] = field(default_factory=dict)
    #: The calls of the last day, oldest first.
    _days: dict[str, deque[_Entry]] = field(default_factory=dict)
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def apply(self, call: Call) -> None:
        """Take a call as it now is."""
        before = self.open.pop(call.id, None)
        usd = usd_of(call) - (usd_of(before) if before else 0.0)
        tokens = tokens_of(call) - (tokens_of(before) if before else 0)
        self.campaigns.setdefault(call.campaign, Sum()).add(usd, tokens)
        self.agents.setdefault((call.campaign, call.agent), Sum()).add(usd, tokens)
        entry = self._entries.pop(call.id, None)
        if before is None:
            entry = _Entry(call.created, usd, tokens)
            days = self._days.setdefault(call.campaign, deque())
            days.append(entry)
            while days and days[0].at < call.created - DAY:
                days.popleft()
        elif entry is not None:
            entry.usd += usd
            entry.tokens += tokens
        if call.state is CallState.RESERVED:
            self.open[call.id] = call
            if entry is not None:
                self._entries[call.id] = entry

    def campaign(self, campaign: str) -> Sum:
        """Return what a campaign cost."""
        return self.campaigns.get(campaign, Sum())

    def agent(self, campaign: str, agent: str) -> Sum:
        """Return what an agent cost, by its name."""
        return self.agents.get((campaign, agent), Sum())

    def day(self, campaign: str, now: float) -> Sum:
        """Return what a campaign cost in the last 24 hours."""
        total = Sum()
        for entry in self._days.get(campaign, ()):
            if entry.at >= now - DAY:
                total.add(entry.usd, entry.tokens)
        return total

    def room(self, campaign: str, now: float, usd: float, tokens: int) -> float:
        """Return in how many seconds so much of the last day's spending will have passed out of the day."""
        for entry in self._days.get(campaign, ()):
            if entry.at < now - DAY:
                continue
            usd, tokens = usd - entry.usd, tokens - entry.tokens
            if usd <= 0 and tokens <= 0:
                return max(1.0, entry.at + DAY - now)
        return DAY
