"""Market data with fake routers that answer when bidden, all from the same calm moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from actors.market_data import MarketData
from actors.runtime.testing import FakeAddress, FakeContext
from core.contract import (
    TOOLS,
    AccountSummary,
    Calendar,
    CalendarEvent,
    Candle,
    CrossExchangeFunding,
    Dvol,
    DvolHistory,
    DvolPoint,
    ExchangeFunding,
    FundingHistory,
    FundingPoint,
    FundingRate,
    FxRate,
    GetOptionsChain,
    Historical,
    Holding,
    Holdings,
    IndexPrice,
    LiquidationPressure,
    Router,
    TotalEquity,
)
from core.messages.market_data import (
    EntryMarket,
    FetchSnapshot,
    GetMarks,
    Snapshot,
    SnapshotFailed,
    SnapshotKind,
)
from core.messages.mcp import Fetch, Fetched, FetchFailed, McpFault
from core.messages.room_status import Marks
from core.messages.scheduler import JobDue
from core.messages.state import BooksRead, GetBooks, RecordMarketSnapshot
from core.orders.books import Books, Job, Position
from core.rules.facts import MonitorMarket
from core.strategy import Strategy
from core.values import CycleId
from tests.core.example_market import EXPIRY, NOW, chain_of, wire_quotes

_T = TypeVar("_T")
HOUR = timedelta(hours=1)
CYCLE = CycleId("entry-20260112T140000Z")
ROUTER_OF = {tool: router for router, tool in TOOLS}


def candles(now: datetime, hours: int = 725) -> Historical:
    """Hourly bars up to the last full hour, closing at 2900 plus their age in hours."""
    return Historical(
        candles=tuple(
            Candle(
                timestamp=now - (ago + 1) * HOUR,
                open=Decimal(2900),
                high=Decimal(4000),
                low=Decimal(1000),
                close=Decimal(2900 + ago),
                volume=0.0,
            )
            for ago in range(hours, -1, -1)
        )
    )


def bar(start: datetime, close: float) -> DvolPoint:
    return DvolPoint(timestamp=start, open=60.0, high=70.0, low=50.0, close=close)


def answers(now: datetime) -> dict[str, Any]:
    """One answer of each tool, all from the same calm moment."""
    return {
        "get_index_price": IndexPrice(price=Decimal("3000.5"), timestamp=now),
        "get_dvol": Dvol(dvol=65.0, timestamp=now),
        "get_dvol_history": DvolHistory(
            points=(bar(now - 26 * HOUR, 61.0), bar(now - 25 * HOUR, 62.0), bar(now - 24 * HOUR, 63.0))
        ),
        "get_historical": candles(now),
        "get_account_summary": AccountSummary(
            equity=Decimal("10.5"),
            balance=Decimal("10"),
            available_funds=Decimal("9"),
            initial_margin=Decimal("0.5"),
            maintenance_margin=Decimal("0.4"),
        ),
        "get_funding_history": FundingHistory(
            points=tuple(
                FundingPoint(timestamp=now - n * HOUR, hourly_rate=3e-5 if n % 2 else 1e-5) for n in range(24)
            )
        ),
        "get_funding_rate": FundingRate(hourly_rate=1e-5, annualized_rate=0.0876, timestamp=now),
        "get_cross_exchange_funding": CrossExchangeFunding(
            exchanges=(
                ExchangeFunding(name="binance", annualized_rate=0.1, timestamp=now - HOUR),
                ExchangeFunding(name="Hyperliquid", annualized_rate=0.9, timestamp=now),
            )
        ),
        "get_liquidation_pressure": LiquidationPressure(
            long_usd_24h=Decimal(0), short_usd_24h=Decimal(0), level="medium"
        ),
        "get_calendar": Calendar(
            events=(CalendarEvent(name="FOMC", country="US", importance="high", scheduled_at=now + 2 * HOUR),)
        ),
        "get_total_equity": TotalEquity(equity=Decimal(200_000), currency="USD", timestamp=now),
        "get_holdings": Holdings(
            holdings=(
                Holding(asset="ETH", amount=Decimal(10), value_eur=Decimal(26_000), share=0.15),
                Holding(asset="EUR", amount=Decimal(145_000), value_eur=Decimal(145_000), share=0.85),
            )
        ),
        "get_fx_rate": FxRate(rate=1.17, timestamp=now),
        "get_options_chain": chain_of(wire_quotes(at=now), now=now),
    }


class Room:
    """Market data with fake routers that answer when bidden."""

    def __init__(self, now: datetime = NOW, *, recorder: FakeAddress | None = None) -> None:
        self.ctx = FakeContext("market_data", now=now)
        self.routers = {router: FakeAddress(f"mcp.{router.value}") for router in Router}
        self.rooms = {name: FakeAddress(name) for name in ("state", "kill_switch", "decision", "alerting")}
        self.actor = MarketData(routers=self.routers, **self.rooms, strategy=Strategy(), recorder=recorder)
        self.actor.ctx = self.ctx
        self.actor.on_start()
        self.asker = FakeAddress("decision")
        self.answered = 0
        self.positions: tuple[Position, ...] = ()

    def tell(self, message: object, sender: FakeAddress | None = None) -> None:
        with self.ctx.handling(message, sender=sender):
            self.actor.on_receive(message)

    def ask_entry(self, *held: datetime) -> None:
        self._ask(SnapshotKind.ENTRY, held)

    def ask_monitor(self) -> None:
        self._ask(SnapshotKind.MONITOR, (EXPIRY,))

    def _ask(self, kind: SnapshotKind, expirations: tuple[datetime, ...]) -> None:
        deadline = self.ctx.now() + timedelta(seconds=100)
        self.tell(
            FetchSnapshot(
                request_id="r", cycle_id=CYCLE, kind=kind, expirations=expirations, deadline=deadline
            ),
            sender=self.asker,
        )

    def due(self, slot: datetime = NOW) -> None:
        self.tell(JobDue(job=Job.MARKET_SNAPSHOT, slot=slot), sender=FakeAddress("scheduler"))

    def answer(
        self, fail: dict[str, McpFault] | None = None, but: tuple[str, ...] = (), **changes: Any
    ) -> list[str]:
        """Answer all that was asked since, and what that leads to; the tools in order."""
        tools = []
        known = answers(self.ctx.now()) | changes
        while self.answered < len(self.ctx.told):
            address, message = self.ctx.told[self.answered]
            self.answered += 1
            if isinstance(message, GetBooks) and "get_books" not in but:
                self.tell(BooksRead(request_id=message.request_id, books=self._books()))
            if not isinstance(message, Fetch):
                continue
            tools.append(message.tool)
            router = ROUTER_OF[message.tool]
            assert address is self.routers[router], f"{message.tool} was asked of {address}"
            if message.tool in but:
                continue
            if fail and message.tool in fail:
                self.tell(
                    FetchFailed(
                        request_id=message.request_id,
                        router=router,
                        tool=message.tool,
                        fault=fail[message.tool],
                        error="as the test wants it",
                        attempts=1,
                    )
                )
            else:
                self.tell(
                    Fetched(
                        request_id=message.request_id,
                        router=router,
                        tool=message.tool,
                        answer=known[message.tool],
                        sent_at=self.ctx.now(),
                        received_at=self.ctx.now(),
                    )
                )
        return tools

    def pass_time(self, seconds: float) -> None:
        for message in self.ctx.advance(seconds):
            self.tell(message)

    def sent(self, room: str, kind: type[_T]) -> list[_T]:
        return [message for message in self.ctx.told_to(room) if isinstance(message, kind)]

    def chain_request(self) -> GetOptionsChain:
        """The last request for a chain."""
        asked = [fetch.request for fetch in self.sent("mcp.deribit", Fetch)]
        return next(each for each in reversed(asked) if isinstance(each, GetOptionsChain))

    def market(self) -> EntryMarket | MonitorMarket:
        (snapshot,) = self.sent("decision", Snapshot)
        return snapshot.market

    def faults(self) -> set[str]:
        (failed,) = self.sent("decision", SnapshotFailed)
        return {fault.reason for fault in failed.faults}

    def record(self) -> RecordMarketSnapshot:
        return self.sent("state", RecordMarketSnapshot)[-1]

    def marks(self) -> Marks:
        self.tell(GetMarks(), sender=FakeAddress("control"))
        answer = self.ctx.told_to("control")[-1]
        assert isinstance(answer, Marks)
        return answer

    def _books(self) -> Books:
        return Books(as_of=self.ctx.now(), seq=1, positions=self.positions, orders=(), instructions=())
