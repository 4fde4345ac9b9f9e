"""An engine records paper days, the record is exported, and a backtest decides on it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from actors.runtime import RunOrder
from config import LoadedStrategy, load_strategy
from core.messages.audit import AuditKind
from core.orders.books import Position
from core.rules import record as decision_record
from core.rules.facts import EntryFacts, MonitorFacts
from core.strategy import Strategy
from gateway.paper.assumptions import MAX_GAP_H
from gateway.paper.export import Exported, export
from gateway.paper.recorded import RecordedMarket
from lab.backtest.road import CoreRoad
from lab.engine import SimulatedEngine, open_venue
from reading.audit import records_of_kinds
from reading.books import stored_trades

STRATEGY = Path(__file__).resolve().parents[2] / "strategy.yaml"
Decision = Mapping[str, Any]
NOT_LOOKED_AT = ("timestamp", "delta", "gamma", "theta", "vega", "mark_price")
"""Of a recorded quote: a replay makes these anew from IV and forward, which the venue has rounded."""


@dataclass(frozen=True)
class Run:
    """The decisions in their order, as they are recorded, and the trades."""

    decisions: list[Decision]
    trades: list[Position]


def every(minutes: int) -> LoadedStrategy:
    """The strategy, with a snapshot every so many minutes."""
    loaded = load_strategy(STRATEGY)
    scheduler = loaded.strategy.scheduler.model_copy(update={"snapshot_every_min": minutes})
    return replace(loaded, strategy=loaded.strategy.model_copy(update={"scheduler": scheduler}))


def lived(
    data_dir: Path,
    loaded: LoadedStrategy,
    *,
    seed: int,
    begin: datetime,
    days: float,
    latency_s: tuple[float, float] = (0.0, 0.0),
) -> Run:
    """The whole engine on the model market, recording."""
    engine = SimulatedEngine(
        loaded=loaded,
        venue=open_venue(data_dir, seed),
        data_dir=data_dir,
        seed=seed,
        begin=begin,
        order=RunOrder.FIFO,
        latency_s=latency_s,
        record_days=400,
    )
    engine.start()
    engine.run_until(begin + timedelta(days=days))
    engine.stop("end of the run")
    decisions = [
        json.loads(str(record.detail["record"]))
        for record in records_of_kinds(data_dir, {AuditKind.DECISION})
    ]
    return Run(decisions, list(stored_trades(data_dir)))


def exported(data_dir: Path, out: Path) -> Exported:
    return export(data_dir, out, began=None, ended=None, max_gap=timedelta(hours=MAX_GAP_H))


def replayed(chains: Path, strategy: Strategy, ended: datetime) -> Run:
    """The fast road over a folder of chains, until `ended` or the record's end."""
    decisions: list[Decision] = []
    market = RecordedMarket(chains, "move", touch_size=25.0, funding_annual=0.05)
    road = CoreRoad(market, strategy)
    conduct = road.cycles.conduct
    road.cycles.conduct = replace(
        conduct,
        decide_entry=_kept(conduct.decide_entry, decisions),
        decide_exit=_kept(conduct.decide_exit, decisions),
    )
    assert market.end is not None
    road.run(min(ended, market.end))
    return Run(decisions, list(road.books.positions.values()))


def _kept(decide: Callable[..., Any], decisions: list[Decision]) -> Callable[..., Any]:
    """Decides, and keeps the record of it."""

    def deciding(facts: EntryFacts | MonitorFacts, strategy: Strategy, **options: Any) -> Any:
        decision = decide(facts, strategy, **options)
        made = decision_record.record(facts, decision, "of a backtest", lambda _: None)
        decisions.append(json.loads(made))
        return decision

    return deciding


def differences(left: object, right: object, path: str = "") -> Iterator[tuple[str, object, object]]:
    """Every value in which two JSON values differ, with its path."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            yield from differences(left.get(key), right.get(key), f"{path}.{key}" if path else key)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, f"{path}.{number}")
    elif left != right:
        yield path, left, right


def decided(decision: Decision) -> object:
    """What was decided: all of it that is not a figure of a check or a rule's inputs."""
    made = dict(decision["decision"])
    rules = [
        [rule["rule"], *((check["code"], check["passed"]) for check in rule["checks"])]
        for rule in made.pop("rules")
    ]
    return json.loads(json.dumps({**made, "rules": rules}))


def market_read(decision: Decision) -> object:
    """What was read of the market, without what a replay makes anew."""
    market = json.loads(json.dumps(decision["facts"]["market"]))
    market.pop("account", None)
    for quote in (market["chain"] or {"quotes": ()})["quotes"]:
        for field in NOT_LOOKED_AT:
            del quote[field]
    return market
