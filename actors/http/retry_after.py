"""`Retry-After`: how long a server wants to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LENGTH_MAX = 200
"""A longer header is not read."""
_PIECE = re.compile(r"(?:[A-Za-z]{3,9},)?[^,]+")
"""One value of several that are joined by commas; a date has a comma after its day of the week."""
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def retry_after_s(headers: Mapping[str, str], *, max_s: float) -> float | None:
    """The pause in seconds, between 0 and `max_s`; None if none is asked for that can be understood.

    A date counts from the answer's own `Date`, so that a clock of theirs or ours that is set wrong changes
    nothing. Of several values the longest counts.
    """
    text = headers.get("retry-after", "")
    if len(text) > _LENGTH_MAX:
        return None
    found = [_seconds(piece.strip(), headers) for piece in _PIECE.findall(text)]
    pauses_s = [pause_s for pause_s in found if pause_s is not None]
    return min(max(0.0, *pauses_s), max_s) if pauses_s else None


def _seconds(text: str, headers: Mapping[str, str]) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    until, sent_at = _date(text), _date(headers.get("date", "")[:_LENGTH_MAX].strip())
    return None if until is None or sent_at is None else (until - sent_at).total_seconds()


def _date(text: str) -> datetime | None:
    """A date in any of the three forms that HTTP has."""
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
