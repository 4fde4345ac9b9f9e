"""What the owner has in all, at the venue and beside it, in one currency or another."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from core.values import ETH_QUANTUM
from gateway.paper.venue import USD_QUANTUM, Venue

HUNDREDTH: Final = Decimal("0.01")


class Owned(NamedTuple):
    """The ETH at the venue and what is beside it in EUR. `eth_share` is the part of both that is ETH."""

    eth: Decimal
    eth_eur: Decimal
    beside_eur: Decimal
    eth_share: float


def owned(venue: Venue) -> Owned:
    """What the owner has now."""
    eth = venue.equity_eth()
    eth_eur = (eth * venue.index_usd() / venue.assumptions.eur_usd).quantize(HUNDREDTH)
    beside = venue.assumptions.beside_eur
    total = eth_eur + beside
    share = min(1.0, max(0.0, float(eth_eur / total))) if total > 0 else 0.0
    return Owned(eth, eth_eur, beside, share)


def total_equity(venue: Venue, currency: str) -> Decimal:
    """All of it in this currency."""
    at_venue_usd = venue.equity_eth() * venue.index_usd()
    usd = at_venue_usd + venue.assumptions.beside_eur * venue.assumptions.eur_usd
    equity = usd / usd_per(venue, currency)
    return equity.quantize(USD_QUANTUM if currency != "ETH" else ETH_QUANTUM)


def usd_per(venue: Venue, currency: str) -> Decimal:
    """What one of this currency is in USD."""
    match currency:
        case "USD":
            return Decimal(1)
        case "EUR":
            return venue.assumptions.eur_usd
        case _:
            return venue.index_usd()


def exchange_rate(venue: Venue, base: str, quote: str) -> float:
    """How many of `quote` one of `base` is."""
    return float(usd_per(venue, base) / usd_per(venue, quote))
