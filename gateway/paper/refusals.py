"""The venue's refusals: of a malformed request, of a well-formed one, and of a label that was used before."""

from __future__ import annotations

from enum import StrEnum

from core.contract import Order
from core.errors import CerberoError


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
    BAD_CREDENTIALS = "13004 invalid_credentials"
    PLAYED_REJECT = "10028 too_many_requests"


class MalformedRequestError(CerberoError):
    """422: the request contradicts the contract or itself."""


class SoftRefusalError(CerberoError):
    """200 with `error`: the venue was reached and refused; nothing changed."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")


class LabelTakenError(CerberoError):
    """409: the label was used before, by `order`."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"label {order.label!r} was used before, by order {order.order_id}")
        self.order = order
