"""The faults that change the account behind the engine's back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Final

from gateway.paper.faults import FaultKind
from gateway.paper.venue import Venue

ALIEN_EXPIRY_DAYS: Final = (5, 25)


def play_on_account(kind: FaultKind, venue: Venue, rng: Random) -> None:
    """Play `venue_restart` or `alien_position`.

    The first forgets every resting order. The second adds one bought or sold contract of a random option to
    the positions without moving cash.
    """
    if kind is FaultKind.VENUE_RESTART:
        for order in venue.account.open_orders():
            venue.account.forget_order(order.order.order_id)
        return
    first, last = (venue.clock + timedelta(days=days) for days in ALIEN_EXPIRY_DAYS)
    instruments = [
        instrument
        for expiry in venue.source.expiries(venue.clock)
        if first <= expiry <= last
        for instrument in venue.source.instruments(venue.clock, expiry)
    ]
    if instruments:
        name = rng.choice(instruments).name
        venue.account.move_position(name, Decimal(rng.choice((-1, 1))), venue.mark_eth(name))
