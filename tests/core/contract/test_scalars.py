"""Values at the edges of their types are refused where they are read, with what was expected."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from core.contract.scalars import Amount, Money, Named, Statistic, UtcTime

MONEY: TypeAdapter[object] = TypeAdapter(Money)
AMOUNT: TypeAdapter[object] = TypeAdapter(Amount)
STATISTIC: TypeAdapter[object] = TypeAdapter(Statistic)
TIME: TypeAdapter[object] = TypeAdapter(UtcTime)
NAMED: TypeAdapter[object] = TypeAdapter(Named)


@pytest.mark.parametrize(
    ("adapter", "value"),
    [
        (TIME, "0001-01-01T00:00:00+14:00"),
        (TIME, "9999-12-31T23:59:59-14:00"),
        (TIME, "1999-12-31T23:59:59Z"),
        (TIME, "2101-01-01T00:00:00Z"),
        (TIME, "1768226400"),
        (TIME, "2026-01-12"),
        (TIME, "2026-01-12T14:00:00Z" + " " * 1000),
        (MONEY, "1E+1000000000"),
        (MONEY, "1E-1000000000"),
        (MONEY, "1e13"),
        (MONEY, "-1000000000001"),
        (MONEY, "1e-31"),
        (MONEY, "1_000"),
        (MONEY, "\u0661\u0662"),
        (MONEY, " 1"),
        (MONEY, ""),
        (MONEY, "0." + "1" * 100),
        (AMOUNT, 10**400),
        (STATISTIC, 1e308),
        (STATISTIC, -1e16),
        (NAMED, ""),
        (NAMED, "x" * 10_000_000),
    ],
)
def test_a_value_that_would_overflow_or_grow_later_is_no_value(
    adapter: TypeAdapter[object], value: object
) -> None:
    with pytest.raises(ValidationError) as refused:
        adapter.validate_json(json.dumps(value))
    assert len(refused.value.errors()[0]["msg"]) < 200


@pytest.mark.parametrize(
    ("adapter", "value", "kept"),
    [
        (MONEY, "1E-8", "0.00000001"),
        (MONEY, "-0.0125", "-0.0125"),
        (MONEY, "1000000000000", "1000000000000"),
        (TIME, "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
        (TIME, "2026-01-12T15:00:00.5+01:00", "2026-01-12T14:00:00.500000Z"),
    ],
)
def test_a_value_within_the_bounds_is_kept(adapter: TypeAdapter[object], value: str, kept: str) -> None:
    assert json.loads(adapter.dump_json(adapter.validate_json(json.dumps(value)))) == kept
