"""What the books hold, with the texts that are still kept in place of their digests."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from enum import Enum, auto
from itertools import chain
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from actors.state.tables import venue_texts
from core.venue_text import OPEN, with_texts

M = TypeVar("M")
_BETWEEN: Final = " "
"""No sign is spelled with it, so that nothing that stands in one of the texts hides in the joined one."""


def with_stored_texts(db: sqlite3.Connection, value: M) -> M:
    """Whatever it is, with the texts that are kept in place of their digests."""

    def told(text: str) -> str:
        if OPEN not in text:
            return text
        return str(with_texts(text, lambda sha256: venue_texts.by_digest(db, sha256)))

    changed: M = each_text(value, told) if OPEN in all_texts(value) else value
    return changed


def all_texts(value: Any) -> str:
    """Every text of the value, however deep, in one: what it does not hold, none of them holds."""
    found: list[str] = []
    _collect(value, found)
    return _BETWEEN.join(found)


def _collect(value: Any, found: list[str]) -> None:
    parts: Iterable[Any] = ()
    match _holds(type(value)):
        case _Holds.TEXT:
            found.append(value)
        case _Holds.FIELDS:
            parts = value.__dict__.values()
        case _Holds.ITEMS:
            parts = value
        case _Holds.PAIRS:
            parts = chain(value.keys(), value.values())
        case _Holds.NO_TEXT:
            pass
    for part in parts:
        # Without a further call for most of them: this walk is on the path of every record.
        kind = type(part)
        if kind is str:
            found.append(part)
        elif _KNOWN.get(kind) is not _Holds.NO_TEXT:
            _collect(part, found)


class _Holds(Enum):
    TEXT = auto()
    FIELDS = auto()
    ITEMS = auto()
    PAIRS = auto()
    NO_TEXT = auto()


_KNOWN: Final[dict[type, _Holds]] = {}


def _holds(kind: type) -> _Holds:
    """Where the texts of a value of that type are. A word of an enumeration is none, though it is a `str`."""
    known = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _looked_at(kind)
    return known


def _looked_at(kind: type) -> _Holds:
    if kind is str:
        return _Holds.TEXT
    if issubclass(kind, BaseModel):
        return _Holds.FIELDS
    if issubclass(kind, tuple | list):
        return _Holds.ITEMS
    return _Holds.PAIRS if issubclass(kind, dict) else _Holds.NO_TEXT


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The value with each text changed, however deep; the same object if none was."""
    match _holds(type(value)):
        case _Holds.TEXT:
            return change(value)
        case _Holds.FIELDS:
            update = {}
            # Not by the model's own iterator, which goes through more than its fields.
            for name, old in value.__dict__.items():
                new = each_text(old, change)
                if new is not old:
                    update[name] = new
            return value.model_copy(update=update) if update else value
        case _Holds.ITEMS:
            items = [each_text(one, change) for one in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return value if same else type(value)(items)
        case _Holds.PAIRS:
            pairs = {each_text(key, change): each_text(one, change) for key, one in value.items()}
            same = all(new is old for new, old in zip(pairs.values(), value.values(), strict=False))
            return value if same and pairs.keys() == value.keys() else pairs
        case _Holds.NO_TEXT:
            return value
