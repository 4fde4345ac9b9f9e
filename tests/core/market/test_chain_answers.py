"""A chain's answer and its record at their edges, and the exact error on one that can't be read."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from core.errors import McpDataAnomalyError
from core.market.option_chain import OptionChain
from core.rules.exit.decision import decide_exit
from core.rules.record import canonical, record, verify
from tests.core.example_market import FAR_EXPIRY, NOW, STRATEGY, chain_of, wire_quotes
from tests.core.rules.exit_facts import facts as monitor_facts
from tests.core.rules.exit_facts import quotes


def decode(answer: Any) -> OptionChain:
    return OptionChain.decode(answer, now=NOW, anomalies=STRATEGY.anomalies, max_quote_age_s=60.0)


def again(recorded: dict[str, Any]) -> OptionChain:
    return OptionChain.from_record(recorded, STRATEGY.anomalies)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("[]", "expected an object, found list"),
        ("null", "expected an object, found NoneType"),
        ({"quotes": 7}, "quotes: expected a list of quotes, found int"),
        ({"quotes": []}, "quotes: expected a list of quotes, found an empty list"),
        ({"quotes": [7]}, "expected every quote to be an object"),
        (
            {"quotes": [{"instrument_name": "x"}]},
            "quotes[0]: can't tell which option it is of, by its name 'x', strike None, option_type None and "
            "expiration None",
        ),
    ],
)
def test_an_answer_of_the_wrong_shape_is_told_to_the_letter(answer: Any, said: str) -> None:
    with pytest.raises(McpDataAnomalyError) as refused:
        decode(answer)
    assert str(refused.value) == f"get_options_chain: {said}"


def test_an_expiry_that_is_not_quoted_is_recorded_without_quotes() -> None:
    chain = chain_of(wire_quotes([2700]))
    assert chain.to_record(expiration=FAR_EXPIRY + timedelta(days=1)) == chain.to_record(instrument_names=())


def test_a_record_gives_whole_numbers_back_as_whole_numbers_to_the_byte() -> None:
    """The venue sends amounts as 25 or 25.0; a record that changed one could not be recomputed."""
    whole = {"bid_size": 25, "ask_size": 0, "open_interest": 1000, "gamma": float("nan")}
    recorded = chain_of([quote | whole for quote in wire_quotes([2700])]).to_record()
    assert canonical(again(recorded).to_record()) == canonical(recorded)
    assert '"open_interest":1000,' in canonical(recorded)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (True, "quotes[0].vega: expected float or int, found True"),
        (None, "quotes[0].vega: expected float or int, found None"),
        ([1.0], "quotes[0].vega: expected float or int, found [1.0]"),
        ("high", "vega: expected a number or one as text: could not convert string to float: 'high'"),
    ],
)
def test_a_recorded_statistic_that_is_no_number_is_told(found: object, said: str) -> None:
    recorded: dict[str, Any] = chain_of(wire_quotes([2700])).to_record()
    recorded["quotes"][0]["vega"] = found
    with pytest.raises(McpDataAnomalyError) as refused:
        again(recorded)
    assert str(refused.value) == f"get_options_chain: {said}"


def test_a_recorded_quote_without_a_field_is_told() -> None:
    recorded: dict[str, Any] = chain_of(wire_quotes([2700])).to_record()
    del recorded["quotes"][0]["vega"]
    with pytest.raises(McpDataAnomalyError) as refused:
        again(recorded)
    assert str(refused.value) == "get_options_chain: a quote has no field 'vega'"


@pytest.mark.parametrize("changes", [{"vega": "high"}, {"vega": None}, {"timestamp": "noon"}, None])
def test_a_quote_that_can_not_be_read_is_named_even_under_a_right_digest(
    changes: dict[str, Any] | None,
) -> None:
    """`None` removes a field. Whoever alters a record can update its digest; verifying it must not raise."""
    facts = monitor_facts(chain=chain_of(quotes()))
    recorded = json.loads(record(facts, decide_exit(facts, STRATEGY), "1.0", lambda _: None))
    quote = recorded["facts"]["market"]["chain"]["quotes"][0]
    if changes is None:
        del quote["vega"]
    else:
        quote |= changes
    digests = recorded["digests"]["market"]["chain"]["quotes"]
    digests[quote["instrument_name"]] = sha256(canonical(quote).encode()).hexdigest()
    assert verify(recorded, STRATEGY) == "facts.market.chain"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("quotes_total", 0),
        ("quotes_total", "8"),
        ("broken_total", -1),
        ("broken_total", None),
        ("broken_counts", None),
        ("broken_counts", {"crossed": "1"}),
        ("expiries", ["Friday"]),
        ("expiries", ["2026-01-23T08:00:00"]),
        ("expiries", None),
    ],
)
def test_a_total_that_can_not_be_read_is_named_even_under_a_right_digest(field: str, found: object) -> None:
    facts = monitor_facts(chain=chain_of(quotes()))
    recorded = json.loads(record(facts, decide_exit(facts, STRATEGY), "1.0", lambda _: None))
    recorded["facts"]["market"]["chain"][field] = found
    recorded["digests"]["market"]["chain"][field] = sha256(canonical(found).encode()).hexdigest()
    assert verify(recorded, STRATEGY) == "facts.market.chain"
    with pytest.raises(McpDataAnomalyError, match=f"get_options_chain: {field}"):
        again(recorded["facts"]["market"]["chain"])


def test_a_count_that_is_no_whole_number_is_told_to_the_letter() -> None:
    recorded = chain_of(wire_quotes([2700])).to_record() | {"broken_counts": {"crossed": "1"}}
    with pytest.raises(McpDataAnomalyError) as refused:
        again(recorded)
    assert str(refused.value) == ("get_options_chain: broken_counts.crossed: Input should be a valid integer")


@pytest.mark.parametrize("field", ["quotes_total", "broken_total", "broken_counts", "expiries"])
def test_a_record_without_one_of_its_totals_is_told(field: str) -> None:
    recorded = chain_of(wire_quotes([2700])).to_record()
    del recorded[field]
    with pytest.raises(McpDataAnomalyError, match=f"get_options_chain: {field}: Field required"):
        again(recorded)


@pytest.mark.parametrize(
    ("field", "found", "said"),
    [
        ("strike", "high", "strike: expected a decimal as text: could not convert string to float: 'high'"),
        ("bid", "high", "bid: expected a decimal as text: could not convert string to float: 'high'"),
        ("option_type", "straddle", "option_type: expected put or call, found 'straddle'"),
    ],
)
def test_a_recorded_text_that_says_nothing_is_told(field: str, found: str, said: str) -> None:
    recorded: dict[str, Any] = chain_of(wire_quotes([2700])).to_record()
    recorded["quotes"][0][field] = found
    with pytest.raises(McpDataAnomalyError) as refused:
        again(recorded)
    assert str(refused.value) == f"get_options_chain: {said}"


def test_a_record_that_quotes_an_option_twice_is_told() -> None:
    recorded: dict[str, Any] = chain_of(wire_quotes([2700])).to_record()
    recorded["quotes"] *= 2
    name = min(quote["instrument_name"] for quote in recorded["quotes"])
    with pytest.raises(McpDataAnomalyError) as refused:
        again(recorded)
    assert str(refused.value) == f"get_options_chain: {name} is quoted more than once"
