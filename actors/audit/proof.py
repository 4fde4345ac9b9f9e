"""Books = fold(audit), at each start and while the engine runs: the audit actor's side of the proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Protocol, cast

from pydantic import JsonValue

from actors.audit.files import lines_of, plain_files, whole_lines
from core.audit.fold.compare import differences, differences_in, digest_of
from core.audit.fold.final import FinalRows
from core.audit.fold.forms import ContradictionError, ForgottenError
from core.audit.fold.log import fold
from core.audit.fold.running import RunningFold
from core.audit.fold.tables import PROVED, Cell, ProvedTable
from core.audit.hash_chain import ChainBrokenError, kind_of, read_record
from core.errors import FoundWrongError
from core.messages.audit import AuditKind
from core.messages.state import TableRead

CHECKPOINT_EVERY = 5000
"""Records: folding so many takes a fraction of a second, and a checkpoint is a fraction of their bytes."""
PAGE_ROWS = 5000
FOUND_MAX = 1000
"""No more places are gathered; so many have one cause."""
_CHECKPOINT = b'"kind":"CHECKPOINT"'
_KIND_WITHIN = 200


class UnreadableBooksError(FoundWrongError):
    """State can't read what is asked for."""


class ReadableBooks(Protocol):
    """The books as they are stored. Raises UnreadableBooksError."""

    def table(self, name: str, *, digest: int, skip: int, limit: int) -> TableRead:
        """As `GetTable` says."""


class Proof:
    """Follows the log from the last checkpoint on, through the life of the actor.

    `problems` are what the log itself contradicts. A record that changes what was final already ends the
    fold of this life: without it there are no checkpoints, and the next start begins earlier.
    """

    def __init__(self, running: RunningFold | None) -> None:
        self._running = running
        self._told = 0 if running is None else len(running.books.problems)

    def may_be_due(self, records: int) -> bool:
        """Whether a checkpoint may be due after so many further records."""
        return self._running is not None and self._running.since_checkpoint + records >= CHECKPOINT_EVERY

    def take(self, lines: Iterable[bytes]) -> tuple[str, ...]:
        """Fold what was appended; what contradicts what was before, if anything."""
        if self._running is None:
            return ()
        try:
            for line in lines:
                self._running.take(line)
        except ForgottenError:
            self._running = None
            return ()
        found = tuple(self._running.books.problems[self._told :])
        self._told += len(found)
        return found

    def checkpoint(self) -> dict[str, JsonValue] | None:
        """The detail of a checkpoint at the last record, if one is due."""
        if self._running is None or self._running.since_checkpoint < CHECKPOINT_EVERY:
            return None
        return self._running.checkpoint()


def fold_to_the_end(folder: Path) -> RunningFold:
    """The fold of a whole log from its last checkpoint on, or from its beginning.

    A record may be about what was final before it. Then that is held on to from the beginning. Raises
    ChainBrokenError if a line is no record, OSError.
    """
    late: dict[Cell, int] = {}
    running = _from_checkpoint(folder)
    while True:
        try:
            return _taken(*(running or (RunningFold(late), whole_lines(folder))))
        except _LateError as error:
            if late.get(error.key, 0) >= error.seq:
                raise AssertionError(f"record {error.seq}: {error.key!r} was let go of again") from error
            late[error.key] = error.seq
            running = None


def compare(running: RunningFold, books: ReadableBooks, folder: Path) -> tuple[tuple[str, ...], RunningFold]:
    """Every place where the books are not what the log makes of them, and the fold to go on with.

    Rows that were let go of are compared by their digest. If it is another one, every record is folded, so
    that table, row and field can be named; if that finds nothing, the checkpoint was wrong, and the fold that
    is returned began without it.
    """
    found: list[str] = [*running.finished().problems]
    for table in PROVED:
        by_log, rest = running.books.final[table.name], running.books.tables[table.name]
        limit = len(rest) + FOUND_MAX
        try:
            part = books.table(table.name, digest=by_log.rows, skip=by_log.rows, limit=limit)
        except UnreadableBooksError as error:
            return (*found, str(error)), running
        if FinalRows(part.digested, bytes.fromhex(part.sha256)) != by_log:
            return _compared_whole(running, books, folder)
        made = differences_in(table, rest, (_row(table, cells) for cells in part.rows))
        found.extend(map(str, islice(made, FOUND_MAX)))
    return tuple(found), running


def _compared_whole(
    running: RunningFold, books: ReadableBooks, folder: Path
) -> tuple[tuple[str, ...], RunningFold]:
    whole = fold(whole_lines(folder), keep=digest_of)
    try:
        found = tuple(map(str, islice(differences(whole, lambda table: _all_rows(books, table)), FOUND_MAX)))
    except UnreadableBooksError as error:
        found = (str(error),)
    if found or whole.problems:
        return (*whole.problems, *found), running
    anew = _taken(RunningFold(), whole_lines(folder))
    anew.since_checkpoint = CHECKPOINT_EVERY
    return (), anew


def _all_rows(books: ReadableBooks, table: ProvedTable) -> Iterator[Mapping[str, Cell]]:
    skip = 0
    while rows := books.table(table.name, digest=0, skip=skip, limit=PAGE_ROWS).rows:
        for cells in rows:
            yield _row(table, cells)
        skip += len(rows)


def _row(table: ProvedTable, cells: object) -> Mapping[str, Cell]:
    return dict(zip(table.columns, cast("tuple[Cell, ...]", cells), strict=True))


class _LateError(Exception):
    """Record `seq` is about `key`, which was let go of."""

    def __init__(self, key: Cell, seq: int) -> None:
        super().__init__(f"record {seq}: {key!r}")
        self.key = key
        self.seq = seq


def _taken(running: RunningFold, lines: Iterable[bytes]) -> RunningFold:
    try:
        for line in lines:
            running.take(line)
    except ForgottenError as error:
        raise _LateError(error.key, running.seq) from error
    return running


def _from_checkpoint(folder: Path) -> tuple[RunningFold, Iterator[bytes]] | None:
    """The fold as the last checkpoint has it, and the lines after it; None without one."""
    files = plain_files(folder)
    for number in range(len(files) - 1, -1, -1):
        record = last = None
        for place, line in enumerate(lines_of(files[number])):
            # Looking for these few bytes first keeps the walk over a long file fast.
            if _CHECKPOINT in line[:_KIND_WITHIN] and kind_of(line) == AuditKind.CHECKPOINT:
                record, last = place, line
        if record is None or last is None:
            continue
        try:
            running = RunningFold.from_checkpoint(read_record(last))
        except (ContradictionError, ForgottenError, ChainBrokenError):
            return None
        return running, _lines_after(files[number:], record)
    return None


def _lines_after(files: list[Path], place: int) -> Iterator[bytes]:
    for number, path in enumerate(files):
        for at, line in enumerate(lines_of(path)):
            if line.endswith(b"\n") and (number or at > place):
                yield line
