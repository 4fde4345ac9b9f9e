"""Rule 5 in exact detail: all its checks if there is no credit."""

from __future__ import annotations

import pytest

from core.checks import Check, RuleResult
from core.rules.entry.strikes import Pair
from core.rules.entry.worth import check_worth
from core.strategy import WorthSection
from core.values import OptionType
from tests.core.example_market import EXPIRY, SPOT_USD, altered, chain_of, name_of, wire_quotes

SHORT, LONG = name_of(OptionType.PUT, 2700), name_of(OptionType.PUT, 2460)


def told(short: tuple[str, str], long: tuple[str, str]) -> RuleResult:
    """The rule's answer on a put spread 240 USD wide whose legs have these bids and asks, without a floor."""
    changes = {name: {"bid": bid, "ask": ask} for name, (bid, ask) in ((SHORT, short), (LONG, long))}
    chain = chain_of(altered(wire_quotes([2700, 2460], [EXPIRY]), changes))
    sold, bought = chain.quote(SHORT), chain.quote(LONG)
    assert sold is not None
    assert bought is not None
    return check_worth([Pair(sold, bought)], SPOT_USD, WorthSection(credit_floor_of_delta=0.0))[1]


def refused(code: str, value: str, expected: str) -> Check:
    return Check(code=code, value=value, op="is", threshold=expected, passed=False)


def test_a_natural_credit_of_nothing_is_no_credit() -> None:
    """Sold and bought at 0.0050; the mids still leave a credit of 0.0010, which costs 0.0032 to trade."""
    floor, credit, cost = told(("0.0050", "0.0060"), ("0.0040", "0.0050")).checks
    assert floor.passed
    assert credit == refused("no_credit", "0.0000", "above 0")
    assert (cost.code, cost.passed) == ("cost_above_max", False)
    assert cost.value == pytest.approx(3.2)


def test_without_a_mid_credit_no_cost_is_low_enough() -> None:
    """Mids of 0.0055 and 0.0065: selling the spread would cost money."""
    _, *rest = told(("0.0050", "0.0060"), ("0.0060", "0.0070")).checks
    assert rest == [
        refused("no_credit", "-0.0020", "above 0"),
        refused("cost_above_max", "-0.0010", "a mid credit above 0"),
    ]
