"""How long what an engine reads of the market is kept in files.

It is no part of `strategy.yaml`, because nothing that is traded depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import InputError
from core.plain_number import plain_whole

RECORD_DAYS: Final = "CERBERO_BITE_RECORD_DAYS"
DAYS_KEPT: Final = 400
"""A year and the month after it, with which it is compared."""
DAYS_MAX: Final = 3650


def record_days(env: Mapping[str, str], *, default: int | None = DAYS_KEPT) -> int | None:
    """How many days are kept; None: nothing is recorded. Raises `InputError`."""
    text = env.get(RECORD_DAYS, "").strip()
    if not text:
        return default
    days = plain_whole(text)
    if days is None or not 0 <= days <= DAYS_MAX:
        # Not repeated: it may be the value of another variable, which is secret.
        raise InputError(
            f"{RECORD_DAYS}: expected a whole number of days from 0 to {DAYS_MAX}, found something else"
        )
    return days or None
