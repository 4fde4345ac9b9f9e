"""Option instruments: their names, as the venue writes them, and the constant part of their JSON."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from typing import Final

from core.contract import iso_utc
from core.errors import InputError
from core.market.instrument_name import expiry_code, named_option
from core.values import OptionType


class ListedOption:
    """One European option on ETH, cash-settled in ETH. 1 contract = 1 ETH; `strike_usd` is whole.

    Compared and hashed by identity: get it from `option` or `parse_instrument`, which always return the same
    object for the same option.
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


@cache
def option(expiration: datetime, strike_usd: int, option_type: OptionType) -> ListedOption:
    """The one object of that option."""
    return ListedOption(expiration, strike_usd, option_type)


@lru_cache(maxsize=65_536)
def parse_instrument(name: str) -> ListedOption:
    """The option of that name, e.g. `ETH-6JUL25-1500-P`.

    Raises `InputError` if the name is not one.
    """
    found = named_option(name)
    if found is None:
        raise InputError(f"instrument_name: expected e.g. ETH-6JUL25-1500-P, found {name!r}")
    return option(*found)
