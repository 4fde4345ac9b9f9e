"""Whether the books say what the audit log makes of them: books = fold(audit)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, whole_lines
from actors.state.stored import BooksReader, books_read
from core.audit.fold.compare import BooksDifference, differences, digest_of
from core.audit.fold.log import fold
from core.audit.hash_chain import split_lines
from reading.errors import DataFolderError

DIFFERENCES_MAX = 1000
"""No more are gathered; so many have one cause."""


@dataclass(frozen=True)
class BooksProof:
    """The outcome: `problems` are contradictions within the log, and damaged pages and rows outside it."""

    records: int
    problems: tuple[str, ...]
    differences: tuple[BooksDifference, ...]

    @property
    def ok(self) -> bool:
        return not self.problems and not self.differences

    def lines(self) -> tuple[str, ...]:
        """Everything that is wrong, one sentence each."""
        return (*self.problems, *(str(difference) for difference in self.differences))


def books_proved(data_dir: Path) -> BooksProof:
    """Fold the log up to what the books have committed, and compare it with them row by row.

    An engine may write meanwhile: the books are read in one transaction, which says where the log ends for
    it. Whether the log itself is whole is for `reading.audit.verified` to say. Raises DataFolderError if
    there are no books, ChainBrokenError if a line is no record.
    """
    with books_read(data_dir) as books:
        if books is None:
            raise DataFolderError(f"{data_dir}: expected the books of an engine (cerbero.db), found none")
        fault = books.page_fault()
        if fault is not None:
            return BooksProof(0, (f"cerbero.db: {fault}",), ())
        lines = _Counted(_committed(data_dir, books))
        folded = fold(lines, keep=digest_of)
        found = tuple(islice(differences(folded, books.rows), DIFFERENCES_MAX))
        problems = (*folded.problems, *books.broken_seals())
        return BooksProof(lines.count, problems, found)


class _Counted:
    """Counts what passes through."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line


def _committed(data_dir: Path, books: BooksReader) -> Iterator[bytes]:
    """The lines of all committed records: from the files, and what is pending from the books."""
    head, pending = books.chain_end()
    acknowledged = head.seq if pending is None else pending.first_seq - 1
    yield from islice(whole_lines(data_dir / AUDIT_FOLDER), acknowledged)
    if pending is not None:
        yield from split_lines(pending.payload)
