"""The forward of each expiry of a chain, and the implied volatility at the money: what the index and DVOL
are held against."""

from __future__ import annotations

from datetime import datetime
from statistics import fmean, median

from core.market.observations import PositiveUsd
from core.market.option_chain import OptionChain
from core.strategy import AnomalySection
from core.values import Value


class ExpiryForward(Value):
    """`forward_usd`: the median over the sound quotes; `atm_iv_pct`: the mean mark IV of those nearest it."""

    expiration: datetime
    forward_usd: PositiveUsd
    atm_iv_pct: PositiveUsd


def basis_bound_frac(anomalies: AnomalySection, t_years: float) -> float:
    """The most that forward over index less 1 may be, absolute, `t_years` (Act/365) before the expiry."""
    return anomalies.basis_max_frac + anomalies.basis_max_frac_per_year * t_years


def forwards_of(chain: OptionChain) -> tuple[ExpiryForward, ...]:
    """The forward of every expiry that has a sound quote."""
    found = []
    for expiration in chain.expiries:
        sound = chain.sound_levels(expiration)
        if sound:
            forward_usd = median([forward for _, forward, _ in sound])
            nearest_usd = min([abs(strike - forward_usd) for strike, _, _ in sound])
            near = [iv_pct for strike, _, iv_pct in sound if abs(strike - forward_usd) == nearest_usd]
            found.append(
                ExpiryForward(expiration=expiration, forward_usd=forward_usd, atm_iv_pct=fmean(near))
            )
    return tuple(found)
