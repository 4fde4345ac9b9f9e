"""Whether an answer is about what was asked for: a server may answer another question than the one it got."""

from __future__ import annotations

from pydantic import BaseModel

from core.contract.deribit_trading import GetOrderByLabel, MaybeOrder
from core.venue_text import named


def other_than_asked(request: BaseModel, answer: BaseModel) -> str | None:
    """What the answer is about, if that is not what the request names; None if nothing contradicts it.

    An order under another label would be booked as the one that was looked for.
    """
    match request, answer:
        case GetOrderByLabel(label=label), MaybeOrder(order=order) if order is not None:
            found = order.label or "one without a label"
            return None if order.label == named(label) else f"expected an order under {label}, found {found}"
        case _:
            return None
