"""From a contract's order to the venue's combo and back: six worked examples, and whatever legs there are."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import ComboLeg
from gateway.live.orders.combo_signs import Oriented, executed, oriented, single
from gateway.shell.refusals import SoftRefusalError

HIGH, LOW = "ETH-27MAR26-2000-P", "ETH-27MAR26-1800-P"
COMBO = "ETH-PS-27MAR26-2000_1800"
TICK = Decimal("0.0001")
Side = Literal["buy", "sell"]


def legs(high: int, low: int) -> list[ComboLeg]:
    """A leg for each strike, bought if it is positive."""
    return [leg(HIGH, high), leg(LOW, low)]


def leg(name: str, signed: int) -> ComboLeg:
    side: Side = "buy" if signed > 0 else "sell"
    return ComboLeg(instrument_name=name, side=side, ratio=abs(signed))


@pytest.mark.parametrize(
    ("ordered", "handed_out", "received", "amount", "c", "direction", "price", "venue_amount"),
    [
        # W1: open three put spreads for a credit.
        ((-1, 1), (1, -1), "0.0075", 3, -1, "sell", "0.0075", 3),
        # W2: close them for a debit.
        ((1, -1), (1, -1), "-0.0040", 3, 1, "buy", "0.0040", 3),
        # W3 and W4: the venue has handed out the inverse.
        ((-1, 1), (-1, 1), "0.0075", 3, 1, "buy", "-0.0075", 3),
        ((1, -1), (-1, 1), "-0.0040", 3, -1, "sell", "-0.0040", 3),
        # W5: two to two is twice one to one.
        ((-2, 2), (1, -1), "0.0150", 3, -2, "sell", "0.0075", 6),
        # W6: as recorded of a call spread.
        ((-1, 1), (1, -1), "0.0639", 1, -1, "sell", "0.0639", 1),
    ],
)
def test_the_worked_examples(
    ordered: tuple[int, int],
    handed_out: tuple[int, int],
    received: str,
    amount: int,
    c: int,
    direction: str,
    price: str,
    venue_amount: int,
) -> None:
    found = oriented(legs(*ordered), COMBO, dict(zip((HIGH, LOW), handed_out, strict=True)))
    assert (int(found.c), found.direction) == (c, direction)
    assert found.venue_price(Decimal(received), TICK) == Decimal(price)
    assert found.venue_amount(Decimal(amount)) == venue_amount
    assert found.received(Decimal(price)) == Decimal(received)
    assert found.amount(Decimal(venue_amount)) == amount


def test_a_price_between_ticks_and_a_part_of_a_combo_are_none() -> None:
    found = oriented(legs(-1, 1), COMBO, {HIGH: 1, LOW: -1})
    assert found.venue_price(Decimal("0.00755"), TICK) is None
    half = Oriented(COMBO, Fraction(-1, 2))
    assert half.venue_amount(Decimal(3)) is None
    assert Oriented(COMBO, Fraction(2)).amount(Decimal(3)) is None


@pytest.mark.parametrize(
    "handed_out",
    [{HIGH: 1, LOW: 1}, {HIGH: 1, LOW: -2}, {HIGH: 1}, {HIGH: 1, LOW: -1, "ETH-27MAR26-1600-P": 1}, {}],
)
def test_a_combo_that_is_not_the_orders_legs_is_refused(handed_out: dict[str, int]) -> None:
    with pytest.raises(SoftRefusalError, match="combo mismatch"):
        oriented(legs(-1, 1), COMBO, handed_out)


@pytest.mark.parametrize(("signed", "direction", "price"), [(1, "buy", "0.0040"), (-1, "sell", "0.0040")])
def test_one_leg_is_its_own_instrument(signed: int, direction: str, price: str) -> None:
    found = single(leg(HIGH, signed))
    assert (found.instrument, found.direction, found.is_combo) == (HIGH, direction, False)
    assert found.received(Decimal(price)) == -signed * Decimal(price)


SIZES = st.integers(-5, 5).filter(bool)
FACTORS = st.integers(-6, 6).filter(bool)


@given(
    st.lists(SIZES, min_size=1, max_size=4),
    FACTORS,
    st.integers(1, 1000),
    st.integers(-500, 500),
)
def test_there_and_back_is_exact_for_any_legs_and_any_factor(
    sizes: list[int], c: int, amount: int, ticks: int
) -> None:
    combo = {f"ETH-27MAR26-{1000 + 100 * n}-P": size for n, size in enumerate(sizes)}
    ordered = [leg(name, c * size) for name, size in combo.items() if abs(c * size) <= 10]
    if len(ordered) < len(combo):
        return
    found = oriented(ordered, COMBO, combo)
    assert found.c == c
    price = ticks * TICK
    received = found.received(price)
    assert found.venue_price(received, TICK) == price
    assert found.amount(found.venue_amount(Decimal(amount)) or Decimal(0)) == amount
    # What the legs execute is what the order asked for, whichever way round the combo is.
    sign = 1 if found.direction == "buy" else -1
    bought = found.venue_amount(Decimal(amount))
    assert bought is not None
    for name, size in combo.items():
        assert sign * bought * size == amount * executed(ordered)[name]


def test_every_combo_that_was_seen_is_its_own_legs_or_their_inverse(deribit_responses: Path) -> None:
    seen = json.loads((deribit_responses / "recorded" / "http_get_combos.json").read_text("utf-8"))
    assert seen["result"]
    for row in seen["result"]:
        combo = {each["instrument_name"]: each["amount"] for each in row["legs"]}
        for c in (1, -1):
            ordered = [leg(name, c * size) for name, size in combo.items()]
            assert oriented(ordered, row["id"], combo).c == c


def test_a_trade_that_was_seen_is_the_sum_of_its_legs(deribit_responses: Path) -> None:
    file = deribit_responses / "recorded" / "http_get_last_trades_option_combo.json"
    seen = json.loads(file.read_text("utf-8"), parse_float=Decimal)["result"]["trades"]
    parents = [row for row in seen if "legs" in row]
    assert parents
    for row in parents:
        ordered = [
            leg(each["instrument_name"], 1 if each["direction"] == "buy" else -1) for each in row["legs"]
        ]
        turned = 1 if row["direction"] == "buy" else -1
        found = oriented(ordered, "combo", {name: turned * size for name, size in executed(ordered).items()})
        assert found.direction == row["direction"]
        prices = {each["instrument_name"]: each["price"] for each in row["legs"]}
        received = sum(-size * prices[name] for name, size in executed(ordered).items())
        assert found.received(row["price"]) == received
