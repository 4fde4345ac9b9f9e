"""Everything that the tools read from, put together from the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from time import monotonic, time
from typing import Final, assert_never

import httpx

from core.contract import (
    Calendar,
    CoinRequest,
    GetCalendar,
    GetFundingRate,
    GetFxRate,
    LiquidationPressure,
    Router,
)
from core.errors import InputError
from core.how_many import how_many
from gateway.live.account.holdings import read_holdings
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, OutsideError
from gateway.live.events.calendar import read_calendar
from gateway.live.fields import AnswerFields, as_time
from gateway.live.market.history import DeribitHistory
from gateway.live.market.instruments import COIN
from gateway.live.market.present import DeribitMarket
from gateway.live.orders.placing import PlacingStep
from gateway.live.other_hosts.exchanges import ExchangesFunding
from gateway.live.other_hosts.fx import Fx
from gateway.live.other_hosts.hyperliquid import HyperliquidFunding
from gateway.live.other_hosts.liquidations import OkxLiquidations, Thresholds
from gateway.live.other_hosts.outside import Host, Outside
from gateway.live.settings import LiveSettings
from gateway.live.store import StateFolder
from gateway.live.trading import AccountTrading
from gateway.live.venue.clock import OFF_AT_ALL_MAX_S, VenueClock
from gateway.live.venue.limits import GRANTS, Grant, Limits, Priority
from gateway.live.venue.methods import Bucket, Method
from gateway.live.venue.reads import DeribitReads
from gateway.live.venue.rights import require_narrow, rights_of
from gateway.live.venue.wire import DeribitWire, http_client

logger = logging.getLogger(__name__)
DERIBIT_SILENT_MAX_S, OTHERS_SILENT_MAX_S = 20.0, 90.0
"""Without an answer for so long, a host is asked for something before its router is called healthy."""
LOCKED: Final = (True, "true", "partial")
"""The venue's documents show a flag in one place and words in another."""


class LiveSources:
    """The venue, the hosts beside it, and what the gateway records of them."""

    def __init__(
        self,
        settings: LiveSettings,
        client: httpx.AsyncClient | None = None,
        *,
        bases: Mapping[Host, str] | None = None,
        wall_s: Callable[[], float] = time,
        clock: Callable[[], float] = monotonic,
        grants: Mapping[Bucket, Grant] = GRANTS,
        reach: Callable[[PlacingStep], None] = lambda _: None,
    ) -> None:
        """`reach` is told each failpoint of a placement.

        Raises `InputError` if the state folder, the calendar or the holdings can't be used.
        """
        self.settings = settings
        self.calendar = read_calendar(settings.calendar)
        beside = read_holdings(settings.holdings)
        self.folder = StateFolder(settings.state_dir)
        self.latch: str | None = None
        """Why every tool of the venue refuses until the gateway is started again."""
        self.rights: frozenset[str] = frozenset()
        """What the key may do; nothing without one."""
        self.monotonic_s = clock
        self._client = http_client() if client is None else client
        self.clock = VenueClock(wall_s)
        self.limits = Limits(clock, grants)
        wire = DeribitWire(
            self._client,
            settings.base_url,
            settings.environment == "testnet",
            self.clock,
            settings.key,
            wall_s,
            self._latch,
        )
        self.reads = DeribitReads(wire, self.limits, clock, self._latch)
        self._outside = outside = Outside(self._client, bases or _bases(settings), clock)
        now = self.clock.now
        self.market = DeribitMarket(self.reads, clock)
        self.history = DeribitHistory(self.reads, self.folder, clock)
        self.hyperliquid = HyperliquidFunding(outside, now, clock)
        self.exchanges = ExchangesFunding(outside, settings.funding_sources, now, clock)
        self.fx = Fx(outside, self.folder, now, self._index, clock)
        thresholds = Thresholds(settings.medium_usd, settings.high_usd)
        self.okx = OkxLiquidations(outside, self.folder, thresholds, now, clock)
        self.trading: AccountTrading | None = None
        """The account; None without a key."""
        if settings.key is not None:
            self.trading = AccountTrading(
                settings,
                self.reads,
                self.limits,
                self.folder,
                self.fx,
                beside,
                clock=clock,
                on_latched=self._latch,
                reach=reach,
            )
        self._of_the_start: list[str] = []

    @property
    def account(self) -> str:
        """What the engine binds its books to; without a key there is no account."""
        number = "no-key" if self.trading is None else self.trading.whose.number
        return f"deribit:{self.settings.environment}:{number}"

    async def start(self, deadline: Deadline) -> None:
        """Ask for the venue's time, whether it is open, and what the key may do. Raises `InputError`."""
        key = self.settings.key
        try:
            await self.venue_time(deadline)
            status = await self._ask(Method.STATUS, deadline)
            if key is not None:
                self.rights = await rights_of(key, self.reads, deadline)
                require_narrow(self.rights)
            if self.trading is not None:
                self._of_the_start = await self.trading.start(self.rights, deadline)
        except OutsideError as error:
            raise InputError(f"{self.settings.base_url}: {error}") from error
        if AnswerFields(status, "status").value("locked") in LOCKED:
            logger.warning("the venue is locked now; it is asked again as it is needed")

    async def venue_time(self, deadline: Deadline) -> datetime:
        """The venue's time, asked for now. Raises an `OutsideError`."""
        answer = await self.reads.read(Method.GET_TIME, {}, deadline, Priority.ORDERS)
        at = as_time(answer.us_out // 1000 if answer.us_out else answer.result, "get_time")
        offset_s = self.clock.offset_s
        if abs(offset_s) > OFF_AT_ALL_MAX_S:
            raise AnomalyError(
                f"clock: expected within {OFF_AT_ALL_MAX_S:g} s of the venue's, found {offset_s:+.1f} s"
            )
        return at

    async def unwell(self, router: Router, deadline: Deadline) -> str | None:
        """Why a router can't be used now; None if it can. The venue is asked if it was silent for a while."""
        if router is Router.DERIBIT and self.latch is not None:
            return self.latch
        try:
            match router:
                case Router.DERIBIT:
                    answered = self.reads.answered_at_s
                    if answered is None or self.monotonic_s() - answered > DERIBIT_SILENT_MAX_S:
                        await self.venue_time(deadline)
                case Router.HYPERLIQUID:
                    if not self._heard_of((Host.HYPERLIQUID,)):
                        await self.hyperliquid.rate(GetFundingRate(coin=COIN), deadline)
                case Router.SENTIMENT:
                    if not self._heard_of((Host.BINANCE, Host.OKX, Host.BYBIT)):
                        await self.exchanges.funding(CoinRequest(coin=COIN), deadline)
                case Router.PORTFOLIO:
                    if not self._heard_of((Host.ECB,)):
                        await self.fx.rate(GetFxRate(base="EUR", quote="USD"), deadline)
                case Router.MACRO:
                    # The calendar is a file: there is nobody to ask, and its end is refused by the tool.
                    pass
                case _:
                    assert_never(router)
        except OutsideError as error:
            return str(error)
        return None

    def _heard_of(self, hosts: Iterable[Host]) -> bool:
        """Whether one of them has answered a short while ago."""
        answered = self._outside.answered_at_s
        now_s = self.monotonic_s()
        return any(now_s - answered.get(host, float("-inf")) <= OTHERS_SILENT_MAX_S for host in hosts)

    async def events(self, request: GetCalendar) -> Calendar:
        """The events of the calendar's file."""
        return self.calendar.answer(request)

    async def liquidation_pressure(self, request: CoinRequest) -> LiquidationPressure:
        """From the record, or as the settings assume it."""
        assumed = self.settings.liquidations
        if assumed == "okx":
            return await self.okx.pressure(request)
        return LiquidationPressure.model_validate(
            {"long_usd_24h": Decimal(0), "short_usd_24h": Decimal(0), "level": assumed}
        )

    def assumptions(self) -> list[str]:
        """What the gateway assumes because nobody publishes it; said at the start."""
        said = [
            "the index has no candles: bars go from one hour's index to the next, older hours follow the "
            "perpetual",
            f"liquidation pressure is medium from {self.settings.medium_usd:,.0f} USD a day, high from "
            f"{self.settings.high_usd:,.0f} USD: uncalibrated",
        ]
        if self.settings.liquidations != "okx":
            said[1] = (
                f"liquidation pressure is assumed to be {self.settings.liquidations}; nothing is measured"
            )
        if self.settings.key is not None and self.settings.holdings is None:
            said.append("all equity is at the venue: there is no file of holdings")
        if self.market.marks_off:
            said.append(f"{self.market.marks_off} marks contradicted the venue's own summary")
        return said

    def warnings(self) -> list[str]:
        """What a person should know and do something about."""
        return [told for router in Router for told in self.warnings_of(router)]

    def warnings_of(self, router: Router) -> list[str]:
        """Those that are about one router; its health page shows them."""
        if router is Router.MACRO:
            told = self.calendar.warning(self.clock.now())
            return [] if told is None else [told]
        if router is not Router.DERIBIT:
            return []
        said = [*self._of_the_start]
        if self.limits.refusals:
            said.append(
                f"the venue said {how_many(self.limits.refusals, 'time')} that it was asked too often"
            )
        if self.market.marks_off:
            said.append(f"{self.market.marks_off} marks contradicted the venue's own summary")
        return said

    async def close(self) -> None:
        """Wait for what was sent, and close connections and the state folder."""
        if self.trading is not None:
            await self.trading.finish()
        await self.market.close()
        await self._client.aclose()
        self.folder.close()

    async def _index(self, name: str, deadline: Deadline) -> Decimal:
        asked = {"index_name": name}
        answer = await self.reads.read(Method.GET_INDEX_PRICE, asked, deadline, Priority.HISTORY)
        return AnswerFields(answer.result, "get_index_price").positive("index_price")

    async def _ask(self, method: Method, deadline: Deadline) -> object:
        return (await self.reads.read(method, {}, deadline, Priority.ACCOUNT)).result

    def _latch(self, why: str) -> None:
        if self.latch is None:
            logger.error("every tool of the venue refuses from now on: %s", why)
            self.latch = why


def _bases(settings: LiveSettings) -> dict[Host, str]:
    """Where the hosts are, if they are all simulated in one place."""
    url = settings.others_url
    return {} if url is None else {host: f"{url}/{host.name.lower()}" for host in Host}
