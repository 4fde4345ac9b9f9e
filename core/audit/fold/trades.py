"""The records of orders and positions: what each makes of the books."""

from __future__ import annotations

from decimal import Decimal

from core.audit.fold.books import FoldedBooks
from core.audit.fold.forms import (
    ContradictionError,
    Detail,
    amount,
    cash_text,
    document,
    flag,
    maybe_text,
    text,
    time,
    whole,
)
from core.audit.fold.tables import Row

INTENDED, SENT = "intended", "sent"
SIGNS = {"buy": -1, "sell": 1}
"""Of the premium: what is sold brings cash."""


def proposal(books: FoldedBooks, _: str, detail: Detail) -> None:
    """A proposal; the record of its position follows."""
    books.insert(
        "proposals",
        {
            "proposal_id": text(detail, "proposal_id"),
            "cycle_id": text(detail, "cycle_id"),
            "created_at": time(detail, "created_at"),
            "plan": document(detail, "plan"),
        },
    )


def position(books: FoldedBooks, at: str, detail: Detail) -> None:
    """A step of a position. What the record says of sizes and money is checked against the count."""
    position_id, before, after = text(detail, "position_id"), maybe_text(detail, "from"), text(detail, "to")
    if before is None:
        made: Row = {"position_id": position_id, "state": after}
        books.insert("positions", made | dict.fromkeys(("entered_at", "closed_at", "exit_rule")))
        return
    row, holding = books.row("positions", position_id), books.holding(position_id)
    holding.check_step(before, after)
    for name, found, counted in (
        ("contracts_opened", whole(detail, "contracts_opened"), holding.opened()),
        ("contracts", whole(detail, "contracts"), holding.left()),
        ("pnl_eth", amount(detail, "pnl_eth"), holding.cash_eth),
    ):
        if found != counted:
            raise ContradictionError(f"{name}: expected {counted} by what was booked, found {found}")
    holding.state = after
    row["state"] = after
    if after == "open" and row["entered_at"] is None:
        row["entered_at"] = holding.first_entry_at
    row["closed_at"] = at if after in ("closed", "cancelled") else None
    row["exit_rule"] = maybe_text(detail, "exit_rule")


def instruction(books: FoldedBooks, _: str, detail: Detail) -> None:
    """An instruction, and its order as it is before it is sent."""
    label = text(detail, "label")
    books.insert(
        "instructions",
        {
            "label": label,
            "proposal_id": text(detail, "proposal_id"),
            "cycle_id": maybe_text(detail, "cycle_id"),
            "kind": text(detail, "kind"),
            "attempt": whole(detail, "attempt"),
            "legs": document(detail, "legs"),
            "amount": whole(detail, "amount"),
            "limit_eth": str(amount(detail, "limit_eth")),
            "reduce_only": flag(detail, "reduce_only"),
            "valid_until": time(detail, "valid_until"),
            "created_at": time(detail, "created_at"),
            "exit_rule": maybe_text(detail, "exit_rule"),
        },
    )
    books.insert(
        "orders",
        {
            "label": label,
            "state": INTENDED,
            "order_id": None,
            "amount": whole(detail, "amount"),
            "filled_amount": 0,
            "limit_eth": str(amount(detail, "limit_eth")),
            "average_price_eth": None,
            "reason": None,
            "sent_at": None,
            "updated_at": time(detail, "created_at"),
        },
    )


def edit(books: FoldedBooks, _: str, detail: Detail) -> None:
    """The price of an edit that is about to be sent; those of an order are numbered from 1."""
    label, number = text(detail, "label"), whole(detail, "number")
    books.row("orders", label)
    expected = books.edits_of[label] + 1
    if number != expected:
        raise ContradictionError(f"number: expected {expected}, found {number}")
    books.insert(
        "edits",
        {
            "key": f"{label}#{number}",
            "label": label,
            "number": number,
            "limit_eth": str(amount(detail, "limit_eth")),
            "at": time(detail, "at"),
        },
    )


def order(books: FoldedBooks, at: str, detail: Detail) -> None:
    """An order was sent, or is what the venue says of it."""
    label, after = text(detail, "label"), text(detail, "to")
    row = books.row("orders", label)
    if text(detail, "from") != row["state"]:
        raise ContradictionError(f"from: expected {row['state']}, found {detail['from']}")
    if after == SENT and "amount" not in detail:
        row |= {"sent_at": at, "updated_at": at}
    else:
        average = None if detail.get("average_price_eth") is None else amount(detail, "average_price_eth")
        row |= {
            "order_id": maybe_text(detail, "order_id"),
            "amount": whole(detail, "amount"),
            "filled_amount": whole(detail, "filled_amount"),
            "limit_eth": str(amount(detail, "limit_eth")),
            "average_price_eth": None if average is None else str(average),
            "reason": maybe_text(detail, "reason"),
            "updated_at": time(detail, "updated_at"),
        }
    books.move_order(label, after)


def fill(books: FoldedBooks, _: str, detail: Detail) -> None:
    """A fill, and the premium and the fee that follow from it."""
    label, side, trade_id = text(detail, "label"), text(detail, "side"), text(detail, "trade_id")
    price_eth, fee_eth = amount(detail, "price_eth"), amount(detail, "fee_eth")
    contracts, index_usd, at = whole(detail, "amount"), str(amount(detail, "index_usd")), time(detail, "at")
    if side not in SIGNS:
        raise ContradictionError(f"side: expected buy or sell, found {side!r}")
    books.insert(
        "fills",
        {
            "trade_id": trade_id,
            "label": label,
            "instrument_name": text(detail, "instrument_name"),
            "side": side,
            "amount": contracts,
            "price_eth": str(price_eth),
            "fee_eth": str(fee_eth),
            "index_usd": index_usd,
            "at": at,
        },
    )
    position_id = str(books.row("instructions", label)["proposal_id"])
    premium_eth = SIGNS[side] * price_eth * contracts
    for kind, cash in (("premium", cash_text(premium_eth)), ("fee", str(-fee_eth))):
        _book(books, f"trade:{trade_id}:{kind}", position_id, kind, cash, index_usd, at)


def settlement(books: FoldedBooks, _: str, detail: Detail) -> None:
    """A delivery at expiry, its cash and its fee."""
    key, position_id = text(detail, "key"), text(detail, "position_id")
    cash_eth, fee_eth = amount(detail, "cash_flow_eth"), amount(detail, "fee_eth")
    price_usd, at = str(amount(detail, "delivery_price_usd")), time(detail, "at")
    books.insert(
        "deliveries",
        {
            "key": key,
            "position_id": position_id,
            "instrument_name": text(detail, "instrument_name"),
            "delivery_price_usd": price_usd,
            "size": whole(detail, "size"),
            "cash_flow_eth": str(cash_eth),
            "fee_eth": str(fee_eth),
            "at": at,
        },
    )
    flows: tuple[tuple[str, Decimal], ...] = (("settlement", cash_eth), ("settlement_fee", -fee_eth))
    for kind, cash in flows:
        _book(books, f"delivery:{key}:{kind}", position_id, kind, str(cash), price_usd, at)


def _book(
    books: FoldedBooks, ref: str, position_id: str, kind: str, cash: str, index_usd: str, at: str
) -> None:
    books.insert(
        "cash_flows",
        {
            "ref": ref,
            "position_id": position_id,
            "kind": kind,
            "amount_eth": cash,
            "index_usd": index_usd,
            "at": at,
        },
    )
