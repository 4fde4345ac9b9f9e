"""The account at the venue over time, beside what the trades made."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class AccountPoint(NamedTuple):
    """The account at the venue at one time."""

    at: datetime
    equity_eth: float
    spot_usd: float

    @property
    def equity_usd(self) -> float:
        return self.equity_eth * self.spot_usd
