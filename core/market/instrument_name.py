"""Parses and writes the venue's option names: `ETH-6JUL25-1500-P` expires on 6 July 2025 at 08:00 UTC.

An order names an instrument and nothing else. A quote whose fields contradict its name would be sized as one
option and traded as another.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from core.values import OptionType

EXPIRY_HOUR_UTC: Final = 8
MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME: Final = re.compile(r"ETH-([1-9]|[12]\d|3[01])([A-Z]{3})(\d\d)-([1-9]\d{0,8})-([CP])", re.ASCII)
_NAMES_KEPT: Final = 65_536
"""Some years of listed options; a name is parsed once."""


class NamedOption(NamedTuple):
    """The option that a name stands for; strikes are whole USD."""

    expiration: datetime
    strike_usd: int
    option_type: OptionType


@lru_cache(maxsize=_NAMES_KEPT)
def named_option(instrument_name: str) -> NamedOption | None:
    """Return the option of that name; None if it is not an ETH option's or its day does not exist."""
    match = _NAME.fullmatch(instrument_name)
    if match is None or match[2] not in MONTH_NAMES:
        return None
    day, month, year = int(match[1]), MONTH_NAMES.index(match[2]) + 1, 2000 + int(match[3])
    try:
        expiration = datetime(year, month, day, EXPIRY_HOUR_UTC, tzinfo=UTC)
    except ValueError:
        return None
    return NamedOption(expiration, int(match[4]), OptionType.CALL if match[5] == "C" else OptionType.PUT)


def expiry_code(expiration: datetime) -> str:
    """Return the first part of a name: `ETH-6JUL25` for an expiry on 6 July 2025."""
    return f"ETH-{expiration.day}{MONTH_NAMES[expiration.month - 1]}{expiration.year % 100:02d}"
