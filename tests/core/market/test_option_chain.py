"""Decoding a chain answer: what is refused as a whole, what is marked broken, and that quotes are views."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import McpDataAnomalyError
from core.market.option_chain import OptionChain
from core.market.quote_faults import QuoteFault
from core.pricing.black76 import delta, year_fraction
from core.strategy import AnomalySection, Strategy
from core.values import OptionType, Value
from tests.core.example_market import (
    EXPIRY,
    NEAR_EXPIRY,
    NOW,
    STRATEGY,
    altered,
    chain_of,
    name_of,
    wire_quote,
    wire_quotes,
)

PUT, CALL = OptionType.PUT, OptionType.CALL
NAME = name_of(PUT, 2700)


def faults(**changes: Any) -> tuple[QuoteFault, ...]:
    quote = chain_of(altered(wire_quotes(), {NAME: changes})).quote(NAME)
    assert quote is not None
    return quote.faults


def decode(answer: bytes | str | Mapping[str, object], now: datetime = NOW) -> OptionChain:
    return OptionChain.decode(answer, now=now, anomalies=STRATEGY.anomalies, max_quote_age_s=60.0)


def test_bytes_text_and_parsed_answers_give_the_same_chain() -> None:
    answer = {"quotes": wire_quotes()}
    raw = json.dumps(answer)
    forms: tuple[bytes | str | Mapping[str, object], ...] = (raw, raw.encode(), answer)
    records = [decode(form).to_record() for form in forms]
    assert records[0] == records[1] == records[2]


def test_equal_answers_read_the_same_in_a_trace_and_one_changed_price_does_not() -> None:
    quotes = wire_quotes()
    assert repr(chain_of(quotes)) == repr(chain_of(wire_quotes()))
    changed = altered(quotes, {NAME: {"bid": "0.0021"}})
    assert repr(chain_of(changed)) != repr(chain_of(quotes))


def test_a_quote_is_a_view_with_units() -> None:
    wire = wire_quote(PUT, 2700, bid="0.0100", ask="0.0110", bid_size=7.0, ask_size=9.0)
    quote = chain_of([wire]).quote(NAME)
    assert quote is not None
    assert (quote.instrument_name, quote.option_type, quote.strike_usd) == (NAME, PUT, 2700.0)
    assert (quote.expiration, quote.timestamp, quote.forward_usd) == (EXPIRY, NOW, 3000.0)
    assert (quote.bid_eth, quote.ask_eth) == (Decimal("0.0100"), Decimal("0.0110"))
    assert quote.mark_eth == Decimal(wire["mark_price"])
    assert quote.price_texts == (wire["bid"], wire["ask"], wire["mark_price"])
    assert (quote.bid_size, quote.ask_size, quote.open_interest, quote.volume_24h) == (
        7.0,
        9.0,
        1000.0,
        100.0,
    )
    assert quote.mark_iv_pct == wire["mark_iv"]
    assert quote.delta == pytest.approx(wire["delta"], abs=1e-12)
    assert quote.abs_delta == -quote.delta
    assert quote.relative_spread == pytest.approx(0.001 / 0.0105)
    assert quote.two_sided
    assert quote.age_s(NOW + timedelta(seconds=5)) == 5.0
    assert quote.faults == ()


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_one_sided_quote_is_sound_and_has_no_relative_spread(side: str) -> None:
    quote = chain_of([wire_quote(PUT, 2700) | {side: None}]).quote(NAME)
    assert quote is not None
    assert quote.faults == ()
    assert not quote.two_sided
    assert (quote.bid_eth is None, quote.ask_eth is None) == (side == "bid", side == "ask")
    with pytest.raises(ValueError, match="two-sided"):
        _ = quote.relative_spread


def test_a_side_holds_only_its_own_quotes_by_strike() -> None:
    quotes = wire_quotes([2800, 2600, 2700])
    chain = chain_of(quotes)
    side = chain.side(EXPIRY, PUT)
    assert [quote.strike_usd for quote in side] == [2600.0, 2700.0, 2800.0]
    assert {(quote.expiration, quote.option_type) for quote in side} == {(EXPIRY, PUT)}
    assert chain.side(EXPIRY, PUT) is side
    assert chain.side(datetime(2027, 1, 1, 8, tzinfo=UTC), PUT) == ()
    assert chain.quote("ETH-1JAN27-1-P") is None
    assert len(chain) == len(quotes) == chain.quotes_total


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"quotes": [{"instrument_name": "ETH-', "expected JSON"),
        ("[]", "expected an object"),
        ({}, "expected a list of quotes, found NoneType"),
        ({"quotes": {}}, "found dict"),
        ({"quotes": []}, "found an empty list"),
        ({"quotes": [7]}, "every quote to be an object"),
        ({"quotes": [{"instrument_name": "x"}]}, "can't tell which option it is of, by its name 'x'"),
    ],
)
def test_an_answer_of_the_wrong_shape_is_an_anomaly(answer: Any, expected: str) -> None:
    with pytest.raises(McpDataAnomalyError, match=expected):
        decode(answer)


def test_a_stale_answer_is_an_anomaly_by_its_newest_quote() -> None:
    old = wire_quote(PUT, 2700)
    fresh = wire_quote(PUT, 2650, at=NOW + timedelta(seconds=1))
    assert len(decode({"quotes": [old, fresh]}, NOW + timedelta(seconds=61))) == 2
    with pytest.raises(McpDataAnomalyError, match="62 s old, expected at most 60 s"):
        decode({"quotes": [old, fresh]}, NOW + timedelta(seconds=63))


def test_an_answer_ahead_of_the_clock_is_an_anomaly() -> None:
    assert len(decode({"quotes": [wire_quote(PUT, 2700)]}, NOW - timedelta(seconds=5))) == 1
    with pytest.raises(McpDataAnomalyError, match="all are ahead of the clock"):
        decode({"quotes": [wire_quote(PUT, 2700)]}, NOW - timedelta(seconds=6))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "bid": "0.0110",
                "ask": "0.0105",
            },
            QuoteFault.CROSSED,
        ),
        ({"bid": "0.0103"}, QuoteFault.OFF_TICK),
        ({"bid": "0.00451", "ask": None}, QuoteFault.OFF_TICK),
        ({"bid": "0"}, QuoteFault.OFF_TICK),
        ({"ask": "0.0000001", "bid": None}, QuoteFault.OFF_TICK),
        ({"bid": "-0.0100"}, QuoteFault.NEGATIVE),
        ({"mark_price": "-0.01"}, QuoteFault.NEGATIVE),
        ({"open_interest": -1}, QuoteFault.NEGATIVE),
        ({"volume_24h": -1.0}, QuoteFault.NEGATIVE),
        ({"bid_size": -1.0}, QuoteFault.NEGATIVE),
        ({"ask_size": -1.0}, QuoteFault.NEGATIVE),
        ({"strike": "0"}, QuoteFault.MISNAMED),
        ({"underlying_price": "0"}, QuoteFault.NEGATIVE),
        ({"bid": "NaN"}, QuoteFault.NOT_FINITE),
        ({"bid": None, "ask": "NaN"}, QuoteFault.NOT_FINITE),
        ({"ask": "Infinity"}, QuoteFault.NOT_FINITE),
        ({"delta": math.nan}, QuoteFault.NOT_FINITE),
        ({"mark_iv": math.nan}, QuoteFault.NOT_FINITE),
        ({"gamma": math.inf}, QuoteFault.NOT_FINITE),
        ({"theta": -math.inf}, QuoteFault.NOT_FINITE),
        ({"vega": math.nan}, QuoteFault.NOT_FINITE),
        ({"open_interest": math.nan}, QuoteFault.NOT_FINITE),
        ({"bid_size": math.inf}, QuoteFault.NOT_FINITE),
        ({"strike": "NaN"}, QuoteFault.MISNAMED),
        ({"mark_iv": 7.0}, QuoteFault.IV_OUT_OF_RANGE),
        ({"mark_iv": 400.1}, QuoteFault.IV_OUT_OF_RANGE),
        ({"delta": 0.01}, QuoteFault.DELTA_SIGN),
        ({"delta": -0.30}, QuoteFault.DELTA_GAP),
        ({"expiration": NOW.isoformat()}, QuoteFault.MISNAMED),
    ],
)
def test_a_broken_quote_is_marked(changes: dict[str, Any], expected: QuoteFault) -> None:
    assert expected in faults(**changes)


def test_a_call_with_a_negative_delta_is_marked() -> None:
    name = name_of(CALL, 3300)
    quote = chain_of([wire_quote(CALL, 3300, delta=-0.01)]).quote(name)
    assert quote is not None
    assert QuoteFault.DELTA_SIGN in quote.faults


def test_a_put_far_out_with_a_small_delta_above_zero_is_marked() -> None:
    quote = chain_of([wire_quote(PUT, 2200, delta=0.001)]).quote(name_of(PUT, 2200))
    assert quote is not None
    assert quote.faults == (QuoteFault.DELTA_SIGN,)
    quote = chain_of([wire_quote(CALL, 4200, delta=-0.001)]).quote(name_of(CALL, 4200))
    assert quote is not None
    assert quote.faults == (QuoteFault.DELTA_SIGN,)


def test_a_strike_below_one_is_not_negative() -> None:
    assert QuoteFault.NEGATIVE not in faults(strike="0.5")
    assert QuoteFault.NEGATIVE not in faults(underlying_price="0.5")


@pytest.mark.parametrize("other", [(), (QuoteFault.NEGATIVE,)])
def test_a_gap_of_exactly_the_limit_is_sound(other: tuple[QuoteFault, ...]) -> None:
    told = wire_quote(PUT, 2700) | {"delta": -0.5} | ({"mark_price": "-1"} if other else {})
    ours = delta(PUT, 3000.0, 2700.0, year_fraction(NOW, EXPIRY), float(told["mark_iv"]) / 100.0)
    limit = AnomalySection(delta_gap_max=abs(-0.5 - ours))
    quote = chain_of([told], Strategy(anomalies=limit)).quote(NAME)
    assert quote is not None
    assert quote.faults == other


@pytest.mark.usefixtures("far_from_utc")
def test_the_record_tells_expiries_in_utc_wherever_it_is_written() -> None:
    assert chain_of([wire_quote(PUT, 2700)]).to_record()["expiries"] == [EXPIRY.isoformat()]


@pytest.mark.parametrize(
    "changes",
    [
        {"bid": "0.0049", "ask": "0.0050"},
        {"bid": "0.0105", "ask": "0.0105"},
        {"mark_iv": 400, "delta": delta(PUT, 3000.0, 2700.0, year_fraction(NOW, EXPIRY), 4.0)},
        {"mark_price": "0"},
        {"open_interest": 0, "volume_24h": 0},
        {"bid": None, "ask": None},
    ],
)
def test_the_edges_of_soundness_are_sound(changes: dict[str, Any]) -> None:
    assert faults(**changes) == ()


def test_every_fault_of_a_quote_is_named() -> None:
    assert faults(bid="0.0113", ask="0.0052", mark_iv=7.0, delta=0.2) == (
        QuoteFault.IV_OUT_OF_RANGE,
        QuoteFault.CROSSED,
        QuoteFault.OFF_TICK,
        QuoteFault.DELTA_SIGN,
    )


def test_broken_quotes_are_counted_and_the_others_are_untouched() -> None:
    quotes = altered(wire_quotes(), {NAME: {"delta": 0.2}, name_of(CALL, 3300): {"mark_iv": 7.0}})
    chain = chain_of(quotes)
    assert chain.broken_total == 2
    assert chain.broken_counts == {"delta_gap": 1, "delta_sign": 1, "iv_out_of_range": 1}
    assert chain.broken_frac == 2 / len(quotes)
    assert sum(1 for quote in chain.side(EXPIRY, PUT) if quote.faults) == 1


def test_a_quote_without_a_usable_iv_has_no_delta() -> None:
    quote = chain_of([wire_quote(PUT, 2700, mark_iv=7.0)]).quote(NAME)
    assert quote is not None
    assert math.isnan(quote.delta)


def test_a_partial_record_keeps_the_totals_and_gives_the_same_quotes() -> None:
    quotes = altered(
        wire_quotes(), {NAME: {"mark_iv": math.nan}, name_of(PUT, 2700, NEAR_EXPIRY): {"delta": 0.5}}
    )
    chain = chain_of(quotes)
    part = json.loads(json.dumps(chain.to_record(expiration=EXPIRY), allow_nan=False))
    again = OptionChain.from_record(part, STRATEGY.anomalies)
    assert (again.quotes_total, again.broken_total) == (chain.quotes_total, 2)
    assert again.broken_counts == chain.broken_counts
    assert again.expiries == chain.expiries
    assert again.to_record(expiration=EXPIRY) == part
    for option_type in OptionType:
        pairs = zip(again.side(EXPIRY, option_type), chain.side(EXPIRY, option_type), strict=True)
        assert all((a.instrument_name, a.faults) == (b.instrument_name, b.faults) for a, b in pairs)
    assert again.side(NEAR_EXPIRY, PUT) == ()


def test_a_record_of_names_leaves_out_what_is_not_quoted() -> None:
    chain = chain_of(wire_quotes())
    record = chain.to_record(instrument_names=[NAME, "ETH-1JAN27-1-P"])
    assert [quote["instrument_name"] for quote in record["quotes"]] == [NAME]  # type: ignore[attr-defined]


def test_an_empty_record_is_a_chain_without_quotes() -> None:
    chain = chain_of(wire_quotes())
    again = OptionChain.from_record(chain.to_record(instrument_names=()), STRATEGY.anomalies)
    assert len(again) == 0
    assert again.quotes_total == chain.quotes_total


def test_permuting_the_answer_changes_nothing() -> None:
    quotes = altered(wire_quotes(), {NAME: {"mark_iv": 7.0}})
    shuffled = random.Random(7).sample(quotes, len(quotes))
    assert chain_of(shuffled).to_record() == chain_of(quotes).to_record()


def test_inside_a_value_a_chain_is_taken_as_it_is_and_written_as_its_record() -> None:
    class Holder(Value):
        chain: OptionChain

    chain = chain_of(wire_quotes([2700]))
    holder = Holder(chain=chain)
    assert holder.chain is chain
    assert holder.model_dump()["chain"] is chain
    assert holder.model_dump(mode="json") == {"chain": chain.to_record()}


@pytest.mark.parametrize("changes", [{"open_interest": -1.0}, {"gamma": math.nan}, {"vega": math.inf}])
def test_one_suspect_amount_breaks_no_other_quote(changes: dict[str, Any]) -> None:
    """Zeros in another quote are sound: empty sizes, no volume, a worthless mark."""
    zeros = {
        "bid": None,
        "bid_size": 0,
        "ask_size": 0.0,
        "volume_24h": 0,
        "open_interest": 0,
        "mark_price": "0",
    }
    chain = chain_of(altered(wire_quotes(), {NAME: changes, name_of(CALL, 3300): zeros}))
    assert chain.broken_total == 1


def test_amounts_whose_sum_overflows_are_still_sound() -> None:
    names = (NAME, name_of(CALL, 3300))
    chain = chain_of(altered(wire_quotes(), {name: {"open_interest": 1.7e308} for name in names}))
    assert chain.broken_total == 0
