"""The reasons to close a position, by the stable names that decisions, messages and the books use."""

from __future__ import annotations

from enum import StrEnum


class ExitRule(StrEnum):
    """The exit rules in the order in which they win; then a person, the settlement at expiry, and an exit
    that was taken over from the venue: its rule was lost with the books that knew it."""

    MARGIN = "margin"
    EXPIRY = "expiry"
    PROFIT = "profit"
    STOP = "stop"
    VOLATILITY = "volatility"
    DELTA = "delta"
    ADVERSE = "adverse"
    MANUAL = "manual"
    SETTLEMENT = "settlement"
    ADOPTED = "adopted"
