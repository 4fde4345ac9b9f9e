"""Between the rooms and the books: what others said goes into a table that can be cleared, secrets nowhere.

A row and its audit record hold the same: the digest of a quoted text in place of the text. On the way out,
in answers for people, the text stands there again for as long as it is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from actors.state.stored_texts import all_texts, each_text, with_stored_texts
from actors.state.tables import venue_texts
from core.messages.state import RecordDecision
from core.venue_text import OPEN, without_texts

M = TypeVar("M")


class TextDoor:
    """`redact` masks secrets, though none should come this far: what is in the audit log stays there."""

    def __init__(self, db: sqlite3.Connection, redact: Callable[[str], str]) -> None:
        self._db = db
        self._redact = redact
        self._may_be_many = True

    def taken_in(self, request: M) -> tuple[M, tuple[str, ...]]:
        """The request as it is recorded, and the texts of others that it held, for `keep`."""
        texts: dict[str, str] = {}

        def recorded(text: str) -> str:
            text = self._redact(text)
            return without_texts(text, texts.__setitem__) if OPEN in text else text

        together = all_texts(request)
        # One look at all of them, because hardly any holds a secret or a quote.
        is_plain = OPEN not in together and self._redact(together) == together
        kept: M = request if is_plain else each_text(request, recorded)
        said = request.texts if isinstance(request, RecordDecision) else ()
        return kept, (*texts.values(), *said)

    def keep(self, texts: tuple[str, ...], now: datetime) -> None:
        """Store them, in the open transaction."""
        if texts:
            venue_texts.insert(self._db, texts, now)
            self._may_be_many = True

    def prune(self) -> None:
        """Drop the texts beyond the bound, in the open transaction, if one was kept since that was done last.

        If the transaction is rolled back, it is done with the next text that is kept.
        """
        if self._may_be_many:
            venue_texts.prune(self._db)
            self._may_be_many = False

    def told(self, answer: M) -> M:
        """The answer with the texts that are still kept."""
        return with_stored_texts(self._db, answer)
