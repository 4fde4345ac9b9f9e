"""What a trade brought, as the cells of a table."""

from __future__ import annotations

from cli.views.output import eth_text, usd_text
from core.orders.books import Position


def result_cells(trade: Position) -> tuple[str, str]:
    """P&L in ETH and in USD. A dash while it is open: its cash is the premium, which is not earned yet."""
    if trade.closed_at is None:
        return "-", "-"
    return eth_text(trade.pnl_eth), usd_text(trade.pnl_usd)
