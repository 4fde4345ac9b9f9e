"""The tools that tell what the owner has: the account at the venue, and the portfolio of which it is a part.

Their numbers are our own, so they are not validated here; who reads them from the wire validates them.
"""

from __future__ import annotations

from core.contract import (
    AccountSummary,
    CurrencyRequest,
    FxRate,
    GetFxRate,
    Holding,
    Holdings,
    TotalEquity,
)
from gateway.paper.coin import require_eth
from gateway.paper.owner import exchange_rate, owned, total_equity
from gateway.paper.venue import Venue


def get_account_summary(venue: Venue, request: CurrencyRequest) -> AccountSummary:
    require_eth(request.currency)
    initial, maintenance = venue.held_margins_eth()
    return AccountSummary.trusted(
        equity=venue.equity_eth(),
        balance=venue.account.balance_eth,
        available_funds=venue.available_beyond_eth(initial),
        initial_margin=initial,
        maintenance_margin=maintenance,
        error=None,
    )


def get_total_equity(venue: Venue, request: CurrencyRequest) -> TotalEquity:
    equity = total_equity(venue, request.currency)
    return TotalEquity.trusted(equity=equity, currency=request.currency, timestamp=venue.clock, error=None)


def get_holdings(venue: Venue) -> Holdings:
    eth, eth_eur, beside, share = owned(venue)
    return Holdings.trusted(
        holdings=(
            Holding.trusted(asset="ETH", amount=eth, value_eur=eth_eur, share=share),
            Holding.trusted(asset="EUR", amount=beside, value_eur=beside, share=1.0 - share),
        )
    )


def get_fx_rate(venue: Venue, request: GetFxRate) -> FxRate:
    return FxRate.trusted(rate=exchange_rate(venue, request.base, request.quote), timestamp=venue.clock)
