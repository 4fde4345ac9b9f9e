"""Forced closes of ETH's swaps at OKX, recorded here, as the pressure of the last day.

OKX hands out the last day or so, page by page, so the gateway looks every two minutes and keeps what it
saw. The first answer comes when a whole day is covered. Two thresholds make three levels of the sum of both
sides; they are an assumption that nobody has calibrated, and settings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final, NamedTuple

from core.contract import CoinRequest, LiquidationPressure
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, StaleError
from gateway.live.fields import AnswerFields, ms_of
from gateway.live.kept import Kept
from gateway.live.market.instruments import COIN
from gateway.live.other_hosts.outside import Host, Outside
from gateway.live.store import Liquidation, StateFolder
from gateway.shell.refusals import MalformedRequestError

logger = logging.getLogger(__name__)
EVERY_S: Final = 120.0
DAY: Final = timedelta(hours=24)
UNCOVERED_MAX: Final = timedelta(minutes=15)
LATE_MAX: Final = timedelta(minutes=10)
"""A close may be published so long after it: each look begins so much before the end of the last."""
KEPT: Final = timedelta(days=2)
"""Twice as long as anything looks back, so that a clock that is a little ahead drops nothing of that."""
PAGES_MAX: Final = 60
PAGE: Final = 100
COVERED_SINCE, COVERED_UNTIL = "liquidations_covered_since", "liquidations_covered_until"
CONTRACT_KEPT_S: Final = 86_400.0
CENT: Final = Decimal("0.01")


class Family(NamedTuple):
    """One kind of swap: its name, and what one contract is counted in."""

    name: str
    in_coin: bool
    """Whether a contract is so many ETH; else so many USD."""


FAMILIES: Final = (Family("ETH-USDT", True), Family("ETH-USD", False))


class Thresholds(NamedTuple):
    """From which sum of both sides of a day, in USD, the pressure is medium and high."""

    medium_usd: Decimal
    high_usd: Decimal


class OkxLiquidations:
    """The recorder of forced closes, and what it makes of the last day."""

    def __init__(
        self,
        outside: Outside,
        folder: StateFolder,
        thresholds: Thresholds,
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._outside = outside
        self._folder = folder
        self._thresholds = thresholds
        self._now = now
        self._sizes: Kept[Family, Decimal] = Kept(self._contract_size, CONTRACT_KEPT_S, clock)

    async def pressure(self, request: CoinRequest) -> LiquidationPressure:
        """What was closed by force in the last 24 h. Raises `StaleError` unless the record covers it."""
        if request.coin != COIN:
            raise MalformedRequestError(f"coin: expected {COIN}, found {request.coin!r}")
        now = self._now()
        since, until = self._covered()
        if since is None or until is None or since > now - DAY:
            shown = "nothing yet" if since is None else f"the time since {since:%Y-%m-%dT%H:%MZ}"
            raise StaleError(f"liquidations: expected a record of 24 h, found {shown}")
        if until - now > UNCOVERED_MAX:
            shown = f"{until:%Y-%m-%dT%H:%MZ}"
            raise StaleError(f"liquidations: they were recorded by a clock that was ahead, up to {shown}")
        if now - until > UNCOVERED_MAX:
            raise StaleError(f"liquidations: nothing was recorded since {until:%Y-%m-%dT%H:%MZ}")
        found = self._folder.liquidations(ms_of(now - DAY))
        long_usd = sum((each.usd for each in found if each.side == "long"), Decimal(0))
        short_usd = sum((each.usd for each in found if each.side == "short"), Decimal(0))
        both = long_usd + short_usd
        level = "high" if both >= self._thresholds.high_usd else "low"
        if level == "low" and both >= self._thresholds.medium_usd:
            level = "medium"
        return LiquidationPressure.model_validate(
            {
                "long_usd_24h": long_usd.quantize(CENT),
                "short_usd_24h": short_usd.quantize(CENT),
                "level": level,
            }
        )

    async def record(self, deadline: Deadline) -> None:
        """Read back to what is recorded already. Raises an `OutsideError` with what was read so far kept."""
        began = self._now()
        since, until = self._covered()
        if until is not None and until > began:
            # By a clock that was ahead: how far the record really goes, nobody knows.
            until = None
        wanted = began - DAY if until is None or until < began - DAY else until - LATE_MAX
        reached = [await self._record_family(family, wanted, deadline) for family in FAMILIES]
        first = max(reached)
        if since is None or until is None or first > until:
            self._folder.put_fact(COVERED_SINCE, first.isoformat())
        self._folder.put_fact(COVERED_UNTIL, began.isoformat())
        self._folder.drop_liquidations(ms_of(began - KEPT))

    async def _record_family(self, family: Family, wanted: datetime, deadline: Deadline) -> datetime:
        """Record one family back to `wanted`. Returns since when it is complete."""
        size = await self._sizes.get(family, deadline)
        query = {"instType": "SWAP", "instFamily": family.name, "state": "filled", "limit": str(PAGE)}
        oldest: datetime | None = None
        for _ in range(PAGES_MAX):
            found = _data(
                await self._outside.get_json(
                    Host.OKX, "/api/v5/public/liquidation-orders", deadline, **query
                ),
                "liquidation-orders",
            )
            details = [detail for group in found for detail in group.rows("details")]
            if not details:
                # Nothing older is handed out: what there is reaches back to where the host's own record does.
                return wanted if oldest is None else min(oldest, wanted)
            self._folder.add_liquidations(_liquidation(detail, family, size) for detail in details)
            last = min(detail.time("ts") for detail in details)
            if last <= wanted:
                return wanted
            if oldest is not None and last > oldest:
                raise AnomalyError(f"liquidation-orders.ts: expected not after {oldest}, found {last}")
            # The next page begins with this moment once more, for it may hold more closes; but not for ever.
            query["after"] = str(ms_of(last) + (last != oldest))
            oldest = last
        return oldest if oldest is not None else self._now()

    async def _contract_size(self, family: Family, deadline: Deadline) -> Decimal:
        path, instrument = "/api/v5/public/instruments", f"{family.name}-SWAP"
        answer = await self._outside.get_json(Host.OKX, path, deadline, instType="SWAP", instId=instrument)
        for row in _data(answer, "instruments"):
            if row.text("instId") == instrument:
                return row.positive("ctVal")
        raise AnomalyError(f"instruments: expected {instrument}, found it not listed")

    def _covered(self) -> tuple[datetime | None, datetime | None]:
        kept = (self._folder.fact(name) for name in (COVERED_SINCE, COVERED_UNTIL))
        since, until = (None if each is None else datetime.fromisoformat(each) for each in kept)
        return since, until


def _data(answer: object, what: str) -> list[AnswerFields]:
    found = AnswerFields(answer, what)
    if found.text("code") != "0":
        raise AnomalyError(f"{what}.code: expected 0, found {found.text('code')!r}")
    return list(found.rows("data"))


def _liquidation(row: AnswerFields, family: Family, size: Decimal) -> Liquidation:
    """A forced close in USD: a sold one closed a long. `posSide` is not asked: it can be `net`."""
    at, side, contracts, price = row.time("ts"), row.text("side"), row.positive("sz"), row.positive("bkPx")
    if side not in ("buy", "sell"):
        raise AnomalyError(f"liquidation-orders.side: expected buy or sell, found {side!r}")
    usd = contracts * size * price if family.in_coin else contracts * size
    at_ms = ms_of(at)
    key = f"{family.name}:{at_ms}:{side}:{contracts}:{price}"
    return Liquidation("okx", key, at_ms, "long" if side == "sell" else "short", usd.quantize(CENT))
