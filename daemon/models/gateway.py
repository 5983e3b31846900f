"""The gateway: reserves the worst case, calls, settles; holds back where a limit or a breaker says so."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from arctl.daemon.facts import ReserveCall, SettleCall
from arctl.daemon.models.faults import SERVER, Failure
from arctl.daemon.models.keys import Keys
from arctl.daemon.models.limits import CEILING, Breaker, Clock, Rates
from arctl.daemon.models.prices import Price, PriceError, Prices, bound
from arctl.daemon.models.wire import OFFICIAL, Exchange, Wire, compose
from arctl.daemon.rows import Json
from arctl.daemon.thought import BrainFault, ModelReply, ModelRequest
from arctl.errors import ArctlError
from arctl.paths import Home

Ask = Callable[[ReserveCall], Awaitable[Any]]
Report = Callable[[SettleCall], None]

#: Calls made for one request at most; each is reserved and settled by itself.
ATTEMPTS = 3
#: Seconds that one call may take at most, however long the turn may.
LONGEST = 600.0


class Gateway:
    """Makes every call of a model; `ask` has a fact written and answered, `report` has it written."""

    def __init__(self, home: Home, ask: Ask, report: Report, *, clock: Clock | None = None) -> None:
        self._ask = ask
        self._report = report
        self._clock = clock or Clock()
        self._keys = Keys(home.root / "keys")
        self._prices = Prices(home.root / "prices.toml")
        self._wire = Wire(self._clock)
        self._rates: dict[tuple[str, str], Rates] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._asking: set[asyncio.Future[Any]] = set()

    async def call(self, request: ModelRequest) -> ModelReply:
        """Return a whole, checked reply; raises `BrainFault` for everything else."""
        settings = request.settings
        model, url = settings.model or "", settings.base_url or OFFICIAL
        if not model:
            raise BrainFault("bad_request", "the brain names no model", "set [brain] model", human=True)
        key = self._keys.find(settings)
        price = self._price(model, settings.base_url)
        body = compose(request)
        rates = self._rates.setdefault((url, settings.key_env), Rates(self._clock))
        breaker = self._breakers.setdefault((url, model), Breaker(self._clock))
        for attempt in range(ATTEMPTS):
            await rates.wait()
            probe = breaker.enter()
            try:
                exchange = await self._once(request, body, url, key, price)
            except BaseException:
                if probe:
                    breaker.leave()
                raise
            failure = exchange.failure
            if failure is None and exchange.reply is not None:
                rates.passed()
                breaker.succeeded()
                return exchange.reply
            if failure is None:
                raise BrainFault("malformed", "there was no reply")
            self._learn(failure, rates, breaker)
            if not failure.repeat or attempt == ATTEMPTS - 1:
                self._give_up(failure, rates, key)
            if failure.kind != "rate_limited":
                await self._clock.sleep(max(self._clock.jitter(attempt), min(failure.after or 0.0, 5.0)))
        raise AssertionError

    async def close(self) -> None:
        """Close all connections."""
        await self._wire.close()

    # -- one call ------------------------------------------------------------------------------------------

    async def _once(
        self, request: ModelRequest, body: Json, url: str, key: str, price: Price | None
    ) -> Exchange:
        ident = await self._reserve(request, body, price)
        start = self._clock.monotonic()
        try:
            exchange = await self._wire.send(body, url, key, min(LONGEST, request.settings.timeout))
        except BaseException:
            # Nobody waits for it any more; what it cost nobody knows.
            self._report(
                SettleCall(ident, known=False, seconds=self._clock.monotonic() - start, fault="cancelled")
            )
            raise
        fault = exchange.failure.kind if exchange.failure else ""
        if exchange.usage is not None:
            usd = price.cost(exchange.usage) if price else None
            self._report(SettleCall(ident, True, usd, exchange.usage, exchange.seconds, fault))
        elif exchange.failure is not None and exchange.failure.unbilled:
            self._report(SettleCall(ident, True, 0.0, {}, exchange.seconds, fault))
        else:
            self._report(SettleCall(ident, known=False, seconds=exchange.seconds, fault=fault))
        return exchange

    async def _reserve(self, request: ModelRequest, body: Json, price: Price | None) -> str:
        """Have the worst case written down, and return the call's id; `BrainFault` where it is refused."""
        prompt, answer = bound(body), int(body["max_tokens"])
        fact = ReserveCall(
            ticket=uuid.uuid4().hex,
            campaign=request.campaign,
            agent=request.agent,
            turn=request.turn,
            model=str(body["model"]),
            usd=price.worst(prompt, answer) if price else None,
            tokens=prompt + answer,
        )
        asking = asyncio.ensure_future(self._ask(fact))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        try:
            answered = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._unused)
            raise
        except BrainFault:
            raise
        except ArctlError as error:
            raise BrainFault("budget", error.message, error.remedy, human=True) from None
        return str(answered["call"])

    def _unused(self, asking: asyncio.Future[Any]) -> None:
        """Give back what was reserved for a call that was never made."""
        if not asking.cancelled() and asking.exception() is None:
            self._report(SettleCall(str(asking.result()["call"]), known=True, usd=0.0, fault="cancelled"))

    # -- what follows --------------------------------------------------------------------------------------

    def _price(self, model: str, base_url: str | None) -> Price | None:
        try:
            return self._prices.find(model, base_url)
        except PriceError as error:
            raise BrainFault("price_unknown", error.message, error.remedy, human=True) from None

    def _learn(self, failure: Failure, rates: Rates, breaker: Breaker) -> None:
        if failure.kind == "rate_limited":
            rates.met(failure.after)
        if failure.kind in SERVER:
            breaker.failed(failure.kind, failure.message)
        elif failure.kind == "truncated":
            breaker.leave()
        else:
            breaker.succeeded()  # it answered; what it said is another matter

    def _give_up(self, failure: Failure, rates: Rates, key: str) -> NoReturn:
        fault = failure.fault(key)
        if failure.kind == "rate_limited":
            fault.retry_after = min(CEILING, max(0.0, rates.until - self._clock.monotonic()))
        raise fault from None
