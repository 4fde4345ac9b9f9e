"""Values that the venue assumes if neither record nor model has one; set by `--assume KEY=VALUE`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError

from core.errors import InputError
from core.plain_number import number_advice, plain_number
from core.schema_words import wrong_by
from core.values import Value

MAX_GAP_H = 8.0
OF_OWNER: Final = frozenset(
    {"balance_eth", "beside_eur", "eur_usd", "liquidation_pressure", "liquidation_usd_24h"}
)
"""What no market holds: what the owner has, and what other exchanges tell."""
AMOUNT_MAX = Decimal(10) ** 12
"""Beyond it sums would lose the last of the venue's eight decimals."""
NonNegativeDecimal = Annotated[Decimal, Field(ge=0, le=AMOUNT_MAX, allow_inf_nan=False)]
PLACES_MAX: Final = 30
BALANCE_MAX_ETH, BESIDE_MAX_EUR = 10**6, 10**9
EUR_USD_MIN, EUR_USD_MAX = Decimal("0.01"), Decimal(100)
"""Within these each tool can tell what the owner has: none may say more than 10¹², or more decimal places."""


class Assumptions(Value):
    """Every assumption with its default; listed at start and in every report."""

    balance_eth: Annotated[Decimal, Field(gt=0, le=BALANCE_MAX_ETH, decimal_places=PLACES_MAX)] = Decimal(10)
    """ETH in the account at the venue at the start."""
    beside_eur: Annotated[Decimal, Field(ge=0, le=BESIDE_MAX_EUR, decimal_places=PLACES_MAX)] = Decimal(
        150_000
    )
    """EUR that the owner holds outside the venue."""
    eur_usd: Annotated[Decimal, Field(ge=EUR_USD_MIN, le=EUR_USD_MAX, decimal_places=PLACES_MAX)] = Decimal(
        "1.17"
    )
    """USD per EUR."""
    liquidation_pressure: Literal["low", "medium", "high"] = "low"
    liquidation_usd_24h: NonNegativeDecimal = Decimal(20_000_000)
    """USD of longs, and as much of shorts, liquidated in the last 24 hours."""
    touch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 25
    """Contracts at every recorded quote's touch (the model has sizes of its own)."""
    funding_annual: Annotated[float, Field(ge=-10, le=10)] = 0.05
    """Funding at times that no record covers, a fraction a year."""
    max_gap_h: Annotated[float, Field(gt=0, le=8760)] = MAX_GAP_H
    """Hours between two recorded snapshots; if they are further apart, there are no quotes between them."""

    @classmethod
    def parse(cls, pairs: Sequence[str]) -> Self:
        """Read `KEY=VALUE` pairs.

        Raises `InputError` naming the key, what was found and what was expected.
        """
        given: dict[str, str] = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or key not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise InputError(f"--assume: expected KEY=VALUE with KEY one of {known}; found {pair!r}")
            if key in given:
                raise InputError(f"--assume {key}: expected one value, found it given twice")
            if cls.model_fields[key].annotation in (int, float, Decimal) and plain_number(value) is None:
                raise InputError(f"--assume {key}: expected a number, found {value!r}{_advised(value)}")
            given[key] = value
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            key = str(first["loc"][0])
            raise InputError(f"--assume {key}: {wrong_by(first)}") from error

    def as_text(self, of_market: Collection[str]) -> dict[str, str]:
        """Key and value as text, for the start-up list and for reports: those of the owner and the account,
        and those by which the market goes."""
        return {
            key: str(value) for key, value in self.model_dump().items() if key in of_market or key in OF_OWNER
        }


def refuse_unused(pairs: Sequence[str], market: str, of_market: Collection[str]) -> None:
    """Raises `InputError` for an assumption that would change nothing: the market does not go by it."""
    for pair in pairs:
        key = pair.partition("=")[0]
        if key not in of_market and key not in OF_OWNER:
            known = ", ".join(name for name in Assumptions.model_fields if name in {*of_market, *OF_OWNER})
            raise InputError(f"--assume {key}: {market} does not go by it; expected one of {known}")


def _advised(text: str) -> str:
    advice = number_advice(text)
    return f"; {advice}" if advice else ""
