"""The scalar types of the upstream contract: how money, amounts, times, names and words travel.

Money, prices and amounts are decimal text in JSON (`"0.0125"`), so that no float rounding enters the books;
statistics (greeks, volatility in percent points, rates as fractions) are JSON numbers; times are ISO-8601
UTC with `Z`. Source: the upstream contract, section "Call". Everything is bounded, so that whatever is
computed from an answer neither overflows nor grows without end.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer
from pydantic.functional_validators import AfterValidator

from core.venue_text import named, quoted, spoken

YEAR_MIN, YEAR_MAX = 2000, 2100
"""No time of the market lies outside; hours and days can be added to, and taken from, any time within."""
TIME_LENGTH_MAX = 40
MONEY_MAX = 10**12
"""In ETH or in any currency: far above any account, far below what overflows a sum or a product."""
DECIMAL_EXPONENT_MIN = -30
DECIMAL_LENGTH_MAX = 50
STATISTIC_MAX = 1e15
NAME_LENGTH_MAX = 128
DECIMAL_TEXT = re.compile(r"[+-]?\d{1,30}(\.\d{0,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|z|[+-]\d\d(:?\d\d)?)", re.ASCII)


def _refuse_numbers(value: object) -> object:
    if isinstance(value, str):
        return _decimal_text(value)
    if isinstance(value, Decimal):
        return value
    raise ValueError(f"expected a decimal as text, found {type(value).__name__}")


def _refuse_floats(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str | Decimal):
        return _refuse_numbers(value)
    raise ValueError(f"expected a decimal as text or a whole number, found {type(value).__name__}")


def _decimal_text(text: str) -> str:
    """The text if it is a plain decimal, so that nothing is read that only one parser would read as one."""
    if len(text) > DECIMAL_LENGTH_MAX or DECIMAL_TEXT.fullmatch(text) is None:
        raise ValueError(f"expected a decimal of at most {DECIMAL_LENGTH_MAX} characters, such as 0.0125")
    return text


def _bounded(value: Decimal) -> Decimal:
    """The decimal if it can be added, rounded and written out without an overflow or endless digits."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < DECIMAL_EXPONENT_MIN or abs(value) > MONEY_MAX:
        raise ValueError(
            f"expected a decimal of at most {MONEY_MAX:,} with at most {-DECIMAL_EXPONENT_MIN} decimal places"
        )
    return value


def _refuse_epochs(value: object) -> object:
    if isinstance(value, str):
        if len(value) <= TIME_LENGTH_MAX and _TIME.fullmatch(value) is not None:
            return value
        raise ValueError("expected an ISO-8601 time with its zone, such as 2026-01-05T14:00:00Z")
    if isinstance(value, datetime):
        return value
    raise ValueError(f"expected an ISO-8601 time as text, found {type(value).__name__}")


def _in_utc(value: datetime) -> datetime:
    if not YEAR_MIN <= value.year <= YEAR_MAX:
        raise ValueError(f"expected a time between the years {YEAR_MIN} and {YEAR_MAX}")
    return value.astimezone(UTC)


def plain_decimal(value: Decimal) -> str:
    """The decimal as plain text, never in exponent form."""
    return format(value, "f")


def iso_utc(value: datetime) -> str:
    """The aware time as ISO-8601 UTC with `Z`."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Money = Annotated[
    Decimal,
    BeforeValidator(_refuse_numbers),
    AfterValidator(_bounded),
    PlainSerializer(plain_decimal, return_type=str, when_used="json"),
]
"""A cash amount or a price. Its unit stands in the field's own documentation."""
Amount = Annotated[
    Decimal,
    BeforeValidator(_refuse_floats),
    AfterValidator(_bounded),
    PlainSerializer(plain_decimal, return_type=str, when_used="json"),
]
"""A number of contracts (1 contract = 1 ETH); decimal text in JSON, a whole number is accepted too."""
Positive = Annotated[Money, Field(gt=0)]
Statistic = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-STATISTIC_MAX, le=STATISTIC_MAX)]
"""A finite JSON number: greeks, volatility, rates, open interest, sizes seen in the market."""
UtcTime = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_epochs),
    AfterValidator(_in_utc),
    PlainSerializer(iso_utc, return_type=str, when_used="json"),
]
_SPOKEN = PlainSerializer(spoken, return_type=str, when_used="json")
"""A venue of ours answers in the same types, and quotes nothing: whoever reads its answer does."""
Named = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), AfterValidator(named), _SPOKEN]
"""An id, or the name of an instrument, an account or a venue; quoted if it does not look like one."""
Titled = Annotated[str, AfterValidator(named), _SPOKEN]
"""A title in a server's own words; a single word stays as it is."""
FreeText = Annotated[str, AfterValidator(quoted), _SPOKEN]
"""What a server says in its own words. Nothing is decided by it; it is quoted, and cut if it is too long."""


def word(value: object) -> object:
    """A word of a closed list as the contract spells it: lower case, without spaces around it.

    Whatever is no word of the list then is refused, and named.
    """
    return value.strip().lower() if isinstance(value, str) and len(value) <= NAME_LENGTH_MAX else value


def order_state(value: object) -> object:
    """As `word`; `canceled` is the other spelling of `cancelled`."""
    found = word(value)
    return "cancelled" if found == "canceled" else found


OPTION_TYPES = MappingProxyType({"put": "put", "p": "put", "call": "call", "c": "call"})


def option_type(value: object) -> object:
    """As `word`; the letters in an instrument's name stand for the same words."""
    found = word(value)
    return OPTION_TYPES.get(found, found) if isinstance(found, str) else found


def code(value: object) -> object:
    """As `word`, of a list in upper case."""
    return value.strip().upper() if isinstance(value, str) and len(value) <= NAME_LENGTH_MAX else value


Currency = Annotated[Literal["ETH", "EUR", "USD"], BeforeValidator(code)]
SideName = Annotated[Literal["buy", "sell"], BeforeValidator(word)]
EnvironmentName = Annotated[Literal["testnet", "mainnet", "paper"], BeforeValidator(word)]
Resolution = Literal["1h", "1d"]
