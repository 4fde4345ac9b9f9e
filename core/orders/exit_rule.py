"""The reasons to close a position, by the stable names that decisions, messages and the books use."""

from __future__ import annotations

from enum import StrEnum


class ExitRule(StrEnum):
    """The exit rules in the order in which they win; then a person, and the settlement at expiry."""

    MARGIN = "margin"
    EXPIRY = "expiry"
    PROFIT = "profit"
    STOP = "stop"
    VOLATILITY = "volatility"
    DELTA = "delta"
    ADVERSE = "adverse"
    MANUAL = "manual"
    SETTLEMENT = "settlement"
