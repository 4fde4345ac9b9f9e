"""What an outsider can read of a data folder after a run: the books, the audit chain, its records."""

from __future__ import annotations

from pathlib import Path

from actors.audit.verify import Stored, VerifyReport, verify
from actors.state.read_only import books_opened
from actors.state.stored import StoredBooks, audit_side, everything_stored
from core.errors import FoundWrongError


def books_of(data_dir: Path) -> StoredBooks:
    """The books. Raises FoundWrongError where there are none or they can't be read."""
    with books_opened(data_dir) as db:
        if db is None:
            raise FoundWrongError(f"{data_dir}: expected the books of an engine, found none")
        return everything_stored(db)


def audit_of(data_dir: Path) -> VerifyReport:
    """The audit room's own verifier, against files and books."""

    def stored() -> Stored | None:
        with books_opened(data_dir) as db:
            return None if db is None else audit_side(db)

    return verify(data_dir, stored=stored)
