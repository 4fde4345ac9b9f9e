"""The fold of a log that goes on: it keeps what may still change, and of the rest a digest.

So it needs little memory, can be written into the log as a checkpoint, and goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import takewhile

from pydantic import JsonValue

from core.audit.fold.books import TABLES, FoldedBooks
from core.audit.fold.final import FinalRows, row_json
from core.audit.fold.forms import ContradictionError, Detail
from core.audit.fold.log import EFFECTS, finish, take, unsound
from core.audit.fold.opening import PART_BYTES_MAX, read_rows
from core.audit.fold.tables import Cell, Row
from core.audit.hash_chain import AuditRecord, canonical_json, kind_of, read_record
from core.messages.audit import AuditKind

LET_GO_EVERY = 512
"""Records between two looks for what is final. A position is let go of at the second look that finds it so:
records of one change stand together and are fewer."""
AT_ONCE = frozenset({"decisions", "alerts"})
"""Tables whose rows never change."""
CLOSED = {"cycles": "closed_at", "inbox": "done_at"}
"""Tables whose rows are final once this column is set."""
ROWS_MAX = 2**62
"""As many as a database can count; a forged number may be any."""
_SHA256 = re.compile("[0-9a-f]{64}")
_OPENS = frozenset({AuditKind.CHAIN_BROKEN, AuditKind.BOOKS})
_POSITION_OF = {
    "proposals": "proposal_id",
    "positions": "position_id",
    "instructions": "proposal_id",
    "deliveries": "position_id",
    "cash_flows": "position_id",
}
"""The columns that name the position of a row; orders, edits and fills have it by their label."""


class RunningFold:
    """Follows a log record by record from its beginning, or from a checkpoint.

    `late` names rows that are not let go of before a record: one that was final may be changed once more (a
    fill of an order that was thought dead), and this fold can't go back.
    """

    def __init__(self, late: Mapping[Cell, int] | None = None) -> None:
        self.books = FoldedBooks()
        self.seq = 0
        """The number of the last record that was taken."""
        self.since_checkpoint = 0
        """Records that have to be folded at the next start, unless there is another checkpoint before."""
        self._late = dict(late or {})
        self._done: set[Cell] = set()
        self._next_look = LET_GO_EVERY

    @classmethod
    def unopened(cls, seq: int) -> RunningFold:
        """After a record, of books whose rows are to follow (BOOKS)."""
        made = cls()
        made.books.is_opened, made.seq, made._next_look = False, seq, seq + LET_GO_EVERY
        return made

    @classmethod
    def from_checkpoint(cls, record: AuditRecord) -> RunningFold:
        """Go on after a record of kind CHECKPOINT. Raises ContradictionError if it is not one."""
        made, books, detail = cls(), FoldedBooks(), record.detail
        live, final, rows = detail.get("live"), detail.get("final"), read_rows(detail)
        if not isinstance(live, list) or not isinstance(final, dict) or set(final) != set(TABLES):
            raise ContradictionError("expected a checkpoint with live positions and final rows by table")
        for name, of in final.items():
            books.final[name] = _final_rows(name, of)
        for name, row in rows:
            books.tables[name][row[TABLES[name].key]] = row
        try:
            for name, row in rows:
                position_id = _position_of(books, name, row)
                if position_id is None or position_id in live:
                    books.count_in(name, row)
        except ArithmeticError as error:
            raise ContradictionError("expected amounts that can be counted") from error
        made.books, made.seq = books, record.seq
        made._next_look = record.seq + LET_GO_EVERY
        return made

    def take(self, line: bytes) -> None:
        """Take the next record's line. Raises ForgottenError if it changes what was let go of."""
        self.seq += 1
        self.since_checkpoint += 1
        kind = kind_of(line)
        if kind == AuditKind.CHECKPOINT:
            self.since_checkpoint = 0
        elif (kind in EFFECTS or not kind) if self.books.is_opened else kind in _OPENS:
            take(self.books, read_record(line))
        if self.seq >= self._next_look:
            self.let_go()

    def let_go(self) -> None:
        """Replace the rows that are final, from each table's first on, by their digest."""
        self._next_look = self.seq + LET_GO_EVERY
        books = self.books
        if not books.is_opened:
            return  # The rest of an opening may be about any position.
        self._leave_positions()
        for name, table in TABLES.items():
            if not table.ordered:
                continue
            rows = books.tables[name]
            gone = list(takewhile(partial(self._is_final, name), rows.values()))
            books.final[name] = books.final[name].and_then(row_json(table, row) for row in gone)
            for row in gone:
                del rows[row[table.key]]
                if name == "edits":
                    books.edits_of.pop(row["label"], None)

    def finished(self) -> FoldedBooks:
        """The books so far, for a comparison; `problems` has what must not be when nothing follows."""
        finish(self.books)
        return self.books

    def checkpoint(self) -> Detail | None:
        """The detail of a checkpoint after the last record; None if the books are in between or too large."""
        self.let_go()
        books = self.books
        if books.unplaced or not books.is_opened:
            return None
        tables = {name: rows for name, rows in books.tables.items() if rows}
        columns: Detail = {name: list(TABLES[name].columns) for name in tables}
        cells: Detail = {
            name: [[row[column] for column in TABLES[name].columns] for row in rows.values()]
            for name, rows in tables.items()
        }
        final: Detail = {
            name: {"rows": of.rows, "sha256": of.digest.hex()} for name, of in books.final.items()
        }
        live: list[JsonValue] = [str(position_id) for position_id in books.holdings]
        detail: Detail = {"columns": columns, "rows": cells, "final": final, "live": live}
        return detail if len(canonical_json(detail)) <= PART_BYTES_MAX else None

    def _leave_positions(self) -> None:
        """Hold on no longer to positions that had ended, with their orders, at the last look already."""
        books = self.books
        late = {self._position_named(key) for key in self._late if self._is_late(key)}
        ended = {key for key, holding in books.holdings.items() if holding.has_ended()} - late
        leaving = ended & self._done
        if leaving:
            books.problems.extend(unsound(books, leaving))
            for position_id in leaving:
                del books.holdings[position_id]
        self._done = ended - leaving

    def _is_final(self, name: str, row: Row) -> bool:
        if name in AT_ONCE:
            return True
        if name in CLOSED:
            return row[CLOSED[name]] is not None and not self._is_late(row[TABLES[name].key])
        position_id = _position_of(self.books, name, row)
        return position_id is None or not (
            position_id in self.books.holdings or position_id in self.books.unplaced
        )

    def _position_named(self, key: Cell) -> Cell:
        """The position that a key of `late` names, by itself or by the label of an order."""
        instruction = self.books.tables["instructions"].get(key)
        return key if instruction is None else instruction["proposal_id"]

    def _is_late(self, key: Cell) -> bool:
        return self._late.get(key, 0) > self.seq


def _position_of(books: FoldedBooks, name: str, row: Row) -> Cell:
    """The position that a row belongs to; None if it belongs to none, or to one that was let go of."""
    if name in _POSITION_OF:
        return row[_POSITION_OF[name]]
    instruction = books.tables["instructions"].get(row["label"]) if "label" in row else None
    return None if instruction is None else instruction["proposal_id"]


def _final_rows(name: str, of: JsonValue) -> FinalRows:
    rows, digest = (of.get("rows"), of.get("sha256")) if isinstance(of, dict) else (None, None)
    if not isinstance(rows, int) or isinstance(rows, bool) or not 0 <= rows <= ROWS_MAX:
        raise ContradictionError(f"final, {name}: expected a number of rows, found {rows}")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ContradictionError(f"final, {name}: expected a number of rows with their SHA-256, found {of}")
    return FinalRows(rows, bytes.fromhex(digest))
