"""What an engine with the default strategy does and allows, as far as a recorded market is judged by it.

The numbers are those of the settings themselves, so that a record is never held against others.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Final

from core.market.forwards import basis_bound_frac
from core.pricing.black76 import SECONDS_PER_YEAR
from core.strategy import Strategy

_STRATEGY: Final = Strategy()
_AT: Final = time.fromisoformat(_STRATEGY.scheduler.entry_time)
ENTRY_AT: Final = timedelta(hours=_AT.hour, minutes=_AT.minute)
"""When an entry is decided, counted from the midnight (UTC) before it."""
EXPIRY_DAYS: Final = (_STRATEGY.strikes.dte_min, _STRATEGY.strikes.dte_target, _STRATEGY.strikes.dte_max)
"""Least, wanted and most days to expiry of what is traded."""
IV_OVER_DVOL: Final = (_STRATEGY.anomalies.atm_iv_over_dvol_min, _STRATEGY.anomalies.atm_iv_over_dvol_max)
"""At-the-money IV over DVOL; beyond, entries are blocked."""
FUNDING_AGE_MAX: Final = timedelta(hours=_STRATEGY.entry.funding_age_max_h)
"""An older rate of an exchange is left out."""


def forward_off_max(to_expiry: timedelta) -> float:
    """The most that forward over index less 1 may be, absolute; beyond, entries are blocked."""
    return basis_bound_frac(_STRATEGY.anomalies, to_expiry.total_seconds() / SECONDS_PER_YEAR)
