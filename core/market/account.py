"""The facts of the account: what there is, in which currency, and how much of it is ETH.

Sizes follow from them, and no later rule doubts them. So total equity, holdings, FX rate and the
equity at the venue are held against each other: each has a unit that the others give away.
"""

from __future__ import annotations

import math

from core.contract import AccountSummary, FxRate, Holdings, Router, TotalEquity
from core.market.assets import is_eth
from core.market.incomplete import IncompleteError
from core.rules.facts import AccountFacts
from core.text import shown

SHARES_MIN, SHARES_MAX = 0.98, 1.01
"""Shares of a whole, each rounded by its server, which may leave out what is worth almost nothing."""
SHARE_OFF_MAX = 0.02
"""A share against its part of the values that stand beside it, both of one answer."""
EUR_USD_MIN, EUR_USD_MAX = 0.5, 2.5
"""USD per EUR was 0.82 to 1.60 since there has been a euro; beyond, the rate is in another unit."""
_HOLDINGS, _EQUITY = "get_holdings", "get_total_equity"


def account_facts(
    venue: AccountSummary,
    equity: TotalEquity,
    held: Holdings,
    fx: FxRate,
    *,
    spot_usd: float,
    off_max_frac: float,
) -> AccountFacts:
    """The facts, if the answers agree. Raises `IncompleteError` if not.

    `off_max_frac` is how far total equity may be off the sum of the holdings, as a fraction of that sum.
    """
    eur_usd = usd_of_eur(fx)
    eth_share = _eth_share(held)
    equity_usd = _equity_usd(equity, eur_usd, _held_eur(held) * eur_usd, off_max_frac)
    _require_part(float(venue.equity) * spot_usd, equity_usd, off_max_frac)
    return AccountFacts(
        equity_usd=equity_usd,
        eur_usd=eur_usd,
        eth_share=eth_share,
        venue_equity_eth=float(venue.equity),
        initial_margin_eth=float(venue.initial_margin),
    )


def usd_of_eur(fx: FxRate) -> float:
    """USD per EUR. Raises `IncompleteError` for a rate of another kind."""
    if not EUR_USD_MIN <= fx.rate <= EUR_USD_MAX:
        detail = f"expected {EUR_USD_MIN:g} to {EUR_USD_MAX:g} USD per EUR, found {fx.rate:g}"
        raise IncompleteError(Router.PORTFOLIO, "get_fx_rate", detail)
    return fx.rate


def _eth_share(held: Holdings) -> float:
    """The part of all holdings that is ETH, by whatever name."""
    share = 0.0
    for holding in held.holdings:
        counts = is_eth(holding.asset)
        if counts is None:
            raise _unusable(_HOLDINGS, f"can't tell whether {shown(holding.asset)} is ETH")
        share += holding.share if counts else 0.0
    total = math.fsum(holding.share for holding in held.holdings)
    if not SHARES_MIN <= total <= SHARES_MAX:
        # A list of which a part is missing may lack the ETH.
        raise _unusable(_HOLDINGS, f"the shares add up to {total:.3f}, expected 1")
    return share


def _held_eur(held: Holdings) -> float:
    """What the holdings are worth together, if each value is the part that its share says."""
    total_eur = math.fsum(float(holding.value_eur) for holding in held.holdings)
    if total_eur <= 0.0:
        raise _unusable(_HOLDINGS, f"the values add up to {total_eur:.2f} EUR, expected more than 0")
    for holding in held.holdings:
        part = float(holding.value_eur) / total_eur
        if abs(holding.share - part) > SHARE_OFF_MAX:
            raise _unusable(
                _HOLDINGS,
                f"{shown(holding.asset)}: a share of {holding.share:.3f}, but {part:.3f} of all values",
            )
    return total_eur


def _equity_usd(equity: TotalEquity, eur_usd: float, held_usd: float, off_max_frac: float) -> float:
    found_usd = in_usd(equity, eur_usd)
    off = abs(found_usd - held_usd) / held_usd
    if off > off_max_frac:
        raise _unusable(
            _EQUITY,
            f"{found_usd:.2f} USD, but the holdings add up to {held_usd:.2f} USD: {off:.1%} apart, expected "
            f"at most {off_max_frac:.1%} (anomalies.equity_off_holdings_max_frac); one may be in another "
            "unit, or lack a part",
        )
    return found_usd


def in_usd(equity: TotalEquity, eur_usd: float | None) -> float:
    """Total equity in USD. Raises `IncompleteError` if it is in another currency, or if EUR can't be told."""
    if equity.currency == "USD":
        return float(equity.equity)
    if equity.currency == "EUR" and eur_usd is not None:
        return float(equity.equity) * eur_usd
    raise _unusable(_EQUITY, f"expected USD or EUR, found {equity.currency}")


def _require_part(venue_usd: float, equity_usd: float, off_max_frac: float) -> None:
    """What is at the venue is a part of all equity: in another unit, its caps would never bind."""
    if venue_usd > equity_usd * (1.0 + off_max_frac):
        detail = (
            f"equity at the venue worth {venue_usd:.2f} USD, but total equity of {equity_usd:.2f} USD: "
            "expected a part of it; one may be in another unit"
        )
        raise IncompleteError(Router.DERIBIT, "get_account_summary", detail)


def _unusable(part: str, detail: str) -> IncompleteError:
    return IncompleteError(Router.PORTFOLIO, part, detail)
