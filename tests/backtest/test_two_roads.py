"""The fast road makes the trades that the engine makes, to the last digit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config import load_strategy
from gateway.paper.model_market import ModelMarket
from lab.backtest.road import CoreRoad
from tests.backtest.two_roads import core_document, differences, engine_document


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 7])
def test_four_weeks_of_the_model_market(seed: int, repository: Path, tmp_path: Path) -> None:
    strategy = repository / "strategy.yaml"
    engine = engine_document(tmp_path, strategy, seed, 28)
    road = CoreRoad(ModelMarket(seed), load_strategy(strategy).strategy)
    road.run(road.begin + timedelta(days=28))
    assert differences(engine, core_document(road)) == []


def test_a_difference_is_named() -> None:
    trade = {"id": "p-1", "legs": [], "pnl_eth": "0.1"}
    cycle = {"id": "entry-1", "kind": "entry", "outcome": "blocked", "reasons": ["suspended:protections: a"]}
    same = {"trades": [trade], "cycles": [{**cycle, "reasons": ["suspended:protections: b"]}]}
    engine = {"trades": [trade], "cycles": [cycle, {"id": "kelly-1", "kind": "kelly", "reasons": []}]}
    assert differences(engine, same) == []
    other = {"trades": [{**trade, "pnl_eth": "0.2"}], "cycles": []}
    named = [text.split(":")[0] for text in differences(engine, other)]
    assert named == ["trade p-1 pnl_eth", "cycle entry-1"]
