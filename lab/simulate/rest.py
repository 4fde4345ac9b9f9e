"""What an engine of a simulation is at: whether it should have come to rest, whether it has, what it told."""

from __future__ import annotations

from collections.abc import Sequence

from core.orders.lifecycle import ORDER_FINAL
from gateway.paper.account import Account
from lab.simulate.station import Station
from reading.books import has_books, stored_orders


def is_calm(main: Station, second: Station | None) -> bool:
    """Whether one engine runs, with all its actors and the right time: what is undone, it leaves undone."""
    return not main.ahead and main.is_whole() and (second is None or second.engine is None)


def has_come_to_rest(station: Station, account: Account) -> bool:
    """Whether its recovery is over, and neither its books nor the venue have an order under way."""
    if not station.seen.messages.recovered:
        return False
    orders = stored_orders(station.data_dir, None) if has_books(station.data_dir) else ()
    return all(order.state in ORDER_FINAL for _, order in orders) and not account.active_orders()


def what_is_told(stations: Sequence[Station], account: Account) -> tuple[object, ...]:
    """It changes whenever log, lives or the venue's account do; what leaves no trace there shows in time."""
    for station in stations:
        station.seen.audit.go_on()
    lives = tuple(
        (station.lives, station.engine is None, station.seen.has_kill_file, station.seen.audit.last_seq)
        for station in stations
    )
    return lives, len(account.orders), len(account.trades)
