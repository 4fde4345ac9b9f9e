"""Tables of the books as they are stored, for the comparison with the log at a start."""

from __future__ import annotations

import sqlite3

from actors.state.tables import raw
from core.audit.fold.books import TABLES
from core.audit.fold.final import NO_ROWS
from core.messages.base import Refused
from core.messages.state import GetTable, TableRead


def table_read(db: sqlite3.Connection, query: GetTable, seq: int) -> TableRead | Refused:
    """The answer to `query`; refused if the rows can't be read. `seq` is the last committed record."""
    table = TABLES[query.table]
    try:
        first = NO_ROWS.and_then(raw.rows_json(db, table, query.digest))
        rows = raw.cells(db, table, query.skip, query.limit)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Python raises the second for a text that is not UTF-8.
        reason = f"{query.table}: expected rows that can be read, found {error}"
        return Refused(request_id="", reasons=(reason,))
    return TableRead(seq=seq, digested=first.rows, sha256=first.digest.hex(), rows=tuple(rows))
