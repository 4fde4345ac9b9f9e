"""Rows that can't change any more, as their number and a digest."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from json import JSONEncoder
from typing import NamedTuple

from core.audit.fold.tables import Cell, ProvedTable, Row

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class FinalRows(NamedTuple):
    """The first `rows` rows of a table in the order of their insertion.

    `digest` is a chain: SHA-256 over the digest before and the row as a JSON array. So it grows by one row at
    a time, proves the order too, and is computed again from a database in one pass.
    """

    rows: int = 0
    digest: bytes = bytes(32)

    def and_then(self, more: Iterable[str]) -> FinalRows:
        """These rows, followed by those, each as its `row_json`."""
        rows, digest = self
        for row in more:
            digest = sha256(digest + row.encode("utf-8", "surrogatepass")).digest()
            rows += 1
        return FinalRows(rows, digest)


NO_ROWS = FinalRows()


def row_json(table: ProvedTable, row: Row) -> str:
    """The cells as a JSON array, without spaces and with nothing escaped that JSON lets stand.

    It is what SQLite's `json_array` makes of them, so that a database's rows needn't pass through Python.
    """
    cells: list[Cell] = [row[column] for column in table.columns]
    return _encode(cells)
