"""Funding of ETH's perpetual at other exchanges: the mean of what was paid in the last day, as a yearly rate.

A file of this kind adds an exchange by a function that reads its rows; the intervals between payments are
read off the rows, because exchanges change them from 8 hours to 4 or 1.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Final, NamedTuple

from core.contract import CoinRequest, CrossExchangeFunding, ExchangeFunding
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, OutsideError, StaleError
from gateway.live.fields import AnswerFields, ms_of, rows_of
from gateway.live.kept import Kept
from gateway.live.market.instruments import COIN
from gateway.live.other_hosts.outside import Host, Outside
from gateway.shell.refusals import MalformedRequestError

logger = logging.getLogger(__name__)
KEPT_S: Final = 300.0
DAY: Final = timedelta(hours=24)
HOUR: Final = timedelta(hours=1)
COVERED_MIN: Final = timedelta(hours=16)
"""What the rows of the last day must cover to stand for it."""
HOURS_PER_YEAR: Final = 8760
SAID_AGAIN_AFTER_S: Final = 86_400.0


class Paid(NamedTuple):
    """One payment: when, and the rate for the interval before it, a fraction."""

    at: datetime
    rate: float


Ask = Callable[[Outside, datetime, Deadline], Awaitable[list[Paid]]]


async def binance(outside: Outside, now: datetime, deadline: Deadline) -> list[Paid]:
    """`GET /fapi/v1/fundingRate`: rows since a time, at most 100."""
    since = str(ms_of(now - 2 * DAY))
    found = await outside.get_json(
        Host.BINANCE, "/fapi/v1/fundingRate", deadline, symbol="ETHUSDT", startTime=since, limit="100"
    )
    return [Paid(row.time("fundingTime"), row.number("fundingRate")) for row in rows_of(found, "fundingRate")]


async def okx(outside: Outside, now: datetime, deadline: Deadline) -> list[Paid]:  # noqa: ARG001
    """`GET /api/v5/public/funding-rate-history`: `realizedRate` was paid, `fundingRate` is a forecast."""
    found = AnswerFields(
        await outside.get_json(
            Host.OKX,
            "/api/v5/public/funding-rate-history",
            deadline,
            instId="ETH-USDT-SWAP",
            limit="100",
        ),
        "funding-rate-history",
    )
    if found.text("code") != "0":
        raise AnomalyError(f"funding-rate-history.code: expected 0, found {found.text('code')!r}")
    return [Paid(row.time("fundingTime"), row.number("realizedRate")) for row in found.rows("data")]


async def bybit(outside: Outside, now: datetime, deadline: Deadline) -> list[Paid]:  # noqa: ARG001
    """`GET /v5/market/funding/history`: a start alone is refused, so the newest 50 are taken."""
    found = AnswerFields(
        await outside.get_json(
            Host.BYBIT,
            "/v5/market/funding/history",
            deadline,
            category="linear",
            symbol="ETHUSDT",
            limit="50",
        ),
        "funding/history",
    )
    if found.decimal("retCode") != 0:
        raise AnomalyError(f"funding/history.retCode: expected 0, found {found.decimal('retCode')}")
    rows = found.child("result").rows("list")
    return [Paid(row.time("fundingRateTimestamp"), row.number("fundingRate")) for row in rows]


SOURCES: Final[Mapping[str, Ask]] = {"binance": binance, "okx": okx, "bybit": bybit}


def yearly(paid: Sequence[Paid], now: datetime) -> tuple[float, datetime]:
    """The mean rate of (now − 24 h, now] as a yearly one, and when the newest payment was.

    The interval is the most frequent gap before a payment of that day: exchanges change it. Raises
    `StaleError` if the payments cover less than 16 hours of the day.
    """
    rows = sorted(row for row in set(paid) if row.at <= now)
    last_day = [row for row in rows if now - DAY < row.at]
    gaps = Counter(
        round((later.at - earlier.at) / HOUR) for earlier, later in pairwise(rows) if later in last_day
    )
    interval_h = gaps.most_common(1)[0][0] if gaps else 0
    if interval_h <= 0 or len(last_day) * interval_h * HOUR < COVERED_MIN:
        raise StaleError(f"expected payments over at least 16 h of the last day, found {len(last_day)}")
    mean = sum(row.rate for row in last_day) / len(last_day)
    return mean * HOURS_PER_YEAR / interval_h, last_day[-1].at


class ExchangesFunding:
    """The exchanges of the settings; one that does not answer is left out, and said once a day."""

    def __init__(
        self,
        outside: Outside,
        names: Sequence[str],
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._outside = outside
        self._names = names
        self._now = now
        self._clock = clock
        self._kept: Kept[str, ExchangeFunding] = Kept(self._ask, KEPT_S, clock)
        self._said_s: dict[str, float] = {}

    async def funding(self, request: CoinRequest, deadline: Deadline) -> CrossExchangeFunding:
        """One entry an exchange that answers. Raises `StaleError` if none does."""
        if request.coin != COIN:
            raise MalformedRequestError(f"coin: expected {COIN}, found {request.coin!r}")
        asked = (self._kept.get(name, deadline) for name in self._names)
        found = await asyncio.gather(*asked, return_exceptions=True)
        exchanges = []
        for name, entry in zip(self._names, found, strict=True):
            if isinstance(entry, ExchangeFunding):
                exchanges.append(entry)
            elif isinstance(entry, OutsideError):
                self._say_once_a_day(name, entry)
            else:
                raise entry
        if not exchanges:
            raise StaleError(f"funding: none of {', '.join(self._names)} answers")
        return CrossExchangeFunding(exchanges=tuple(exchanges))

    async def _ask(self, name: str, deadline: Deadline) -> ExchangeFunding:
        paid = await SOURCES[name](self._outside, self._now(), deadline)
        rate, at = yearly(paid, self._now())
        return ExchangeFunding(name=name, annualized_rate=rate, timestamp=at)

    def _say_once_a_day(self, name: str, error: OutsideError) -> None:
        now_s = self._clock()
        if now_s - self._said_s.get(name, float("-inf")) >= SAID_AGAIN_AFTER_S:
            self._said_s[name] = now_s
            logger.warning("funding of %s is left out: %s", name, error)
