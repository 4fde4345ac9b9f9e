"""Quotes that are just sound or just broken: their delta, and that no neighbour changes their faults."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.market.option_chain import Quote
from core.market.quote_faults import QuoteFault
from core.pricing.black76 import delta, year_fraction
from core.values import OptionType
from tests.core.example_market import EXPIRY, NOW, chain_of, wire_quote

PUT, CALL = OptionType.PUT, OptionType.CALL
T_YEARS = year_fraction(NOW, EXPIRY)
NEIGHBOURS: dict[str, dict[str, Any]] = {
    "a sound one": {},
    "one without a forward": {"underlying_price": "0"},
    "one with an amount below zero": {"open_interest": -1.0},
}


OF_THIS_MORNING = {"instrument_name": "ETH-12JAN26-2700-P", "expiration": "2026-01-12T08:00Z"}


def read(wire: dict[str, Any], neighbour: dict[str, Any]) -> Quote:
    """Read a quote from a chain in which its neighbour comes first."""
    chain = chain_of([wire_quote(CALL, 3100, **neighbour), wire])
    quote = chain.quote(wire["instrument_name"])
    assert quote is not None
    return quote


def put_at_iv(iv_pct: float) -> dict[str, Any]:
    return wire_quote(PUT, 2700, mark_iv=iv_pct, delta=delta(PUT, 3000.0, 2700.0, T_YEARS, iv_pct / 100.0))


@pytest.mark.parametrize("neighbour", NEIGHBOURS.values(), ids=NEIGHBOURS)
@pytest.mark.parametrize(
    "wire",
    [
        put_at_iv(15.0),
        put_at_iv(400.0),
        wire_quote(PUT, 2700, bid="0.0130", ask="0.0130"),
        wire_quote(PUT, 1000, delta=0.0),
        wire_quote(CALL, 9000, delta=0.0),
        wire_quote(PUT, 1),
    ],
    ids=["lowest iv", "highest iv", "bid at ask", "put of no delta", "call of no delta", "strike of 1"],
)
def test_a_quote_at_the_edge_is_sound_and_has_our_delta_whatever_stands_beside_it(
    wire: dict[str, Any], neighbour: dict[str, Any]
) -> None:
    quote = read(wire, neighbour)
    ours = delta(quote.option_type, 3000.0, quote.strike_usd, T_YEARS, quote.mark_iv_pct / 100.0)
    assert quote.faults == ()
    assert quote.delta == pytest.approx(ours, abs=1e-12)


def test_a_forward_of_one_dollar_is_a_forward() -> None:
    quote = read(wire_quote(PUT, 2700, underlying_price="1", delta=-1.0), {})
    assert quote.faults == ()
    assert quote.delta == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"underlying_price": "Infinity"}, QuoteFault.NOT_FINITE),
        (OF_THIS_MORNING, QuoteFault.EXPIRED),
        (OF_THIS_MORNING | {"timestamp": "2026-01-12T08:00Z"}, QuoteFault.EXPIRED),
    ],
)
def test_what_can_not_be_priced_has_that_one_fault_and_no_delta(
    changes: dict[str, Any], fault: QuoteFault
) -> None:
    quote = read(wire_quote(PUT, 2700) | changes, {})
    assert quote.faults == (fault,)
    assert math.isnan(quote.delta)


IN_USD: dict[str, Any] = {"bid": "36.5000", "ask": "37.0000", "mark_price": "36.8"}


@pytest.mark.parametrize(
    ("wire", "faults"),
    [
        (wire_quote(PUT, 2700, **IN_USD), (QuoteFault.ABOVE_WORTH,)),
        (wire_quote(CALL, 3400, **IN_USD), (QuoteFault.ABOVE_WORTH,)),
        (wire_quote(PUT, 2700, **IN_USD | {"bid": None, "ask": None}), (QuoteFault.ABOVE_WORTH,)),
        (wire_quote(PUT, 2700, ask="2.5000"), ()),
        (wire_quote(PUT, 9000, bid="2.0000", ask="2.0500", mark_price="2.01", delta=-1.0), ()),
        (
            wire_quote(PUT, 9000, bid="3.0500", ask="3.1000", mark_price="2.01", delta=-1.0),
            (QuoteFault.ABOVE_WORTH,),
        ),
    ],
    ids=[
        "a put in USD",
        "a call in USD",
        "a mark in USD",
        "a far ask",
        "deep in the money",
        "beyond its strike",
    ],
)
def test_an_option_is_not_worth_more_than_it_can_pay(
    wire: dict[str, Any], faults: tuple[QuoteFault, ...]
) -> None:
    assert read(wire, {}).faults == faults
