"""Closed trades for the tests of the statistics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.orders.exit_rule import ExitRule
from core.statistics.trades import ClosedTrade
from core.values import PositionId, SpreadKind

FIRST = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
"""A Monday."""


def trade(week: int, pnl_usd: str, **changed: Any) -> ClosedTrade:
    """A trade of 100 USD at stake, entered on the Monday of that week (from 0), closed eight days later."""
    entered_at = FIRST + timedelta(weeks=week)
    fields: dict[str, Any] = {
        "position_id": PositionId(f"entry-{entered_at:%Y%m%dT%H%M%SZ}"),
        "kind": SpreadKind.BULL_PUT,
        "exit_rule": ExitRule.PROFIT,
        "contracts": 2,
        "entered_at": entered_at,
        "closed_at": entered_at + timedelta(days=8),
        "mid_credit_eth": Decimal("0.020"),
        "credit_eth": Decimal("0.018"),
        "fees_eth": Decimal("0.0024"),
        "crossing_in_eth": Decimal("0.002"),
        "crossing_out_eth": Decimal("0.001"),
        "pnl_eth": Decimal(pnl_usd) / 2000,
        "pnl_usd": Decimal(pnl_usd),
        "worst_loss_usd": 100.0,
    }
    return ClosedTrade(**(fields | changed))
