"""The figures of an account are held against each other, and each that does not fit is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.contract import AccountSummary, FxRate, Holding, Holdings, TotalEquity
from core.market.account import EUR_USD_MAX, EUR_USD_MIN, account_facts, in_usd
from core.market.incomplete import IncompleteError
from core.rules.facts import AccountFacts

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
EUR_USD = 1.25
SPOT_USD = 3000.0
HELD: tuple[tuple[str, int, float], ...] = (("ETH", 40_000, 0.25), ("EUR", 120_000, 0.75))
"""Asset, value in EUR, share: together 200,000 USD at 1.25."""


def facts_of(
    *,
    held: tuple[tuple[str, int, float], ...] = HELD,
    equity: int = 200_000,
    currency: str = "USD",
    venue_eth: str = "10",
    rate: float = EUR_USD,
    off_max_frac: float = 0.05,
) -> AccountFacts:
    """The facts of the account above, but for what a test changes."""
    holdings = [
        Holding(asset=asset, amount=Decimal(1), value_eur=Decimal(value_eur), share=share)
        for asset, value_eur, share in held
    ]
    return account_facts(
        AccountSummary(
            equity=Decimal(venue_eth),
            balance=Decimal(venue_eth),
            available_funds=Decimal(9),
            initial_margin=Decimal("0.5"),
            maintenance_margin=Decimal("0.4"),
        ),
        TotalEquity(equity=Decimal(equity), currency=currency, timestamp=NOW),
        Holdings(holdings=tuple(holdings)),
        FxRate(rate=rate, timestamp=NOW),
        spot_usd=SPOT_USD,
        off_max_frac=off_max_frac,
    )


def test_figures_that_agree_are_the_facts() -> None:
    assert facts_of() == AccountFacts(
        equity_usd=200_000.0,
        eur_usd=EUR_USD,
        eth_share=0.25,
        venue_equity_eth=10.0,
        initial_margin_eth=0.5,
    )


def test_equity_may_be_told_in_eur() -> None:
    assert facts_of(equity=160_000, currency="EUR").equity_usd == pytest.approx(200_000.0)


def test_equity_in_eur_needs_a_rate() -> None:
    with pytest.raises(IncompleteError, match="expected USD or EUR, found EUR"):
        in_usd(TotalEquity(equity=Decimal(1), currency="EUR", timestamp=NOW), None)


def test_each_name_of_eth_counts_and_no_other_asset() -> None:
    held = (("wstETH", 40_000, 0.25), ("ETH", 40_000, 0.25), ("Tether", 80_000, 0.5))
    assert facts_of(held=held).eth_share == pytest.approx(0.5)


@pytest.mark.parametrize("rate", [EUR_USD_MIN, EUR_USD_MAX])
def test_the_bounds_of_the_rate_are_believed(rate: float) -> None:
    assert facts_of(rate=rate, equity=round(160_000 * rate)).eur_usd == rate


def test_differences_up_to_their_bounds_are_believed() -> None:
    """Of equity, of the shares in all, of one share, and of the venue's part, each alone and at its bound."""
    assert facts_of(equity=210_000).equity_usd == 210_000.0
    assert facts_of(equity=190_000).equity_usd == 190_000.0
    assert facts_of(held=(("ETH", 40_000, 0.24), ("EUR", 120_000, 0.74))).eth_share == 0.24
    assert facts_of(held=(("ETH", 40_000, 0.2625), ("EUR", 120_000, 0.7475))).eth_share == 0.2625
    assert facts_of(venue_eth="70").venue_equity_eth == 70.0


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"rate": 0.49}, "portfolio.get_fx_rate:incomplete", "expected 0.5 to 2.5 USD per EUR, found 0.49"),
        ({"rate": 2.51}, "portfolio.get_fx_rate:incomplete", "expected 0.5 to 2.5 USD per EUR, found 2.51"),
        (
            {"held": (("ETH-Vault-7", 160_000, 1.0),)},
            "portfolio.get_holdings:incomplete",
            "can't tell whether 'ETH-VAULT-7' is ETH",
        ),
        (
            {"held": (("EUR", 120_000, 0.75),)},
            "portfolio.get_holdings:incomplete",
            "the shares add up to 0.750, expected 1",
        ),
        (
            {"held": (("ETH", 40_000, 0.27), ("EUR", 120_000, 0.75))},
            "portfolio.get_holdings:incomplete",
            "the shares add up to 1.020, expected 1",
        ),
        (
            {"held": (("ETH", 0, 0.25), ("EUR", 0, 0.75))},
            "portfolio.get_holdings:incomplete",
            "the values add up to 0.00 EUR, expected more than 0",
        ),
        (
            {"held": (("ETH", 40_000, 0.75), ("EUR", 120_000, 0.25))},
            "portfolio.get_holdings:incomplete",
            "'ETH': a share of 0.750, but 0.250 of all values",
        ),
        (
            {"equity": 210_010},
            "portfolio.get_total_equity:incomplete",
            "210010.00 USD, but the holdings add up to 200000.00 USD: 5.0% apart",
        ),
        ({"equity": 189_990}, "portfolio.get_total_equity:incomplete", "189990.00 USD, but the holdings"),
        (
            {"equity": 67, "currency": "ETH"},
            "portfolio.get_total_equity:incomplete",
            "expected USD or EUR, found ETH",
        ),
        (
            {"venue_eth": "70.1"},
            "deribit.get_account_summary:incomplete",
            "equity at the venue worth 210300.00 USD, but total equity of 200000.00 USD",
        ),
    ],
)
def test_a_figure_that_the_others_give_the_lie_is_named(
    changed: dict[str, object], code: str, said: str
) -> None:
    with pytest.raises(IncompleteError) as caught:
        facts_of(**changed)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert said in str(caught.value)
