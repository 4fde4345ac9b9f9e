"""Between the rooms and the books: what others said goes into a table that can be cleared, secrets nowhere.

A row and its audit record hold the same: the digest of a quoted text in place of the text. On the way out,
in answers for people, the text stands there again for as long as it is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel

from actors.state.tables import venue_texts
from core.messages.state import RecordDecision
from core.venue_text import OPEN, with_texts, without_texts

M = TypeVar("M")
_WITHOUT_TEXT = frozenset({type(None), bool, int, float, Decimal, datetime})


class TextDoor:
    """`redact` masks secrets, though none should come this far: what is in the audit log stays there."""

    def __init__(self, db: sqlite3.Connection, redact: Callable[[str], str]) -> None:
        self._db = db
        self._redact = redact

    def taken_in(self, request: M, now: datetime) -> M:
        """The request as it is recorded; its texts are stored, in the open transaction."""
        texts: dict[str, str] = {}

        def recorded(text: str) -> str:
            text = self._redact(text)
            return without_texts(text, texts.__setitem__) if OPEN in text else text

        kept: M = _each_text(request, recorded)
        said = request.texts if isinstance(request, RecordDecision) else ()
        if texts or said:
            venue_texts.insert(self._db, (*texts.values(), *said), now)
        return kept

    def told(self, answer: M) -> M:
        """The answer with the texts that are still kept."""
        return with_stored_texts(self._db, answer)


def with_stored_texts(db: sqlite3.Connection, value: M) -> M:
    """Whatever it is, with the texts that are kept in place of their digests."""

    def told(text: str) -> str:
        if OPEN not in text:
            return text
        return str(with_texts(text, lambda sha256: venue_texts.by_digest(db, sha256)))

    changed: M = _each_text(value, told)
    return changed


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The value with each text changed, however deep; the same object if none was."""
    kind = type(value)
    if kind is str:  # Not a word of an enumeration, which is a text, too.
        return change(value)
    if kind in _WITHOUT_TEXT:
        return value
    if isinstance(value, BaseModel):
        update = {}
        # Not by the model's own iterator: this walk is on the path of every record.
        for name, old in value.__dict__.items():
            new = _each_text(old, change)
            if new is not old:
                update[name] = new
        return value.model_copy(update=update) if update else value
    if isinstance(value, tuple | list):
        items = [_each_text(one, change) for one in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, dict):
        pairs = {_each_text(key, change): _each_text(one, change) for key, one in value.items()}
        same = all(new is old for new, old in zip(pairs.values(), value.values(), strict=False))
        return value if same and pairs.keys() == value.keys() else pairs
    return value
