"""What the strategy has made is shown beside its bounds."""

from __future__ import annotations

import pytest

from cli.views.results import results_text
from core.messages.room_status import ResultsSeen
from core.rules.entry.protections import protections
from core.rules.facts import TradingFacts
from core.strategy import Strategy
from tests.core.example_market import NOW
from tests.core.rules.test_protections import RUINED, trade, trading


def seen(facts: TradingFacts, margin_use: float | None = None) -> ResultsSeen:
    found = protections(facts, NOW, Strategy(), equity_usd=100_000.0, eur_usd=1.2)
    return ResultsSeen(at=NOW, protections=found, margin_use=margin_use)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (
            seen(trading(trade(2, "-120"), pnl_usd=-120.0), 0.123),
            "drawdown 0.00% of at most 6.00%, loss 120 of at most 1,800 USD, "
            "1 of fewer than 4 losing trades in a row, margin 12.3% of venue equity",
        ),
        (
            seen(RUINED),
            "BREACHED: drawdown 36.00% of at most 6.00%, BREACHED: loss 36,000 of at most 1,800 USD, "
            "BREACHED: 4 of fewer than 4 losing trades in a row",
        ),
        (
            seen(trading(pnl_usd=None)),
            "P&L not known: an open position has no mark, loss 0 of at most 1,800 USD, "
            "0 of fewer than 4 losing trades in a row",
        ),
    ],
)
def test_each_figure_stands_beside_its_bound(shown: ResultsSeen, text: str) -> None:
    assert results_text(shown) == text
