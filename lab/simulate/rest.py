"""What an engine of a simulation is at: whether it should have come to rest, whether it has, what it told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.orders.lifecycle import ORDER_FINAL
from gateway.paper.account import Account
from lab.backtest.calendar import next_daily
from lab.invariants.folder import FolderBooks
from lab.simulate.station import Station

SETTLED_WITHIN: Final = timedelta(minutes=15)
"""So long a settlement may take: it tries again while the venue does not list all deliveries."""


def is_calm(main: Station, second: Station | None) -> bool:
    """Whether one engine runs, with all its actors and the right time: what is undone, it leaves undone."""
    return not main.ahead and main.is_whole() and (second is None or second.engine is None)


def has_come_to_rest(station: Station, books: FolderBooks, account: Account, now: datetime) -> bool:
    """Whether its recovery is over, neither its books nor the venue have an order under way, and what the
    venue has delivered was to be booked by now."""
    if not station.seen.messages.recovered or account.has_active_orders:
        return False
    if not books.exist:
        return True
    settlement_time = station.seen.strategy.scheduler.settlement_time
    if awaits_settlement((each.plan.expiration for each in books.live), settlement_time, now):
        return False
    return all(order.state in ORDER_FINAL for _, order in books.orders)


def awaits_settlement(expirations: Iterable[datetime], settlement_time: str, now: datetime) -> bool:
    """Whether any of them has come, and its settlement has not, or is still under way."""
    return any(
        expiration <= now < next_daily((settlement_time,), expiration) + SETTLED_WITHIN
        for expiration in expirations
    )


def what_is_told(stations: Sequence[Station], account: Account) -> tuple[object, ...]:
    """It changes whenever log, lives or the venue's account do; what leaves no trace there shows in time."""
    for station in stations:
        station.seen.audit.go_on()
    lives = tuple(
        (station.lives, station.engine is None, station.seen.has_kill_file, station.seen.audit.last_seq)
        for station in stations
    )
    return lives, len(account.orders), len(account.trades)
