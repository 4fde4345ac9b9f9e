"""Folds the records of a log into the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from core.audit.fold import opening, records, trades
from core.audit.fold.books import FoldedBooks, as_it_is
from core.audit.fold.forms import ContradictionError, Detail, time_text
from core.audit.fold.holding import FINAL_ORDERS
from core.audit.fold.tables import Cell
from core.audit.hash_chain import AuditRecord, kind_of, read_record
from core.messages.audit import AuditKind

Effect = Callable[[FoldedBooks, str, Detail], None]
"""What a record makes of the books, given its time as the books write it and its detail."""

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        AuditKind.CYCLE_OPENED: records.cycle_opened,
        AuditKind.CYCLE_CLOSED: records.cycle_closed,
        AuditKind.DECISION: records.decision,
        AuditKind.PROPOSAL: trades.proposal,
        AuditKind.POSITION: trades.position,
        AuditKind.INSTRUCTION: trades.instruction,
        AuditKind.ORDER: trades.order,
        AuditKind.EDIT: trades.edit,
        AuditKind.FILL: trades.fill,
        AuditKind.SETTLEMENT: trades.settlement,
        AuditKind.ARMED: records.armed,
        AuditKind.DISARMED: records.disarmed,
        AuditKind.ENTRIES_LATCHED: records.entries_latched,
        AuditKind.ENTRIES_RESUMED: records.entries_resumed,
        AuditKind.OPERATOR: records.operator,
        AuditKind.ALERT: records.alert,
        AuditKind.ACCOUNT_BOUND: records.account_bound,
        AuditKind.SETTING: records.setting,
        AuditKind.CHAIN_BROKEN: records.chain_broken,
        AuditKind.BOOKS: opening.opened,
    }
)
"""The kinds that change the books; the others only tell."""


def fold(lines: Iterable[bytes], keep: Callable[[str], str] = as_it_is) -> FoldedBooks:
    """The books that the lines of a whole log make; the chain itself is not checked here.

    `keep` is applied to the text of each decision. What can't be is in `problems`, each with its record.
    """
    books = FoldedBooks(keep=keep)
    for line in lines:
        if kind_of(line) in EFFECTS or not kind_of(line):
            take(books, read_record(line))
    finish(books)
    return books


def take(books: FoldedBooks, record: AuditRecord) -> None:
    """Let one record have its effect."""
    effect = EFFECTS.get(record.kind)
    if effect is None:
        return
    try:
        effect(books, time_text(record.at), record.detail)
    except ContradictionError as error:
        books.problems.append(f"record {record.seq} ({record.kind}): {error}")
    except ArithmeticError:
        text = "expected amounts that can be counted, found numbers beyond all bounds"
        books.problems.append(f"record {record.seq} ({record.kind}): {text}")


def finish(books: FoldedBooks) -> None:
    """Check what must hold when nothing follows: states and filled amounts are those that were counted."""
    if not books.is_opened:
        books.problems.insert(0, "the log does not say how the books were when it began anew (BOOKS)")
    books.problems.extend(unsound(books, books.holdings.keys()))


def unsound(books: FoldedBooks, position_ids: Collection[Cell]) -> Iterator[str]:
    """What of these positions and their orders is not as it was counted; their states are set as counted."""
    for position_id in position_ids:
        holding = books.holding(position_id)
        try:
            counted = holding.counted_state()
        except ContradictionError as error:
            yield f"position {position_id}: {error}"
            continue
        if counted != holding.state:
            yield f"position {position_id}: expected {counted} by its orders and fills, found {holding.state}"
        books.row("positions", position_id)["state"] = counted
    yield from _wrongly_filled(books, position_ids)


def _wrongly_filled(books: FoldedBooks, position_ids: Collection[Cell]) -> Iterator[str]:
    filled: Counter[tuple[object, object]] = Counter()
    for row in books.tables["fills"].values():
        filled[row["label"], row["instrument_name"]] += int(row["amount"] or 0)
    for label, order in books.tables["orders"].items():
        instruction = books.tables["instructions"].get(label)
        if order["state"] not in FINAL_ORDERS or instruction is None:
            continue
        if instruction["proposal_id"] not in position_ids:
            continue
        for name, ratio in books.holding(instruction["proposal_id"]).legs.items():
            expected = ratio * int(order["filled_amount"] or 0)
            if filled[label, name] != expected:
                yield f"order {label}: expected fills of {expected} {name}, found {filled[label, name]}"
