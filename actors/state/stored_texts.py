"""What the books hold, with the texts that are still kept in place of their digests."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel

from actors.state.tables import venue_texts
from core.venue_text import OPEN, with_texts

M = TypeVar("M")
_WITHOUT_TEXT = frozenset({type(None), bool, int, float, Decimal, datetime})


def with_stored_texts(db: sqlite3.Connection, value: M) -> M:
    """Whatever it is, with the texts that are kept in place of their digests."""

    def told(text: str) -> str:
        if OPEN not in text:
            return text
        return str(with_texts(text, lambda sha256: venue_texts.by_digest(db, sha256)))

    changed: M = each_text(value, told)
    return changed


def each_text(value: Any, change: Callable[[str], str]) -> Any:
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
            new = each_text(old, change)
            if new is not old:
                update[name] = new
        return value.model_copy(update=update) if update else value
    if isinstance(value, tuple | list):
        items = [each_text(one, change) for one in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, dict):
        pairs = {each_text(key, change): each_text(one, change) for key, one in value.items()}
        same = all(new is old for new, old in zip(pairs.values(), value.values(), strict=False))
        return value if same and pairs.keys() == value.keys() else pairs
    return value
