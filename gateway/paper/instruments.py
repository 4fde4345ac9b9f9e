"""Option instruments: their names, as the venue writes them, and their text in JSON that never changes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Final

from core.errors import InputError
from core.mcp import iso_utc
from core.values import OptionType
from gateway.paper.calendar import EXPIRY_HOUR_UTC

MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME = re.compile(r"ETH-([1-9]|[12]\d|3[01])([A-Z]{3})(\d\d)-([1-9]\d*)-([CP])", re.ASCII)


class Instrument:
    """One European option on ETH, cash-settled in ETH. 1 contract = 1 ETH; `strike_usd` is whole.

    Compared and hashed by identity: make them with `option` or `parse_instrument`, which hand out one each.
    """

    __slots__ = ("expiration", "is_call", "json_head", "name", "option_type", "strike_usd")

    def __init__(self, expiration: datetime, strike_usd: int, option_type: OptionType) -> None:
        self.expiration: Final = expiration
        self.strike_usd: Final = strike_usd
        self.option_type: Final = option_type
        self.is_call: Final = option_type is OptionType.CALL
        self.name: Final = f"{expiry_code(expiration)}-{strike_usd}-{'C' if self.is_call else 'P'}"
        self.json_head: Final = (
            f'{{"instrument_name":"{self.name}","strike":"{strike_usd}",'
            f'"option_type":"{option_type.value}","expiration":"{iso_utc(expiration)}"'
        )


def expiry_code(expiration: datetime) -> str:
    """`ETH-6JUL25` for an expiry on 6 July 2025."""
    return f"ETH-{expiration.day}{MONTH_NAMES[expiration.month - 1]}{expiration.year % 100:02d}"


@cache
def option(expiration: datetime, strike_usd: int, option_type: OptionType) -> Instrument:
    """The one object of that option."""
    return Instrument(expiration, strike_usd, option_type)


@lru_cache(maxsize=65_536)
def parse_instrument(name: str) -> Instrument:
    """The option of that name, e.g. `ETH-6JUL25-1500-P`.

    Raises `InputError` where the name is not one.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[2] not in MONTH_NAMES:
        raise InputError(f"instrument_name: expected e.g. ETH-6JUL25-1500-P, found {name!r}")
    day, month, year = int(match[1]), MONTH_NAMES.index(match[2]) + 1, 2000 + int(match[3])
    try:
        expiration = datetime(year, month, day, EXPIRY_HOUR_UTC, tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"instrument_name: expected a calendar day, found {name!r}") from error
    return option(expiration, int(match[4]), OptionType.CALL if match[5] == "C" else OptionType.PUT)
