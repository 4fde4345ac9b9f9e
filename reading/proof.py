"""Whether the books say what the audit log makes of them: books = fold(audit)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Final

from actors.audit.evidence import PENDING
from actors.audit.files import AUDIT_FOLDER, whole_lines
from actors.state.database import database_path
from actors.state.stored import BooksReader
from core.audit.fold.books import FoldedBooks
from core.audit.fold.compare import BooksDifference, differences, digest_of
from core.audit.fold.log import fold
from core.audit.hash_chain import (
    GENESIS,
    ChainBrokenError,
    follow,
    kind_of,
    read_record,
    split_lines,
)
from core.errors import FoundWrongError
from core.messages.audit import AuditKind
from files.plain import plain_bytes
from reading.books import required_books
from reading.errors import DataFolderError


class NotYetInLogError(FoundWrongError):
    """Nothing is known to be wrong: the log does not say yet how the books came to be."""


DIFFERENCES_MAX = 1000
"""No more are gathered; so many have one cause."""
NOT_YET_IN_LOG: Final = (
    "the books can't be compared with their log: an older version wrote them, whose log does not say all of"
    " them; the next start writes their rows into it"
)


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
    there are no books, NotYetInLogError if an older version wrote them, ChainBrokenError if a line is no
    record.
    """
    with required_books(data_dir) as books:
        is_sound = books.is_sound()
        fault = None if is_sound else books.damage()
        if fault is not None:
            return BooksProof(0, (f"cerbero.db: {fault}",), ())
        if not books.is_in_log():
            raise NotYetInLogError(f"{database_path(data_dir)}: {NOT_YET_IN_LOG}")
        lines = _Counted(_committed(data_dir, books))
        folded = fold(lines, keep=digest_of)
        found = tuple(islice(differences(folded, books.rows), DIFFERENCES_MAX))
        problems = (*folded.problems, *books.broken_seals())
        if not found and not problems and not is_sound:
            # Otherwise the row that breaks a constraint is most likely named already, and by its field.
            forbidden = books.constraint_fault()
            problems = () if forbidden is None else (f"cerbero.db: {forbidden}",)
        return BooksProof(lines.count, problems, found)


def break_compared(data_dir: Path) -> tuple[str, ...] | None:
    """What a log that was broken says against the books as they were when the new one began.

    One sentence for each difference; the first says how far the broken log could be followed. None if the log
    in the folder did not begin with a break. Raises DataFolderError if the broken log is not where it was
    put.
    """
    opening = _opening(data_dir)
    if opening is None:
        return None
    evidence, books = opening
    folder = data_dir / evidence
    if not folder.is_dir():
        raise DataFolderError(f"{data_dir}: expected the broken log in {evidence}, found no such folder")
    lines = list(_sound(folder))
    by_evidence = fold(lines)
    found = differences(by_evidence, lambda table: books.tables[table.name].values())
    return (
        f"{evidence}: {len(lines)} records follow from each other and are compared",
        *by_evidence.problems,
        *(f"{difference} when the new log began" for difference in islice(found, DIFFERENCES_MAX)),
    )


def _opening(data_dir: Path) -> tuple[str, FoldedBooks] | None:
    """The folder of the evidence, and the rows that the log opens with."""
    lines = whole_lines(data_dir / AUDIT_FOLDER)
    first = next(lines, None)
    if first is None or kind_of(first) != AuditKind.CHAIN_BROKEN:
        return None
    evidence = read_record(first).detail.get("evidence")
    books = fold((first, *takewhile(lambda line: kind_of(line) == AuditKind.BOOKS, lines)))
    return (evidence, books) if isinstance(evidence, str) and books.is_opened else None


def _sound(folder: Path) -> Iterator[bytes]:
    """The lines of the broken log, and of what was pending, as far as they follow from each other."""
    link = GENESIS
    pending = folder / PENDING
    lines = chain(whole_lines(folder), split_lines(plain_bytes(pending)) if pending.exists() else ())
    try:
        for line in lines:
            if line.startswith(b'{"seq":%d,' % link.seq):
                continue  # Of the pending bytes, what the file holds already.
            link = follow(link, line)
            yield line
    except ChainBrokenError:
        return


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
