"""Names of options, and quotes that contradict their name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.instrument_name import expiry_code, named_option
from core.market.option_chain import OptionChain
from core.market.quote_faults import QuoteFault
from core.rules.entry.strikes import broken_candidates, choose_strikes
from core.values import OptionType, SpreadKind
from tests.core.example_market import (
    EXPIRY,
    FAR_EXPIRY,
    NOW,
    SPOT_USD,
    STRATEGY,
    altered,
    chain_of,
    name_of,
    wire_quote,
    wire_quotes,
)

PUT, CALL = OptionType.PUT, OptionType.CALL
CANDIDATE = name_of(PUT, 2700)
FAR_OUT = name_of(PUT, 2200)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ETH-6JUL25-1500-P", (datetime(2025, 7, 6, 8, tzinfo=UTC), 1500, PUT)),
        ("ETH-31DEC26-12000-C", (datetime(2026, 12, 31, 8, tzinfo=UTC), 12000, CALL)),
        ("ETH-29FEB28-2000-C", (datetime(2028, 2, 29, 8, tzinfo=UTC), 2000, CALL)),
    ],
)
def test_a_name_says_expiry_strike_and_type(name: str, found: tuple[datetime, int, OptionType]) -> None:
    assert named_option(name) == found


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ETH-PERPETUAL",
        "BTC-6JUL25-1500-P",
        "ETH-06JUL25-1500-P",
        "ETH-0JUL25-1500-P",
        "ETH-32JUL25-1500-P",
        "ETH-29FEB27-2000-C",
        "ETH-6JUX25-1500-P",
        "ETH-6JUL25-0-P",
        "ETH-6JUL25-01500-P",
        "ETH-6JUL25-1500-X",
        "ETH-6JUL25-1500-P ",
        "ETH-6JUL25-1500-P\n",
        "ETH-6JUL٢5-1500-P",
        "eth-6jul25-1500-p",
    ],
)
def test_what_is_no_name_of_an_option_says_nothing(name: str) -> None:
    assert named_option(name) is None


@given(
    day=st.dates(date(2001, 1, 1), date(2099, 12, 31)),
    strike_usd=st.integers(1, 10**7),
    option_type=st.sampled_from(OptionType),
)
def test_every_expiry_strike_and_type_comes_back_from_its_name(
    day: date, strike_usd: int, option_type: OptionType
) -> None:
    expiration = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    letter = "P" if option_type is PUT else "C"
    found = named_option(f"{expiry_code(expiration)}-{strike_usd}-{letter}")
    assert found == (expiration, strike_usd, option_type)


@pytest.mark.parametrize(
    "change",
    [
        {"strike": "2650"},
        {"strike": "2700.5"},
        {"strike": "0"},
        {"strike": "NaN"},
        {"option_type": "call", "delta": 0.2},
        {"expiration": FAR_EXPIRY.isoformat()},
        {"expiration": EXPIRY.replace(hour=11).isoformat()},
        {"expiration": NOW.isoformat()},
    ],
)
def test_a_quote_that_contradicts_its_name_is_broken_and_stands_where_its_name_says(
    change: dict[str, Any],
) -> None:
    """An order names an instrument: it would be sized by the fields but traded by the name."""
    chain = chain_of(altered(wire_quotes(), {CANDIDATE: change}))
    quote = chain.quote(CANDIDATE)
    assert quote is not None
    assert QuoteFault.MISNAMED in quote.faults
    assert (quote.expiration, quote.strike_usd, quote.option_type) == (EXPIRY, 2700.0, PUT)
    assert chain.expiries == chain_of(wire_quotes()).expiries
    puts = chain.side(EXPIRY, PUT)
    found = broken_candidates(puts, PUT, SPOT_USD, STRATEGY.strikes)
    assert [candidate.instrument_name for candidate in found] == [CANDIDATE]
    pairs, rule = choose_strikes(
        chain, SpreadKind.BULL_PUT, SPOT_USD, NOW, STRATEGY.strikes, STRATEGY.liquidity
    )
    assert pairs == ()
    assert f"broken_candidate:{CANDIDATE}" in rule.reasons


def test_far_from_the_candidates_it_is_only_counted() -> None:
    chain = chain_of(altered(wire_quotes(), {FAR_OUT: {"strike": "2250"}}))
    assert chain.broken_counts["misnamed"] == 1
    assert broken_candidates(chain.side(EXPIRY, PUT), PUT, SPOT_USD, STRATEGY.strikes) == []


@pytest.mark.parametrize(
    ("strike", "faults"),
    [
        ("2600", (QuoteFault.MISNAMED,)),
        ("0", (QuoteFault.MISNAMED, QuoteFault.NEGATIVE)),
        ("NaN", (QuoteFault.MISNAMED, QuoteFault.NOT_FINITE)),
        ("Infinity", (QuoteFault.MISNAMED, QuoteFault.NOT_FINITE)),
    ],
)
def test_a_quote_of_something_else_stays_where_its_fields_say_and_is_broken(
    strike: str, faults: tuple[QuoteFault, ...]
) -> None:
    other = wire_quote(PUT, 2600) | {"instrument_name": "ETH-PERPETUAL", "strike": strike}
    chain = chain_of([wire_quote(PUT, 2700), other])
    quote = chain.quote("ETH-PERPETUAL")
    assert quote is not None
    assert set(faults) <= set(quote.faults)
    assert repr(quote.strike_usd) == repr(float(strike))
    assert chain.quote(CANDIDATE).faults == ()  # type: ignore[union-attr]


def test_a_record_keeps_what_travelled_and_gives_the_same_chain() -> None:
    chain = chain_of(altered(wire_quotes(), {CANDIDATE: {"strike": "2650"}}))
    record = chain.to_record(expiration=EXPIRY)
    quotes: Any = record["quotes"]
    assert {quote["instrument_name"]: quote["strike"] for quote in quotes}[CANDIDATE] == "2650"
    again = OptionChain.from_record(record, STRATEGY.anomalies)
    assert again.to_record() == record
    assert again.quote(CANDIDATE).faults == chain.quote(CANDIDATE).faults  # type: ignore[union-attr]
