"""What a venue says that an entry would take, against what it was sized with."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.contract import Margins
from core.orders.terms import OrderPurpose, OrderTerms
from core.orders.venue_terms import expected_margin_eth, venue_refuses
from tests.fakes.trading import plan

EXPECTED = Decimal("0.4")


def margins(initial: str = "0.4", low: str = "-0.1", high: str = "0.1") -> Margins:
    return Margins(
        initial_margin=Decimal(initial),
        maintenance_margin=Decimal("0.1"),
        min_price=Decimal(low),
        max_price=Decimal(high),
    )


def terms(limit: str = "0.01") -> OrderTerms:
    return OrderTerms(
        purpose=OrderPurpose.ENTRY,
        legs=plan().legs,
        amount=2,
        limit_eth=Decimal(limit),
        reduce_only=False,
    )


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (margins(), []),
        (margins(initial="0"), []),
        (margins(initial="0.5"), []),
        (margins(initial="0.50000001"), ["venue_margin"]),
        (margins(low="0.01", high="0.01"), []),
        (margins(low="0.0101"), ["venue_collar"]),
        (margins(high="0.0099"), ["venue_collar"]),
        (margins(initial="1", high="0.0099"), ["venue_collar", "venue_margin"]),
    ],
)
def test_the_limit_lies_in_the_venues_collar_and_its_margin_is_about_ours(
    found: Margins, codes: list[str]
) -> None:
    reasons = venue_refuses(terms(), EXPECTED, found)
    assert [reason.partition(":")[0] for reason in reasons] == codes


def test_a_reason_says_what_was_found_and_what_was_expected() -> None:
    assert venue_refuses(terms(), EXPECTED, margins(initial="1", high="0.0099")) == (
        "venue_collar:0.01 outside -0.1 to 0.0099",
        "venue_margin:1 ETH, sized with 0.4",
    )


def test_what_is_expected_is_the_margin_of_the_short_legs_and_the_premium_of_the_long_ones() -> None:
    found = plan()
    long_mark = next(
        facts.mark_eth
        for facts, leg in zip(found.leg_facts, found.legs, strict=True)
        if leg.side.value == "buy"
    )
    one = Decimal(str(found.initial_margin_eth)) + long_mark
    assert expected_margin_eth(found) == found.contracts * one
