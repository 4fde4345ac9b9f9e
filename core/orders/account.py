"""What an account holds beside what the books know: too much or too little in our own instruments, what
another engine does there, and what is foreign.

A second engine may trade the same account, from another data folder or from a copy of this one, and a person
may trade it by hand. Ours is what the books know. Everything else is named and left alone. Only what an
engine of this kind holds or has resting keeps entries back, because the limit of open positions is the
account's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from core.contract import Order, Orders, Positions, Trades
from core.orders.books import Books, InstructionKind
from core.orders.label import OrderLabel
from core.orders.lifecycle import OrderState
from core.orders.reconcile import Difference, DifferenceCode, told
from core.orders.sizes import expected_sizes
from core.values import Label, Side, Value

TRADES_SINCE: Final = timedelta(days=130)
"""Whose a position is, its trades say. No expiry that an engine may trade is further away
(`strikes.dte_max`)."""
NO_TAG = "no tag"
_NOTHING = "nothing known"


class Findings(Value):
    """Where an account differs from the books. Every part names both sides."""

    less: tuple[Difference, ...] = ()
    """A position of ours is not there in full: the books are wrong, or somebody has closed it."""
    more: tuple[Difference, ...] = ()
    """More contracts than ours in an instrument of a live plan of ours."""
    others: tuple[Difference, ...] = ()
    """Entries and positions of an engine of this kind that our books do not know."""
    foreign: tuple[Difference, ...] = ()
    """What is none of our business."""
    strays: tuple[Order, ...] = ()
    """Entries under our own tag that are not live in our books."""
    unread: tuple[Difference, ...] = ()
    """Rows that can't be read and may be ours."""
    unexplained: tuple[str, ...] = ()
    """Instruments that are held and stand in no live plan of ours: their trades say whose they are."""

    @property
    def against_entries(self) -> tuple[Difference, ...]:
        """Why no entry may be placed now; empty if one may be."""
        strays = tuple(_open_at_venue(DifferenceCode.STRAY_ORDER, order) for order in self.strays)
        return (*self.unread, *self.less, *self.more, *self.others, *strays)

    @property
    def all(self) -> tuple[Difference, ...]:
        """Every difference."""
        return (*self.against_entries, *self.foreign)


def labels_to_look_up(books: Books, tag: str, orders: Orders) -> tuple[Label, ...]:
    """The labels of our form but without our tag among the open orders: they are ours only if our books know
    them, because they are of before the tag was drawn."""
    live = {row.label for row in books.orders}
    return tuple(
        Label(order.label)
        for order in orders.orders
        if order.label not in live and _tag_of(order.label) not in (None, tag)
    )


def compare(
    books: Books,
    tag: str,
    positions: Positions,
    orders: Orders,
    *,
    now: datetime,
    known: frozenset[Label] = frozenset(),
) -> Findings:
    """Compare positions and open orders with the books. `known` are labels without our tag that are ours.

    An order of ours that may fill at any moment explains every size between the one booked and the one after
    its fill. Expired positions are left to the settlement.
    """
    expired = [position for position in books.open_positions if position.plan.expiration <= now]
    left_out = {leg.instrument_name for position in expired for leg in position.plan.legs}
    ranges = _explained(books, now)
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position in positions.positions:
        found[position.instrument_name] += position.size
    less: list[Difference] = []
    more: list[Difference] = []
    unexplained: list[str] = []
    for name in sorted((set(ranges) | set(found)) - left_out):
        low, high = ranges.get(name, (0, 0))
        size = found[name]
        if low <= size <= high:
            continue
        if name not in ranges:
            unexplained.append(name)
            continue
        beyond = high >= 0 if size > high else low <= 0
        expected = str(low) if low == high else f"{low} to {high}"
        (more if beyond else less).append(told(DifferenceCode.SIZE, name, expected, f"{size:f}"))
    unread, foreign = _unread_positions(positions, set(ranges))
    resting = _resting(books, tag, orders, set(ranges), known)
    return Findings(
        less=tuple(less),
        more=tuple(more),
        others=resting.others,
        foreign=(*foreign, *resting.foreign),
        strays=resting.strays,
        unread=(*unread, *resting.unread),
        unexplained=tuple(unexplained),
    )


def with_owners(findings: Findings, positions: Positions, trades: Trades) -> Findings:
    """Say of each unexplained instrument whether an engine holds it, by the labels of the trades in it.

    It does if what was traded under one tag has not been traded back under that tag, or can't be read.
    """
    sizes = {position.instrument_name: position.size for position in positions.positions}
    held: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for trade in trades.trades:
        tag = _tag_of(trade.label)
        if tag is not None:
            held[trade.instrument_name][tag] += Side(trade.side).sign * trade.amount
    unread: defaultdict[str, set[str]] = defaultdict(set)
    for row in trades.unread:
        tag = _tag_of(row.label or "")
        if tag is not None:
            unread[row.instrument_name or ""].add(tag)
    others, foreign = list(findings.others), list(findings.foreign)
    for name in findings.unexplained:
        tags = sorted({tag for tag, size in held[name].items() if size} | unread[name])
        size = f"{sizes[name]:f}"
        if tags:
            others.append(
                told(DifferenceCode.OTHERS_POSITION, name, _NOTHING, f"{size}, of {', '.join(tags)}")
            )
        else:
            foreign.append(told(DifferenceCode.FOREIGN_POSITION, name, _NOTHING, size))
    return findings.model_copy(update={"others": tuple(others), "foreign": tuple(foreign), "unexplained": ()})


def earlier_entry(
    ours: Order, orders: Iterable[Order], *, known: frozenset[Label] = frozenset()
) -> Order | None:
    """The first entry of another engine that came before ours and is open or has filled, or None.

    By the venue's `created_at`, then by order id, so that of two engines exactly one finds the other's.
    `known` are labels of our own books.
    """
    return min(
        (
            order
            for order in orders
            if is_entry_label(order.label)
            and order.label != ours.label
            and order.label not in known
            and (order.state == "open" or order.filled_amount > 0)
            and (order.created_at, order.order_id) < (ours.created_at, ours.order_id)
        ),
        key=lambda order: (order.created_at, order.order_id),
        default=None,
    )


def _explained(books: Books, now: datetime) -> dict[str, tuple[int, int]]:
    """The lowest and the highest signed size that our orders can explain, by instrument of a live plan."""
    live = [position for position in books.open_positions if position.plan.expiration > now]
    low: Counter[str] = Counter({leg.instrument_name: 0 for p in live for leg in p.plan.legs})
    for name, size in expected_sizes(live).items():
        low[name] = size
    high = Counter(low)
    rows = {row.label: row for row in books.orders}
    for instruction in books.instructions:
        row = rows[instruction.label]
        if row.state is OrderState.INTENDED or any(leg.expiration <= now for leg in instruction.legs):
            continue
        for leg in instruction.legs:
            still = leg.side.sign * leg.ratio * (row.amount - row.filled_amount)
            low[leg.instrument_name] += min(still, 0)
            high[leg.instrument_name] += max(still, 0)
    return {name: (low[name], high[name]) for name in set(low) | set(high)}


class _Resting(Value):
    others: tuple[Difference, ...]
    foreign: tuple[Difference, ...]
    strays: tuple[Order, ...]
    unread: tuple[Difference, ...]


def _resting(
    books: Books, tag: str, orders: Orders, live_names: set[str], known: frozenset[Label]
) -> _Resting:
    """Whose the open orders are. Of our own tag, an exit can't add risk, so that it is only named."""
    live = {str(row.label) for row in books.orders}
    others, foreign, strays, unread = [], [], [], []
    for order in orders.orders:
        if order.label in live:
            continue
        its_tag = _tag_of(order.label)
        if its_tag is None:
            foreign.append(_open_at_venue(DifferenceCode.FOREIGN_ORDER, order))
        elif not is_entry_label(order.label):
            foreign.append(_open_at_venue(DifferenceCode.STRAY_ORDER, order))
        elif its_tag == tag or order.label in known:
            strays.append(order)
        else:
            others.append(_open_at_venue(DifferenceCode.OTHERS_ORDER, order))
    for row in orders.unread:
        label, its_tag = row.label or "", _tag_of(row.label or "")
        difference = told(DifferenceCode.UNREAD, row.name, _NOTHING, row.problem)
        if label in live or its_tag == tag or (row.label is None and row.instrument_name in live_names):
            unread.append(difference)
        elif its_tag is not None:
            others.append(difference)
        else:
            foreign.append(difference)
    return _Resting(others=tuple(others), foreign=tuple(foreign), strays=tuple(strays), unread=tuple(unread))


def _unread_positions(
    positions: Positions, live_names: set[str]
) -> tuple[list[Difference], list[Difference]]:
    """The rows that may be ours, and the others."""
    maybe_ours: list[Difference] = []
    foreign: list[Difference] = []
    for row in positions.unread:
        difference = told(DifferenceCode.UNREAD, row.name, _NOTHING, row.problem)
        (maybe_ours if row.instrument_name in live_names else foreign).append(difference)
    return maybe_ours, foreign


def _tag_of(label: str) -> str | None:
    """The tag of a label of our form, `NO_TAG` if it is of before there were tags; None for any other."""
    parsed = OrderLabel.parse(label)
    return None if parsed is None else parsed.tag or NO_TAG


def is_entry_label(label: str) -> bool:
    """Whether a label is of our form and an entry's, whoever's it is."""
    parsed = OrderLabel.parse(label)
    return parsed is not None and parsed.kind is InstructionKind.ENTRY


def _open_at_venue(code: DifferenceCode, order: Order) -> Difference:
    legs = " ".join(f"{leg.side} {leg.ratio} {leg.instrument_name}" for leg in order.legs)
    found = f"{order.order_id} open, {order.filled_amount:f} of {order.amount:f} filled, {legs}"
    return told(code, order.label or order.order_id, "no live order", found)
