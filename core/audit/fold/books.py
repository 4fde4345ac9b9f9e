"""The books as the log makes them: rows by table and key, grown record by record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from core.audit.fold.final import NO_ROWS, FinalRows
from core.audit.fold.forms import ContradictionError, ForgottenError, amount
from core.audit.fold.holding import FINAL_ORDERS, CountedPosition
from core.audit.fold.tables import PROVED, Cell, ProvedTable, Row

TABLES: dict[str, ProvedTable] = {table.name: table for table in PROVED}


def as_it_is(text: str) -> str:
    """Keep a long text itself."""
    return text


@dataclass
class FoldedBooks:
    """The rows so far, in the order of their insertion, and what contradicted what on the way.

    `keep` is applied to the text of each decision: a digest instead of the text saves memory where only a
    comparison is wanted.
    """

    keep: Callable[[str], str] = as_it_is
    tables: dict[str, dict[Cell, Row]] = field(default_factory=lambda: {name: {} for name in TABLES})
    holdings: dict[Cell, CountedPosition] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_opened: bool = True
    """False while the log has not said how the books were when it began."""
    parts_read: int = 0
    """Of an opening whose last part is still to come."""
    final: dict[str, FinalRows] = field(default_factory=lambda: dict.fromkeys(TABLES, NO_ROWS))
    """What is left of rows that came before those in `tables` and were let go of."""
    unplaced: set[Cell] = field(default_factory=set)
    """Proposals whose position is still to come."""
    edits_of: Counter[Cell] = field(default_factory=Counter)
    """How many edits an order had, by its label."""

    def begin_anew(self) -> None:
        """Forget everything: the rows of all tables follow."""
        for rows in self.tables.values():
            rows.clear()
        for forgotten in (self.holdings, self.problems, self.unplaced, self.edits_of):
            forgotten.clear()
        self.final = dict.fromkeys(TABLES, NO_ROWS)
        self.parts_read, self.is_opened = 0, False

    def count(self, table: str) -> int:
        """How many rows a table has, with those that were let go of."""
        return self.final[table].rows + len(self.tables[table])

    def insert(self, table: str, row: Row) -> None:
        """Add a row that must be new. Raises ContradictionError."""
        key = row[TABLES[table].key]
        rows = self.tables[table]
        if key in rows:
            raise ContradictionError(f"{table}: expected a new row, found {key!r} a second time")
        self.count_in(table, row)
        rows[key] = row

    def row(self, table: str, key: Cell) -> Row:
        """A row that must be there. Raises ContradictionError, or ForgottenError if it may have been let go
        of."""
        found = self.tables[table].get(key)
        if found is None:
            if self.final[table].rows:
                raise ForgottenError(key)
            raise ContradictionError(f"{table}: expected the row {key!r}, found none")
        return found

    def holding(self, position_id: Cell) -> CountedPosition:
        """What is held of a position that must be there. Raises as `row` does."""
        found = self.holdings.get(position_id)
        if found is None:
            if position_id in self.tables["positions"] or self.final["positions"].rows:
                raise ForgottenError(position_id)
            raise ContradictionError(f"positions: expected {position_id!r}, found none")
        return found

    def move_order(self, label: str, state: str) -> None:
        """Set the state of an order, and whether it is one that may still fill."""
        order, instruction = self.row("orders", label), self.row("instructions", label)
        order["state"] = state
        holding = self.holding(instruction["proposal_id"])
        if state in FINAL_ORDERS:
            holding.live.pop(label, None)
        else:
            holding.live[label] = str(instruction["kind"])

    def count_in(self, table: str, row: Row) -> None:
        """Let what is counted follow a new row."""
        follow = _FOLLOWED.get(table)
        if follow is not None:
            follow(self, row)


def _follow_proposal(books: FoldedBooks, row: Row) -> None:
    books.unplaced.add(row["proposal_id"])


def _legs_of(plan: str) -> dict[str, int]:
    """The ratio of each leg of a plan. Raises ContradictionError if it is no plan."""
    try:
        legs = json.loads(plan)["legs"]
        found = {str(leg["instrument_name"]): leg["ratio"] for leg in legs}
    except (ValueError, TypeError, KeyError):
        found = {}
    if not found or not all(type(ratio) is int and ratio > 0 for ratio in found.values()):
        raise ContradictionError("plan: expected legs with their ratios, found none")
    return found


def _follow_position(books: FoldedBooks, row: Row) -> None:
    books.unplaced.discard(row["position_id"])
    legs = _legs_of(str(books.row("proposals", row["position_id"])["plan"]))
    books.holdings[row["position_id"]] = CountedPosition(legs, state=str(row["state"]))


def _follow_instruction(books: FoldedBooks, row: Row) -> None:
    books.holding(row["proposal_id"]).entry_orders += row["kind"] == "entry"


def _follow_order(books: FoldedBooks, row: Row) -> None:
    instruction = books.row("instructions", row["label"])
    if row["state"] not in FINAL_ORDERS:
        books.holding(instruction["proposal_id"]).live[str(row["label"])] = str(instruction["kind"])


def _follow_edit(books: FoldedBooks, row: Row) -> None:
    books.edits_of[row["label"]] += 1


def _follow_fill(books: FoldedBooks, row: Row) -> None:
    instruction = books.row("instructions", row["label"])
    holding = books.holding(instruction["proposal_id"])
    name, contracts, at = str(row["instrument_name"]), int(row["amount"] or 0), str(row["at"])
    if instruction["kind"] == "entry":
        holding.entered[name] += contracts
        holding.first_entry_at = min(holding.first_entry_at or at, at)
    else:
        holding.ended[name] += contracts


def _follow_delivery(books: FoldedBooks, row: Row) -> None:
    ended = books.holding(row["position_id"]).ended
    ended[str(row["instrument_name"])] += abs(int(row["size"] or 0))


def _follow_cash(books: FoldedBooks, row: Row) -> None:
    books.holding(row["position_id"]).cash_eth += amount(dict(row), "amount_eth")


_FOLLOWED: dict[str, Callable[[FoldedBooks, Row], None]] = {
    "proposals": _follow_proposal,
    "positions": _follow_position,
    "instructions": _follow_instruction,
    "orders": _follow_order,
    "edits": _follow_edit,
    "fills": _follow_fill,
    "deliveries": _follow_delivery,
    "cash_flows": _follow_cash,
}
"""What each new row of these tables adds to what is counted."""
