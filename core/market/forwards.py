"""The forward of each expiry of a chain, and the implied volatility at the money: what the index and DVOL
are held against."""

from __future__ import annotations

from datetime import datetime
from itertools import chain as joined
from statistics import fmean, median

from core.market.observations import PositiveUsd
from core.market.option_chain import OptionChain
from core.values import OptionType, Value


class ExpiryForward(Value):
    """`forward_usd`: the median over the sound quotes; `atm_iv_pct`: the mean mark IV of those nearest it."""

    expiration: datetime
    forward_usd: PositiveUsd
    atm_iv_pct: PositiveUsd


def forwards_of(chain: OptionChain) -> tuple[ExpiryForward, ...]:
    """The forward of every expiry that has a sound quote."""
    found = []
    for expiration in chain.expiries:
        sides = (chain.side(expiration, option_type) for option_type in OptionType)
        sound = [quote for quote in joined.from_iterable(sides) if not quote.faults]
        if sound:
            forward_usd = median(quote.forward_usd for quote in sound)
            nearest_usd = min(abs(quote.strike_usd - forward_usd) for quote in sound)
            near = [quote for quote in sound if abs(quote.strike_usd - forward_usd) == nearest_usd]
            found.append(
                ExpiryForward(
                    expiration=expiration,
                    forward_usd=forward_usd,
                    atm_iv_pct=fmean(quote.mark_iv_pct for quote in near),
                )
            )
    return tuple(found)
