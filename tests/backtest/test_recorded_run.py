"""Record, export, backtest: what was decided on paper is decided again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.orders.books import Position
from tests.backtest.recorded_run import (
    Run,
    decided,
    differences,
    every,
    exported,
    lived,
    market_read,
    replayed,
)

SUNDAY_NIGHT = datetime(2026, 1, 18, 23, 30, tzinfo=UTC)
SEED = 29
"""A market with an entry on the first Monday that is held for a week."""


def require_the_same_decisions(live: Run, again: Run) -> None:
    """All that was read of the market and all that was decided; figures of the account within a rounding."""
    assert [one["facts"]["now"] for one in live.decisions] == [one["facts"]["now"] for one in again.decisions]
    for one, other in zip(live.decisions, again.decisions, strict=True):
        assert list(differences(market_read(one), market_read(other))) == []
        assert list(differences(decided(one), decided(other))) == []


def planned(position: Position) -> object:
    return position.position_id, position.plan, position.contracts_opened


@pytest.mark.parametrize(
    ("days", "minutes"),
    [
        pytest.param(1.05, 120, id="a day"),
        pytest.param(10.1, 15, id="ten days", marks=pytest.mark.soak),
    ],
)
def test_a_backtest_on_the_record_decides_as_the_engine_did(
    days: float, minutes: int, tmp_path: Path
) -> None:
    loaded = every(minutes)
    live = lived(tmp_path / "data", loaded, seed=SEED, begin=SUNDAY_NIGHT, days=days)
    found = exported(tmp_path / "data", tmp_path / "out")
    assert (found.holes, found.left_out, found.cut) == ((), {}, ())
    assert found.decisions == len(live.decisions) > 1
    again = replayed(Path(found.chains), loaded.strategy, SUNDAY_NIGHT + timedelta(days=days))
    require_the_same_decisions(live, again)
    assert [planned(one) for one in live.trades] == [planned(one) for one in again.trades]
    assert len(live.trades) == 1
