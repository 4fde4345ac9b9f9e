"""Greeks add up: option, leg, position, book."""

from __future__ import annotations

import math
from dataclasses import astuple

import pytest

from core.errors import InputError
from core.pricing.black76 import (
    black76_price_eth,
    delta,
    gamma_per_usd,
    theta_usd_per_day,
    vega_usd_per_point,
)
from core.pricing.greeks import (
    Greeks,
    HeldLeg,
    book_greeks,
    leg_greeks,
    option_greeks,
    position_greeks,
    total_greeks,
)
from core.values import OptionType

CALL, PUT = OptionType.CALL, OptionType.PUT
SHORT = HeldLeg(PUT, 2200.0, 2000.0, 10.75 / 365, 0.68, -3.0)
LONG = HeldLeg(PUT, 2200.0, 1850.0, 10.75 / 365, 0.75, 3.0)
OTHER = HeldLeg(CALL, 2210.0, 2600.0, 18 / 365, 0.62, -1.0)


@pytest.mark.parametrize("option_type", [CALL, PUT])
def test_greeks_of_an_option_are_those_of_the_pricing(option_type: OptionType) -> None:
    market = (2200.0, 2000.0, 10.75 / 365, 0.68)
    assert option_greeks(option_type, *market) == Greeks(
        delta=delta(option_type, *market),
        net_delta=delta(option_type, *market) - black76_price_eth(option_type, *market),
        gamma_per_usd=gamma_per_usd(*market),
        vega_usd_per_point=vega_usd_per_point(*market),
        theta_usd_per_day=theta_usd_per_day(*market),
    )


def test_greeks_scale_with_the_amount() -> None:
    assert Greeks(1.0, 2.0, 3.0, 4.0, 5.0).scaled(-2.0) == Greeks(-2.0, -4.0, -6.0, -8.0, -10.0)


def test_a_short_leg_has_the_greeks_of_its_contracts_with_the_sign_turned() -> None:
    assert leg_greeks(SHORT) == option_greeks(PUT, 2200.0, 2000.0, 10.75 / 365, 0.68).scaled(-3.0)
    assert leg_greeks(OTHER) == option_greeks(CALL, 2210.0, 2600.0, 18 / 365, 0.62).scaled(-1.0)


def test_a_bull_put_gains_with_spot_and_time_and_loses_with_volatility() -> None:
    greeks = position_greeks([SHORT, LONG])
    assert greeks.delta > 0.0
    assert greeks.theta_usd_per_day > 0.0
    assert greeks.vega_usd_per_point < 0.0
    assert greeks.gamma_per_usd < 0.0


def test_greeks_of_positions_and_book_are_sums() -> None:
    assert total_greeks([Greeks(1.0, 2.0, 3.0, 4.0, 5.0), Greeks(10.0, 20.0, 30.0, 40.0, 50.0)]) == Greeks(
        11.0, 22.0, 33.0, 44.0, 55.0
    )
    parts = [leg_greeks(leg) for leg in (SHORT, LONG, OTHER)]
    assert position_greeks([SHORT, LONG]) == total_greeks(parts[:2])
    assert astuple(book_greeks([[SHORT, LONG], [OTHER]])) == pytest.approx(
        astuple(total_greeks(parts)), rel=1e-14
    )


def test_an_empty_book_has_no_greeks() -> None:
    assert book_greeks([]) == position_greeks([]) == Greeks(0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_an_amount_that_is_none_is_refused_by_name(amount: float) -> None:
    with pytest.raises(InputError, match=r"^amount: expected a finite number of contracts, found "):
        leg_greeks(SHORT._replace(amount=amount))
