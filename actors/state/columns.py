"""Converts values to and from columns: times as sortable text, money as decimal text, lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from actors.state.refusal import BooksRefusalError

TIMES_KEPT = 512
"""The rows of one change hold the same few times, and those of an open position are read at each change."""
LISTS_KEPT = 64
"""Most are empty, or the same few words."""


@lru_cache(TIMES_KEPT)
def time_text(when: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that text order is time order. Refuses a naive time."""
    if when.tzinfo is None:
        raise BooksRefusalError("naive_time", f"expected an aware time, found {when.isoformat()}")
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def maybe_time_text(when: datetime | None) -> str | None:
    return None if when is None else time_text(when)


@lru_cache(TIMES_KEPT)
def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def maybe_time_of(text: str | None) -> datetime | None:
    return None if text is None else time_of(text)


def maybe_decimal_text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def maybe_decimal_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def list_text(words: Sequence[str]) -> str:
    return json.dumps(list(words))


@lru_cache(LISTS_KEPT)
def list_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
