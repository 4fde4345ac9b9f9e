"""A hand-written market for the venue's tests: two expiries, flat quotes, an index that a test sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.contract import iso_utc
from core.values import OptionType
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.instruments import ListedOption, option
from gateway.paper.quotes import PaperQuote
from gateway.paper.source import Bar, Hole, HourlyFunding, ScheduledRelease, VenueFunding
from gateway.paper.venue import Venue
from gateway.shell.bodies import HttpAnswer

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 1, 17, 8, 0, tzinfo=UTC)
SHORT_PUT, LONG_PUT = "ETH-16JAN26-2800-P", "ETH-16JAN26-2600-P"
STRIKES = (2600, 2800, 3000, 3200, 3400)
TOKEN = "secret-token"


class FakeMarket:
    """Every option quotes 0.0100 / 0.0110 with size 5 until a test says otherwise."""

    name = "fake"
    assumes = ()

    def __init__(self) -> None:
        self.index = 3000.0
        self.delivery = 3000.0
        self.end: datetime | None = None
        self.touch: dict[str, tuple[int | None, int | None]] = {}
        self.size = 5.0

    @property
    def start(self) -> datetime:
        return START

    @property
    def holes(self) -> Sequence[Hole]:
        return ()

    def index_usd(self, at: datetime) -> float:
        return self.index

    def dvol_pct(self, at: datetime) -> float:
        return 60.0

    def delivery_price_usd(self, expiry: datetime) -> float:
        return self.delivery

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        hours = int((end - start) / timedelta(hours=1))
        return [Bar(start + timedelta(hours=i), 1.0, 4.0, 0.5, 2.0, 10.0) for i in range(hours)]

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self.index_bars(start, end)

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        return [HourlyFunding(end.replace(minute=0, second=0, microsecond=0), 1e-5)]

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        return [VenueFunding("fake", 0.05, at)]

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        return []

    def expiries(self, at: datetime) -> Sequence[datetime]:
        return [expiry for expiry in (FRIDAY, SATURDAY) if expiry > at]

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        return [option(expiry, k, kind) for k in STRIKES for kind in (OptionType.CALL, OptionType.PUT)]

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        return [q for i in self.instruments(at, expiry) if (q := self.quote(at, i)) is not None]

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        if instrument.expiration not in self.expiries(at) or instrument.strike_usd not in STRIKES:
            return None
        bid, ask = self.touch.get(instrument.name, (100, 110))
        size, delta = self.size, 0.2 if instrument.is_call else -0.2
        return PaperQuote(
            instrument, bid, ask, size, size, 0.0105, 60.0, delta, 0.001, -1.0, 2.0, 900.0, 90.0, self.index
        )

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self.quote(at, instrument)

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        quote = self.quote(at, instrument)
        return None if quote is None else quote.mark_eth


class MemoryKeeper:
    """Keeps nothing but how often it was asked to."""

    def __init__(self) -> None:
        self.saves = 0

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None:
        account.take_changes()
        self.saves += 1

    def load(self) -> tuple[datetime, Account, dict[str, int]] | None:
        return None


class Desk:
    """The front desk with a caller's conveniences: tools by name, JSON in and out, a clock to move."""

    def __init__(self, *faults: str, balance: str = "10", seed: int = 1) -> None:
        self.market = FakeMarket()
        self.now = START
        self.venue = Venue(self.market, Account(Decimal(balance)), START, Assumptions())
        self.keeper = MemoryKeeper()
        specs = [FaultSpec.parse(text) for text in faults]
        self.dispatch = Dispatch(self.venue, TOKEN, Faults(specs, seed, {}), self.keeper)
        self.headers = {"authorization": f"Bearer {TOKEN}", "x-bot-tag": "BOT__TEST"}

    def raw(self, router: str, tool: str, body: bytes = b"{}", **headers: str) -> HttpAnswer:
        """One call, as it is."""
        return self.dispatch(self.now, router, tool, {**self.headers, **headers}, body)

    def call(self, tool: str, /, **fields: object) -> dict[str, object]:
        """One call to deribit that must be answered with 200."""
        return self.call_of("deribit", tool, **fields)

    def call_of(self, router: str, tool: str, /, **fields: object) -> dict[str, object]:
        """One call to any router that must be answered with 200."""
        answer = self.raw(router, tool, json.dumps(fields, default=str).encode())
        assert answer.status == 200, answer.body
        result: dict[str, object] = json.loads(answer.body)
        return result

    def later(self, **delta: float) -> None:
        """Move the caller's clock on."""
        self.now += timedelta(**delta)

    def placement(self, **changes: object) -> dict[str, object]:
        """A bull put of 2800/2600 at its natural price: 0.0100 - 0.0110 < 0, so bids are set richer here."""
        self.market.touch.setdefault(SHORT_PUT, (200, 210))
        order: dict[str, object] = {
            "legs": [
                {"instrument_name": SHORT_PUT, "side": "sell", "ratio": 1},
                {"instrument_name": LONG_PUT, "side": "buy", "ratio": 1},
            ],
            "amount": "2",
            "side": "sell",
            "type": "limit",
            "price": "0.0090",
            "label": "p1:e1",
            "valid_until": iso_utc(self.now + timedelta(seconds=3)),
        }
        return order | changes

    def exit(self, **changes: object) -> dict[str, object]:
        """What closes `placement`."""
        legs = [
            {"instrument_name": SHORT_PUT, "side": "buy", "ratio": 1},
            {"instrument_name": LONG_PUT, "side": "sell", "ratio": 1},
        ]
        closing = {"legs": legs, "side": "buy", "price": "-0.0110", "label": "p1:x1", "reduce_only": True}
        return self.placement(**(closing | changes))

    def place(self, **changes: object) -> dict[str, object]:
        """Place `placement` and answer the order."""
        order = self.call("place_combo_order", **self.placement(**changes))["order"]
        assert isinstance(order, dict)
        return order

    def order(self, label: str) -> dict[str, object]:
        """The order under a label."""
        order = self.call("get_order_by_label", label=label)["order"]
        assert isinstance(order, dict)
        return order

    def rows(self, tool: str, field: str, /, **fields: object) -> list[dict[str, object]]:
        """The list in a tool's answer."""
        rows = self.call(tool, **fields)[field]
        assert isinstance(rows, list)
        return rows

    def labels(self, tool: str, /, **fields: object) -> list[object]:
        """The labels of the orders in a tool's answer."""
        return [order["label"] for order in self.rows(tool, "orders", **fields)]
