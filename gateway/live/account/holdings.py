"""What the owner holds beside the venue, as a file says it: part of the total equity, not of the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError, InputError
from core.lined_yaml import parse_lined_yaml
from core.schema_words import wrong_by
from gateway.live.named_file import named_bytes, text_of

BYTES_MAX: Final = 64 * 1024
FIXED_AGE_MAX: Final = timedelta(days=7)
FIXED, FX = "fixed", "fx"
AMOUNT_MAX: Final = 10**12


def _exact(value: object) -> object:
    """A number as it was typed: YAML's floats are not money."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected a number in quotes, found {value!r}")


Exact = Annotated[Decimal, BeforeValidator(_exact), Field(allow_inf_nan=False, ge=-AMOUNT_MAX, le=AMOUNT_MAX)]


class HeldBeside(BaseModel):
    """One thing. `price`: the venue's index of one in USD, `fx` for euros, `fixed` for a value by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str = Field(min_length=1, max_length=40)
    amount: Exact
    price: str = Field(min_length=1, max_length=40)
    value_eur: Exact | None = None
    as_of: datetime | None = None
    counts_as: str | None = Field(default=None, min_length=1, max_length=40)

    @model_validator(mode="after")
    def _fixed_has_a_value(self) -> HeldBeside:
        is_fixed = self.price == FIXED
        if is_fixed != (self.value_eur is not None and self.as_of is not None):
            raise ValueError("expected value_eur and as_of beside the price 'fixed', and nowhere else")
        return self

    @property
    def named(self) -> str:
        """The asset as which it is counted."""
        return (self.counts_as or self.asset).upper()

    def is_too_old(self, now: datetime) -> bool:
        """Whether its value by hand is not to be trusted any more."""
        if self.as_of is None:
            return False
        at = self.as_of if self.as_of.tzinfo is not None else self.as_of.replace(tzinfo=UTC)
        return now - at > FIXED_AGE_MAX


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    holdings: tuple[HeldBeside, ...] = Field(max_length=100)


def read_holdings(path: Path | None) -> tuple[HeldBeside, ...]:
    """The file's entries; none without a file. Raises `InputError` naming what is wrong with it."""
    if path is None:
        return ()
    text = text_of(named_bytes(path, "holdings", BYTES_MAX), f"holdings {path}")
    try:
        return _File.model_validate(parse_lined_yaml(text, path).values).holdings
    except ConfigError as error:
        raise InputError(f"holdings can't be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"holdings {path}: {where}: {wrong_by(first)}") from error
