"""How a tool refuses: each error is one answer of the contract (section "Call" of the upstream contract)."""

from __future__ import annotations

from core.contract import Order
from core.errors import CerberoError


class MalformedRequestError(CerberoError):
    """422: the request contradicts the contract or itself."""


class SoftRefusalError(CerberoError):
    """200 with `error`: the venue was reached and refused; nothing changed."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")


class LabelTakenError(CerberoError):
    """409: the label was used before, by `order`."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"label {order.label!r} was used before, by order {order.order_id}")
        self.order = order
