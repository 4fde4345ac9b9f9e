"""Which expiries of the chain a cycle and a stored snapshot read, as the first and the last of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.strategy import StrikesSection

STORED_DTE_MIN: Final = 5
STORED_DTE_MAX: Final = 25
"""A stored snapshot holds the expiries from 5 to 25 days ahead, and those of the open legs."""
LISTED_APART_DAYS: Final = ((14.0, 7.0), (55.0, 35.0), (float("inf"), 98.0))
"""Up to the first number of days to expiry, the next expiry that Deribit lists is at most the second number
further: of the three next Fridays, then of the three next ends of months, then of the quarters."""


class ExpirySpan(NamedTuple):
    """The first and the last expiry, both included."""

    first: datetime
    last: datetime


def entry_span(now: datetime, strikes: StrikesSection, held: Iterable[datetime]) -> ExpirySpan:
    """The rule's expiries, some later ones if none may be listed between them, and those of held legs.

    So an answer without any quote is broken, and a range without an expiry is refused by the rule.
    """
    apart_days = next(apart for dte_max, apart in LISTED_APART_DAYS if strikes.dte_min <= dte_max)
    last_days = max(strikes.dte_max, strikes.dte_min + apart_days)
    return _spanning(now, strikes.dte_min, last_days, held)


def stored_span(now: datetime, held: Iterable[datetime]) -> ExpirySpan:
    """The usual expiries of a stored snapshot and those of open legs."""
    return _spanning(now, STORED_DTE_MIN, STORED_DTE_MAX, held)


def _spanning(now: datetime, first_days: float, last_days: float, held: Iterable[datetime]) -> ExpirySpan:
    usual = (now + timedelta(days=first_days), now + timedelta(days=last_days))
    live = [expiration for expiration in held if expiration > now]
    return ExpirySpan(min((*usual, *live)), max((*usual, *live)))
