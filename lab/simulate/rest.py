"""When an engine of a simulation should have come to rest, and whether it has."""

from __future__ import annotations

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
