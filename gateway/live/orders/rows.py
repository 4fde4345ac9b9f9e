"""An order of the venue as an order of the contract.

Seen in public: `filled_amount` may be absent, `average_price` is 0 while nothing is filled, and `price` may
be the text `market_price`. Trigger orders are somebody else's: they are shown as open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from core.contract import Order, OrderLeg
from core.contract.deribit_trading import OrderStateName
from core.venue_text import quoted
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields
from gateway.live.market.instruments import money, plain
from gateway.live.orders.combo_signs import Oriented
from gateway.live.orders.registry import Registered

ZERO: Final = Decimal(0)
STATES: Final[Mapping[str, OrderStateName]] = {
    "open": "open",
    "untriggered": "open",
    "triggered": "open",
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
}
MARKET_PRICE: Final = "market_price"
OF_THE_USER: Final = "user_request"


@dataclass(frozen=True)
class ListedOrder:
    """One order as the venue tells it. Prices and amounts are of its own instrument."""

    order_id: str
    label: str
    instrument: str
    direction: str
    state: OrderStateName
    amount: Decimal
    filled: Decimal
    price: Decimal | None
    """None for an order at the market's price."""
    average: Decimal
    cancel_reason: str
    created_at: datetime
    updated_at: datetime

    @property
    def sign(self) -> int:
        """1 if the instrument is bought, -1 if it is sold."""
        return 1 if self.direction == "buy" else -1


def venue_order(row: AnswerFields) -> ListedOrder:
    """Read one. Raises `AnomalyError` naming the field."""
    state, direction = row.text("order_state"), row.text("direction")
    if state not in STATES or direction not in ("buy", "sell"):
        raise AnomalyError(f"order: expected a known state and direction, found {state!r} and {direction!r}")
    label = row.value("label")
    at_market = row.value("price") == MARKET_PRICE
    return ListedOrder(
        order_id=row.text("order_id"),
        label=label if isinstance(label, str) else "",
        instrument=row.text("instrument_name"),
        direction=direction,
        state=STATES[state],
        amount=row.decimal("amount"),
        filled=row.decimal("filled_amount") if row.has("filled_amount") else ZERO,
        price=None if at_market else money(row.decimal("price")),
        average=money(row.decimal("average_price")) if row.has("average_price") else ZERO,
        cancel_reason=row.text("cancel_reason") if row.has("cancel_reason") else "",
        created_at=row.time("creation_timestamp"),
        updated_at=row.time("last_update_timestamp"),
    )


def contract_order(
    found: ListedOrder, known: Registered | None, combo_legs: Mapping[str, int] | None
) -> Order:
    """The order in the contract's words. `known` is our own record of it; `combo_legs` those of a combo.

    Raises `AnomalyError` if it is not what we have sent under its label.
    """
    if known is not None:
        turned, legs = known.oriented, tuple(OrderLeg(**leg.model_dump()) for leg in known.request.legs)
        if (turned.instrument, turned.direction) != (found.instrument, found.direction):
            raise AnomalyError(
                f"order {found.order_id}: expected to {turned.direction} {turned.instrument} under "
                f"{found.label!r}, found {found.direction} {found.instrument}"
            )
    else:
        turned = Oriented(found.instrument, Fraction(found.sign), is_combo=combo_legs is not None)
        sizes = {found.instrument: 1} if combo_legs is None else combo_legs
        legs = tuple(_leg(name, size * found.sign) for name, size in sizes.items())
    # What somebody else trades may come in parts of a contract.
    amount, filled = (
        (plain(each) if known is None else _whole(turned, each, found, name))
        for each, name in ((found.amount, "amount"), (found.filled, "filled_amount"))
    )
    reason = found.cancel_reason if found.cancel_reason not in ("", OF_THE_USER) else None
    return Order(
        order_id=found.order_id,
        label=found.label,
        state=found.state,
        amount=amount,
        filled_amount=filled,
        average_price=money(turned.received(found.average)) if filled else None,
        price=ZERO if found.price is None else money(turned.received(found.price)),
        legs=legs,
        reject_reason=None if reason is None else quoted(reason),
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _whole(turned: Oriented, venue_amount: Decimal, found: ListedOrder, field: str) -> Decimal:
    amount = turned.amount(venue_amount)
    if amount is None:
        raise AnomalyError(
            f"order {found.order_id}: {field}: expected a multiple of {abs(turned.c)}, found {venue_amount}"
        )
    return amount


def _leg(name: str, signed: int) -> OrderLeg:
    return OrderLeg(instrument_name=name, side="buy" if signed > 0 else "sell", ratio=abs(signed))
