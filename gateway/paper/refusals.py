"""The reasons with which the paper venue refuses a well-formed request."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The venue's error codes as text, which begins with the number if there is one."""

    ORDER_NOT_FOUND = "10004 order_not_found"
    PRICE_TOO_LOW = "10005 price_too_low"
    PRICE_TOO_HIGH = "10007 price_too_high"
    NOT_ENOUGH_FUNDS = "10009 not_enough_funds"
    BOOK_CLOSED = "10012 book_closed"
    WRONG_TICK = "10043 price_wrong_tick"
    NOT_OPEN_ORDER = "11044 not_open_order"
    REDUCE_ONLY = "reduce_only_violated"
    VALID_UNTIL = "valid_until_passed"
    NO_QUOTES = "no_quotes"
    NO_FUNDING = "no_funding"
    BAD_CREDENTIALS = "13004 invalid_credentials"
    PLAYED_REJECT = "10028 too_many_requests"
