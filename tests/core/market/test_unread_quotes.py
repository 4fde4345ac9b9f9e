"""A quote that can't be read is one broken quote: the others are read, and it keeps its place."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core.errors import McpDataAnomalyError
from core.market.chain_columns import FIELDS
from core.market.chain_rows import STATISTICS
from core.market.option_chain import OptionChain
from core.market.quote_faults import QuoteFault
from core.values import OptionType
from tests.core.example_market import EXPIRY, NOW, STRATEGY, chain_of, name_of, wire_quote

PUT = OptionType.PUT
NAME = name_of(PUT, 2700)


@pytest.mark.parametrize("field", [field for field in FIELDS if field != "instrument_name"])
@pytest.mark.parametrize(
    "found", ["absent", None, True, [], {}, "", "high", "1_000", "1E+999999999", 10**400, 1e300, "0001-01-01"]
)
def test_a_field_that_can_not_be_read_breaks_its_own_quote_alone(field: str, found: Any) -> None:
    """An empty side is null, and a statistic may be any number: those are no faults of this kind."""
    if (field in ("bid", "ask") and found is None) or (field in STATISTICS and found == 1e300):
        return
    strange = wire_quote(PUT, 2700) | {field: found}
    if found == "absent":
        del strange[field]
    chain = chain_of([strange, wire_quote(PUT, 2650)])
    broken = chain.quote(NAME)
    assert broken is not None
    assert (broken.expiration, broken.strike_usd, broken.option_type) == (EXPIRY, 2700.0, PUT)
    assert QuoteFault.NOT_FINITE in broken.faults
    assert (chain.broken_total, len(chain)) == (1, 2)
    again = OptionChain.from_record(json.loads(json.dumps(chain.to_record())), STRATEGY.anomalies)
    assert again.to_record() == chain.to_record()


@pytest.mark.parametrize(
    "name", ["absent", None, "", 7, "x" * 1000, ["ETH-23JAN26-2700-P"], "ETH-23JAN26-2700"]
)
def test_a_quote_without_a_readable_name_is_broken_where_its_fields_place_it(name: Any) -> None:
    """It could be the leg of which there is no other quote."""
    strange = wire_quote(PUT, 2700) | {"instrument_name": name}
    if name == "absent":
        del strange["instrument_name"]
    chain = chain_of([wire_quote(PUT, 2650), strange])
    (broken,) = [quote for quote in chain.side(EXPIRY, PUT) if quote.faults]
    assert broken.strike_usd == 2700.0
    assert QuoteFault.MISNAMED in broken.faults
    assert len(broken.instrument_name) <= 128


@pytest.mark.parametrize("field", ["strike", "option_type", "expiration"])
def test_a_quote_that_can_not_be_located_spoils_the_answer_because_it_may_be_any_leg(field: str) -> None:
    strange = wire_quote(PUT, 2700) | {"instrument_name": None, field: None}
    with pytest.raises(McpDataAnomalyError, match=r"quotes\[1\]: can't tell which option it is of"):
        chain_of([wire_quote(PUT, 2650), strange])


@pytest.mark.parametrize("written", ["Put", "PUT", " put ", "P", "p"])
def test_an_option_type_in_another_spelling_is_the_same_type(written: str) -> None:
    chain = chain_of([wire_quote(PUT, 2700) | {"option_type": written}])
    assert chain.broken_total == 0
    assert chain.to_record() == chain_of([wire_quote(PUT, 2700)]).to_record()


def test_a_copy_of_a_quote_is_left_out() -> None:
    chain = chain_of([wire_quote(PUT, 2700), wire_quote(PUT, 2650), wire_quote(PUT, 2700)])
    assert (len(chain), chain.broken_total) == (2, 0)


def test_of_two_quotes_of_an_instrument_the_newer_holds() -> None:
    newer, older = wire_quote(PUT, 2700), wire_quote(PUT, 2700, at=NOW - timedelta(seconds=9), bid="0.0005")
    for listed in ([older, newer], [newer, older]):
        chain = chain_of([wire_quote(PUT, 2650), *listed])
        assert chain.broken_total == 0
        assert chain.to_record() == chain_of([wire_quote(PUT, 2650), newer]).to_record()


def test_two_quotes_of_one_instrument_and_time_that_differ_are_one_broken_quote() -> None:
    chain = chain_of([wire_quote(PUT, 2650), wire_quote(PUT, 2700), wire_quote(PUT, 2700, volume_24h=7.0)])
    assert (len(chain), chain.broken_total) == (2, 1)
    broken = chain.quote(NAME)
    assert broken is not None
    assert broken.faults


def test_an_endless_list_of_quotes_is_not_taken_apart() -> None:
    with pytest.raises(McpDataAnomalyError, match="expected at most 20000, found 20001"):
        chain_of([{}] * 20_001)


def test_a_single_quote_ahead_of_the_clock_is_a_single_broken_quote() -> None:
    ahead = wire_quote(PUT, 2700, at=NOW + timedelta(seconds=6))
    chain = chain_of([ahead, wire_quote(PUT, 2650)])
    assert chain.broken_total == 1
    broken = chain.quote(NAME)
    assert broken is not None
    assert broken.faults
