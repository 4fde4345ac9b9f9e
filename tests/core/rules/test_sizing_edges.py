"""Rule 6 at its edges: a cap that is met to the last bit, one used up, one below a whole ETH."""

from __future__ import annotations

from core.rules.entry.sizing import Capital, OneContract, size
from core.strategy import SizingSection

CAPITAL = Capital(
    equity_usd=200_000.0, eur_usd=1.17, risk_open_usd=0.0, venue_equity_eth=10.0, initial_margin_eth=0.0
)
CHEAP = OneContract(worst_loss_usd=1.0, worst_loss_eth=0.001, initial_margin_eth=0.001)


def contracts(one: OneContract, capital: Capital = CAPITAL, contracts_max: int = 4) -> int:
    return size(one, capital, 60.0, SizingSection(contracts_max=contracts_max))[0]


def test_a_cap_that_the_maximum_meets_to_the_last_bit_allows_it() -> None:
    """3 · 0.0027 ETH are allowed and needed; the quotient of the two alone is 2.9999999999999996."""
    each = 0.0027
    venue = CAPITAL._replace(venue_equity_eth=2.0 * (3 * each))
    assert 0.5 * venue.venue_equity_eth / each < 3
    assert contracts(CHEAP._replace(worst_loss_eth=each), venue, contracts_max=3) == 3


def test_an_empty_budget_buys_nothing_not_even_what_can_lose_nothing() -> None:
    spent = CAPITAL._replace(risk_open_usd=0.06 * CAPITAL.equity_usd)
    assert contracts(CHEAP._replace(worst_loss_usd=-5.0), spent) == 0
    assert contracts(CHEAP._replace(worst_loss_usd=0.0), spent) == 0


def test_a_cap_below_one_eth_counts_in_full() -> None:
    """Half of 1 ETH carries 3 losses of 0.15, and 0.4 of it 2 margins of 0.15."""
    small = CAPITAL._replace(venue_equity_eth=1.0)
    assert contracts(CHEAP._replace(worst_loss_eth=0.15), small) == 3
    assert contracts(CHEAP._replace(initial_margin_eth=0.15), small) == 2


def test_what_loses_exactly_nothing_is_bounded_by_the_maximum() -> None:
    assert contracts(CHEAP._replace(worst_loss_usd=0.0)) == 4
