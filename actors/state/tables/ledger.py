"""Fills, deliveries and their cash flows, each booked once under the venue's own reference."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from actors.state.columns import time_of, time_text
from core.orders.books import CashFlow, CashFlowKind, Delivery, Fill, InstructionKind
from core.values import Label, PositionId, Side, premium_eth

_FILL = "f.trade_id, f.label, f.instrument_name, f.side, f.amount, f.price_eth, f.fee_eth, f.index_usd, f.at"
_DELIVERY = "key, position_id, instrument_name, delivery_price_usd, size, cash_flow_eth, fee_eth, at"
_FLOW = "ref, position_id, kind, amount_eth, index_usd, at"


Row = tuple[Any, ...]


class BookedRows(NamedTuple):
    """What is booked of a position, as it stands in its rows, each in order of time."""

    fills: tuple[Row, ...] = ()
    deliveries: tuple[Row, ...] = ()
    flows: tuple[Row, ...] = ()


def fill(db: sqlite3.Connection, trade_id: str) -> Fill | None:
    row = db.execute(f"SELECT {_FILL} FROM fills f WHERE trade_id = ?", (trade_id,)).fetchone()
    return None if row is None else _fill(row)


def insert_fill(db: sqlite3.Connection, fill: Fill) -> None:
    db.execute(
        "INSERT INTO fills"
        " (trade_id, label, instrument_name, side, amount, price_eth, fee_eth, index_usd, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fill.trade_id,
            fill.label,
            fill.instrument_name,
            fill.side,
            fill.amount,
            str(fill.price_eth),
            str(fill.fee_eth),
            str(fill.index_usd),
            time_text(fill.at),
        ),
    )


def delivery(db: sqlite3.Connection, key: str) -> Delivery | None:
    row = db.execute(f"SELECT {_DELIVERY} FROM deliveries WHERE key = ?", (key,)).fetchone()
    return None if row is None else _delivery(row)


def insert_delivery(db: sqlite3.Connection, delivery: Delivery) -> None:
    db.execute(
        f"INSERT INTO deliveries ({_DELIVERY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery.key,
            delivery.position_id,
            delivery.instrument_name,
            str(delivery.delivery_price_usd),
            delivery.size,
            str(delivery.cash_flow_eth),
            str(delivery.fee_eth),
            time_text(delivery.at),
        ),
    )


def insert_flow(db: sqlite3.Connection, flow: CashFlow) -> None:
    db.execute(
        f"INSERT INTO cash_flows ({_FLOW}) VALUES (?, ?, ?, ?, ?, ?)",
        (
            flow.ref,
            flow.position_id,
            flow.kind,
            str(flow.amount_eth),
            str(flow.index_usd),
            time_text(flow.at),
        ),
    )


def booked_rows(db: sqlite3.Connection, position_id: PositionId) -> BookedRows:
    """The rows of the position; `fills_in`, `deliveries_in` and `flows_in` make values of them."""
    of = (position_id,)
    fills = (
        f"SELECT i.kind, {_FILL} FROM instructions i JOIN fills f USING (label)"
        " WHERE i.proposal_id = ? ORDER BY f.at, f.rowid"
    )
    deliveries = f"SELECT {_DELIVERY} FROM deliveries WHERE position_id = ? ORDER BY at, rowid"
    flows = f"SELECT {_FLOW} FROM cash_flows WHERE position_id = ? ORDER BY at, rowid"
    return BookedRows(*(tuple(db.execute(sql, of).fetchall()) for sql in (fills, deliveries, flows)))


def fills_in(rows: BookedRows) -> tuple[tuple[InstructionKind, Fill], ...]:
    """The fills, each with the kind of its instruction."""
    return tuple((InstructionKind(row[0]), _fill(row[1:])) for row in rows.fills)


def deliveries_in(rows: BookedRows) -> tuple[Delivery, ...]:
    return tuple(map(_delivery, rows.deliveries))


def flows_in(rows: BookedRows) -> tuple[CashFlow, ...]:
    return tuple(map(_flow, rows.flows))


def exit_premiums(db: sqlite3.Connection) -> dict[Label, Decimal]:
    """What each exit order that had a fill brought before fees, ETH: negative if it paid."""
    rows = db.execute(f"SELECT {_FILL} FROM fills f JOIN instructions i USING (label) WHERE i.kind = 'exit'")
    received: defaultdict[Label, Decimal] = defaultdict(Decimal)
    for fill in map(_fill, rows):
        received[fill.label] += premium_eth(Side(fill.side), fill.price_eth, fill.amount)
    return dict(received)


def order_fills(db: sqlite3.Connection, label: str) -> tuple[Fill, ...]:
    rows = db.execute(f"SELECT {_FILL} FROM fills f WHERE label = ? ORDER BY f.at, f.rowid", (label,))
    return tuple(_fill(row) for row in rows)


def flows(db: sqlite3.Connection) -> tuple[CashFlow, ...]:
    """All cash flows, oldest first."""
    return tuple(_flow(row) for row in db.execute(f"SELECT {_FLOW} FROM cash_flows ORDER BY at, rowid"))


def flows_after(db: sqlite3.Connection, last: int) -> Iterator[tuple[int, str, Decimal]]:
    """The cash flows booked after the one with that number (0: all), each with its number: of which position,
    and its amount at its own index, USD."""
    rows = db.execute(
        "SELECT rowid, position_id, amount_eth, index_usd FROM cash_flows WHERE rowid > ? ORDER BY rowid",
        (last,),
    )
    for number, position_id, amount_eth, index_usd in rows:
        yield number, position_id, Decimal(amount_eth) * Decimal(index_usd)


def _fill(row: Row) -> Fill:
    return Fill(
        trade_id=row[0],
        label=Label(row[1]),
        instrument_name=row[2],
        side=row[3],
        amount=int(row[4]),
        price_eth=Decimal(row[5]),
        fee_eth=Decimal(row[6]),
        index_usd=Decimal(row[7]),
        at=time_of(row[8]),
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        key=row[0],
        position_id=PositionId(row[1]),
        instrument_name=row[2],
        delivery_price_usd=Decimal(row[3]),
        size=int(row[4]),
        cash_flow_eth=Decimal(row[5]),
        fee_eth=Decimal(row[6]),
        at=time_of(row[7]),
    )


def _flow(row: Row) -> CashFlow:
    return CashFlow(
        ref=row[0],
        position_id=PositionId(row[1]),
        kind=CashFlowKind(row[2]),
        amount_eth=Decimal(row[3]),
        index_usd=Decimal(row[4]),
        at=time_of(row[5]),
    )
