"""What a person lets the venue assume is written plainly, or refused by name."""

from __future__ import annotations

import pytest

from core.contract import CurrencyRequest, GetFxRate
from core.errors import InputError
from gateway.paper.account import Account
from gateway.paper.account_tools import get_account_summary, get_fx_rate, get_holdings, get_total_equity
from gateway.paper.assumptions import Assumptions
from gateway.paper.model_market import ModelMarket
from gateway.paper.venue import Venue


@pytest.mark.parametrize("given", ["balance_eth=1_000", "balance_eth=٣", "max_gap_h=1_2", "touch_size= 3"])
def test_an_assumption_is_written_in_plain_digits(given: str) -> None:
    with pytest.raises(InputError, match=r"--assume \w+: expected a number, found"):
        Assumptions.parse([given])


@pytest.mark.parametrize(
    "pairs",
    [
        ("balance_eth=1000000", "beside_eur=1000000000", "eur_usd=0.01"),
        ("balance_eth=1000000", "beside_eur=1000000000", "eur_usd=100"),
        ("balance_eth=0.000000000000000000000000000001", "beside_eur=0"),
    ],
)
def test_what_may_be_assumed_can_be_told_by_every_tool(pairs: tuple[str, ...]) -> None:
    assumed = Assumptions.parse(pairs)
    venue = Venue(ModelMarket(1), Account(assumed.balance_eth), ModelMarket(1).start, assumed)
    for answer in (
        get_account_summary(venue, CurrencyRequest()),
        get_holdings(venue),
        get_fx_rate(venue, GetFxRate(base="EUR", quote="USD")),
        *(get_total_equity(venue, CurrencyRequest(currency=each)) for each in ("ETH", "USD", "EUR")),
    ):
        type(answer).model_validate_json(answer.model_dump_json())


@pytest.mark.parametrize(
    "given",
    [
        "balance_eth=1000000000000",
        "balance_eth=0.0000000000000000000000000000001",
        "beside_eur=1000000000000",
        "eur_usd=1000000000000",
        "eur_usd=0.000000000001",
        f"eur_usd=1.{'1' * 31}",
    ],
)
def test_what_no_tool_could_tell_is_not_assumed(given: str) -> None:
    with pytest.raises(InputError, match=f"--assume {given.partition('=')[0]}: expected"):
        Assumptions.parse([given])
