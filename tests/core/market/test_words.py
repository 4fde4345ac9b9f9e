"""Words of calendars and holdings: known in any spelling, or refused by name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.market.assets import is_eth
from core.market.countries import country_of
from core.market.observations import Level, MacroEvent
from core.rules.entry.market import check_market
from tests.core.example_market import NOW, STRATEGY, entry_facts


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("US", "US"),
        ("us", "US"),
        (" USA ", "US"),
        ("USD", "US"),
        ("United States", "US"),
        ("united  states of america", "US"),
        ("EUR", "EU"),
        ("Euro Area", "EU"),
        ("UK", "GB"),
        ("DE", "DE"),
        ("CNY", "CN"),
        ("All", None),
        ("Untied States", None),
        ("", None),
        ("XX", None),
    ],
)
def test_a_country_is_known_by_code_currency_or_name(word: str, code: str | None) -> None:
    assert country_of(word) == code


@pytest.mark.parametrize(
    ("asset", "counts"),
    [
        ("ETH", True),
        ("eth", True),
        ("Ethereum", True),
        ("wstETH", True),
        ("EUR", False),
        ("BTC", False),
        ("Tether USD", False),
        ("Ethereum Classic", False),
        ("ETH-Staked-By-Somebody", None),
        ("3xETH", None),
        ("\\u0395TH", None),
        ("ETH\N{GREEK SMALL LETTER ALPHA}", None),
    ],
)
def test_an_asset_is_eth_or_is_not_or_is_not_known(asset: str, counts: bool | None) -> None:
    assert is_eth(asset) is counts


def macro_reasons(country: str) -> tuple[str, ...]:
    event = MacroEvent(
        name="FOMC Statement", country=country, importance=Level.HIGH, scheduled_at=NOW + timedelta(hours=20)
    )
    result = check_market(entry_facts(macro_events=(event,)), STRATEGY)
    return tuple(reason for reason in result.reasons if reason.startswith("macro_event"))


@pytest.mark.parametrize("country", ["US", "us", "USD", "USA", "United States"])
def test_an_event_of_our_country_blocks_in_any_spelling(country: str) -> None:
    assert macro_reasons(country) == ("macro_event:FOMC Statement",)


def test_an_event_of_a_country_that_is_not_known_blocks_and_its_word_is_told() -> None:
    assert macro_reasons("Untied States") == ("macro_event:FOMC Statement (Untied States?)",)


@pytest.mark.parametrize("country", ["DE", "EUR", "Japan"])
def test_an_event_elsewhere_does_not_block(country: str) -> None:
    assert macro_reasons(country) == ()
