"""What `audit verify` finds of a folder's log and books, and how it tells it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from actors.audit.files import AUDIT_FOLDER
from actors.audit.verify import VerifyReport
from core.audit.hash_chain import Link
from core.errors import FoundWrongError
from core.how_many import how_many
from core.status.finding import DAMAGED
from reading.audit import NOT_ACCEPTED, require_audit_log, verified, verified_alone
from reading.books import has_books
from reading.json_forms import proof_json
from reading.proof import BooksProof, NotYetInLogError, books_proved, break_compared


@dataclass(frozen=True)
class AuditFound:
    """The log, and the books as far as they were compared with it."""

    data_dir: Path
    log: VerifyReport
    has_books: bool
    told_head: Link | None
    damage: str | None = None
    """Why the books can't be read."""
    not_yet: str | None = None
    """Why the books can't be compared, although nothing is known to be wrong."""
    books: BooksProof | None = None
    """None if they were not to be compared, or can't be."""
    broken_log: tuple[str, ...] | None = None
    """What the log before a break that nobody has accepted says against the books."""

    def as_json(self) -> dict[str, JsonValue]:
        """For programs."""
        return {
            "ok": self.log.ok
            and (self.damage or self.not_yet) is None
            and (self.books is None or self.books.ok),
            "log_ok": self.log.ok,
            "records": self.log.records,
            "head": str(self.log.head),
            "problem": self.log.problem,
            "compared_with_books": self.has_books and self.damage is None,
            "books_problem": self.damage or self.not_yet,
            "books": None if self.books is None else proof_json(self.books),
            "broken_log": None if self.broken_log is None else list(self.broken_log),
        }

    def lines(self) -> Iterator[str]:
        """For people: what is whole, and each place where the books differ."""
        if self.log.ok:
            yield f"whole: {how_many(self.log.records, 'record')}, head {self.log.head}"
            if not self.has_books or self.damage is not None:
                where = "at the end" if self.told_head is None else "after the head that was told"
                yield f"without the books (cerbero.db) records that are missing {where} can't be seen"
        if self.books is not None:
            yield from self.broken_log or ()
            yield from self.books.lines()
            if self.books.ok:
                yield f"the books are what {self.books.records} records make of them"

    def require_sound(self) -> None:
        """Raise FoundWrongError with everything that is wrong."""
        wrong = [] if self.log.ok else [f"audit: {self.log.problem}"]
        if self.damage is not None:
            wrong.append(f"{self.damage}: {DAMAGED}" if self.log.ok else self.damage)
        if self.not_yet is not None:
            wrong.append(self.not_yet)
        if wrong:
            raise FoundWrongError(*wrong)
        if self.books is not None and not self.books.ok:
            places = f"{how_many(len(self.books.lines()), 'place')} where they differ"
            log = shlex.quote(str(self.data_dir / AUDIT_FOLDER))
            raise FoundWrongError(
                f"audit: expected the books that the log makes, found {places};"
                f" `run.py state rebuild --from-audit {log}` writes them anew from the log"
            )


def examined(data_dir: Path, told_head: Link | None, *, strict: bool, books: bool) -> AuditFound:
    """Follow the log and, with `books`, compare them with it. Raises DataFolderError if there is neither."""
    with_books = has_books(data_dir)
    if not with_books:
        # With books a missing log counts as broken: `verified` knows from them how long it was.
        require_audit_log(data_dir)
    damage = not_yet = proof = after_break = None
    try:
        log = verified(data_dir, told_head=told_head, strict=strict)
    except FoundWrongError as error:
        damage = str(error)
        log = verified_alone(data_dir, told_head=told_head, strict=strict)
    # Who is to accept a break needs to see what it did to the books.
    unaccepted = log.problem == NOT_ACCEPTED
    if books and damage is None and (log.ok or unaccepted):
        try:
            proof = books_proved(data_dir)
            after_break = break_compared(data_dir) if unaccepted else None
        except NotYetInLogError as error:
            not_yet = str(error)
        except FoundWrongError as error:
            damage = str(error)
    return AuditFound(data_dir, log, with_books, told_head, damage, not_yet, proof, after_break)
