"""What a field's number is in, where only its size shows it: a fraction for percent points, USD for ETH.

The models refuse what can't be read. A number in another unit can be read very well, so that a check of a new
server asks whether it is of a size that the unit has. The engine itself does not go by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from core.contract.deribit_market import DvolPoint, IndexPrice, Instrument, OptionQuote
from core.contract.hyperliquid import FundingPoint, FundingRate
from core.contract.sentiment import ExchangeFunding


@dataclass(frozen=True)
class UnitSizes:
    """Between `least` and `most` in size, whatever the sign; 0 is of every unit."""

    unit: str
    least: float
    most: float


IV: Final = UnitSizes("percent points, such as 62.5", 2.0, 1_000.0)
USD: Final = UnitSizes("USD", 20.0, 1_000_000.0)
ETH_OF_AN_OPTION: Final = UnitSizes("ETH per contract", 0.0, 5.0)
HOURLY: Final = UnitSizes("a fraction an hour, such as 0.0000125", 0.0, 0.05)
YEARLY: Final = UnitSizes("a fraction a year, such as 0.11", 0.0, 8.0)
GREEK: Final = UnitSizes("of one contract, between -1 and 1", 0.0, 1.0)
TICK: Final = UnitSizes("ETH", 0.0, 0.1)

SIZES: Final[Mapping[tuple[type[BaseModel], str], UnitSizes]] = MappingProxyType(
    {
        (IndexPrice, "price"): USD,
        (DvolPoint, "open"): IV,
        (DvolPoint, "high"): IV,
        (DvolPoint, "low"): IV,
        (DvolPoint, "close"): IV,
        (Instrument, "strike"): USD,
        (Instrument, "tick_size"): TICK,
        (OptionQuote, "strike"): USD,
        (OptionQuote, "underlying_price"): USD,
        (OptionQuote, "bid"): ETH_OF_AN_OPTION,
        (OptionQuote, "ask"): ETH_OF_AN_OPTION,
        (OptionQuote, "mark_price"): ETH_OF_AN_OPTION,
        (OptionQuote, "mark_iv"): IV,
        (OptionQuote, "delta"): GREEK,
        (FundingRate, "hourly_rate"): HOURLY,
        (FundingRate, "annualized_rate"): YEARLY,
        (FundingPoint, "hourly_rate"): HOURLY,
        (ExchangeFunding, "annualized_rate"): YEARLY,
    }
)


def unit_problem(model: type[BaseModel], name: str, value: object) -> str | None:
    """The unit that is expected if the value, which could be read, is of no size that it has; else None."""
    sizes = SIZES.get((model, name))
    if sizes is None or not isinstance(value, str | int | float):
        return None
    size = abs(float(value))
    return None if size == 0 or sizes.least <= size <= sizes.most else sizes.unit
