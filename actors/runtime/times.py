"""Market time as whole microseconds since the epoch, exact, and as aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)


def to_us(when: datetime) -> int:
    """Whole microseconds since the epoch, exact. Raises ValueError for a naive time."""
    if when.tzinfo is None:
        raise ValueError(f"expected an aware time, found the naive {when.isoformat()}")
    return (when - EPOCH) // _ONE_US


def from_us(us: int) -> datetime:
    """The aware UTC time of whole microseconds since the epoch, exact."""
    return EPOCH + timedelta(microseconds=us)
