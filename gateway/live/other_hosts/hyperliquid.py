"""Funding of Hyperliquid's perpetual, always of its mainnet: `POST /info {"type": "fundingHistory"}`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from core.contract import FundingHistory, FundingPoint, FundingRate, GetFundingHistory, GetFundingRate
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, StaleError
from gateway.live.fields import ms_of, rows_of
from gateway.live.kept import Kept
from gateway.live.market.index_hours import floor_hour
from gateway.live.market.instruments import COIN
from gateway.live.other_hosts.outside import Host, Outside
from gateway.shell.refusals import MalformedRequestError

ROWS_MAX: Final = 500
"""The host answers with the oldest rows, no more than so many."""
PAGES_MAX: Final = 20
KEPT_S: Final = 60.0
HOURS_PER_YEAR: Final = 8760
LOOK_BACK: Final = timedelta(hours=3)


class HyperliquidFunding:
    """The rates that were settled, each for the hour before it."""

    def __init__(
        self, outside: Outside, now: Callable[[], datetime], clock: Callable[[], float] = monotonic
    ) -> None:
        self._outside = outside
        self._now = now
        self._kept: Kept[tuple[datetime, datetime], tuple[FundingPoint, ...]] = Kept(self._ask, KEPT_S, clock)

    async def rate(self, request: GetFundingRate, deadline: Deadline) -> FundingRate:
        """The last rate that was settled, not the one that is forecast."""
        _require_coin(request.coin)
        # The same question for an hour, so that it is kept.
        first = floor_hour(self._now()) - LOOK_BACK
        points = await self._kept.get((first, first + 2 * LOOK_BACK), deadline)
        if not points:
            raise StaleError(f"fundingHistory: no rate of {COIN} since {first:%Y-%m-%dT%H:%MZ}")
        last = points[-1]
        return FundingRate(
            hourly_rate=last.hourly_rate,
            annualized_rate=last.hourly_rate * HOURS_PER_YEAR,
            timestamp=last.timestamp,
        )

    async def history(self, request: GetFundingHistory, deadline: Deadline) -> FundingHistory:
        """The rates with a time in [start, end], oldest first."""
        _require_coin(request.coin)
        if request.end < request.start:
            raise MalformedRequestError("end: expected not before start")
        return FundingHistory(points=await self._kept.get((request.start, request.end), deadline))

    async def _ask(self, span: tuple[datetime, datetime], deadline: Deadline) -> tuple[FundingPoint, ...]:
        """One rate an hour: rows are some milliseconds after it, and served as they are."""
        start, end = span
        by_hour: dict[datetime, FundingPoint] = {}
        from_ms, end_ms = ms_of(start), ms_of(end)
        for _ in range(PAGES_MAX):
            asked = {"type": "fundingHistory", "coin": COIN, "startTime": from_ms, "endTime": end_ms}
            found = await self._outside.post_json(Host.HYPERLIQUID, "/info", deadline, asked)
            rows = list(rows_of(found, "fundingHistory"))
            for row in rows:
                if row.text("coin") != COIN:
                    raise AnomalyError(f"fundingHistory.coin: expected {COIN}, found {row.text('coin')!r}")
                at = row.time("time")
                if start <= at <= end:
                    point = FundingPoint(timestamp=at, hourly_rate=row.number("fundingRate"))
                    by_hour.setdefault(floor_hour(at), point)
            if len(rows) < ROWS_MAX:
                return tuple(by_hour[hour] for hour in sorted(by_hour))
            from_ms = ms_of(max(row.time("time") for row in rows)) + 1
        raise AnomalyError(f"fundingHistory: expected at most {PAGES_MAX} pages, found more")


def _require_coin(coin: str) -> None:
    if coin != COIN:
        raise MalformedRequestError(f"coin: expected {COIN}, found {coin!r}")
