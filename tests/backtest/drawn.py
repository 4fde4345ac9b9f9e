"""Strategy files drawn over the schema, each run on both roads: `python -m tests.backtest.drawn 0:100`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from core.strategy import Strategy
from gateway.paper.model_market import ModelMarket
from lab.backtest.calendar import WEEKDAYS
from lab.backtest.compared import Discrepancy, differences
from lab.backtest.result import BacktestResult, Plan, Road
from lab.backtest.running import run_backtest
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market

DAYS: Final = 60
NOT_DRAWN: Final = frozenset(
    {
        "strategy.name",
        "execution.environment",
        "kill_switch.exits",
        "audit.anchor_path",
        "entry.macro_country",
    }
)
"""What no backtest reads, or what must fit the machine or the record."""
TIMES: Final = frozenset({"scheduler.entry_time", "scheduler.settlement_time"})
NEAR, ANYWHERE, NONE = 0.30, 0.04, 0.12
"""How often a number is drawn near its default, within all of its range, or switched off."""
OPEN_MARKET: Final[dict[str, dict[str, Any]]] = {
    "entry": {
        "capital_min_usd": 100.0,
        "dvol_min_pts": 10.0,
        "dvol_max_pts": 300.0,
        "dvol_day_change_max_frac": 2.0,
        "vrp_min_pts": -100.0,
        "macro_blackout_h": 0.0,
        "macro_before_h": 0.0,
        "funding_abs_max_frac": 10.0,
        "eth_share_max": 1.0,
    },
    "worth": {"credit_floor_of_delta": 0.1, "cost_max_of_credit": 1.0},
    "liquidity": {"open_interest_min": 0.0, "volume_24h_min": 0.0},
}
"""In most draws the market lets all pass, so that there is something to trade."""


def drawn_values(seed: int) -> dict[str, Any]:
    """The file of a seed, as YAML has it; always one that the schema takes."""
    rng = Random(f"strategy/{seed}")
    while True:
        values = _section(rng, Strategy(), "")
        if rng.random() < 0.9:
            for section, settings in OPEN_MARKET.items():
                values[section].update(settings)
        try:
            Strategy.model_validate_json(json.dumps(values))
        except ValidationError:
            continue  # Two sections that can't work together; the next draw may.
        return values


def _sound_section(rng: Random, section: BaseModel, path: str) -> dict[str, Any]:
    while True:
        found = _section(rng, section, path)
        try:
            type(section).model_validate_json(json.dumps(found))
        except ValidationError:
            continue  # A combination that can't work; the next draw may.
        return found


def _section(rng: Random, section: BaseModel, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        key, value = f"{path}{name}", getattr(section, name)
        if isinstance(value, BaseModel):
            found[name] = _sound_section(rng, value, f"{key}.")
        elif key in NOT_DRAWN:
            found[name] = value.value if isinstance(value, Enum) else value
        else:
            found[name] = _setting(rng, key, field, value)
    return found


def _setting(rng: Random, key: str, field: FieldInfo, value: Any) -> Any:
    match value:
        case bool():
            return rng.random() < 0.5
        case Enum():
            return rng.choice([each.value for each in type(value)])
        case str() if key in TIMES:
            return _time(rng)
        case str():
            return rng.choice(WEEKDAYS)
        case tuple():
            return sorted({_time(rng) for _ in range(rng.randint(1, 4))})
        case None:
            return None
        case int() | float():
            return _number(rng, field, value)
        case _:
            raise TypeError(f"{key}: expected a kind of setting that can be drawn, found {value!r}")


def _time(rng: Random) -> str:
    """Now and then a time of the venue's maintenance."""
    hour = 8 if rng.random() < 0.2 else rng.randint(0, 23)
    return f"{hour:02d}:{rng.choice((0, 0, 5, 10, 15, 30, 45)):02d}"


def _number(rng: Random, field: FieldInfo, value: float) -> float | None:
    draw = rng.random()
    if type(None) in getattr(field.annotation, "__args__", ()) and draw > 1.0 - NONE:
        return None
    low, high = _bounds(field)
    if draw < ANYWHERE:
        found = math.exp(rng.uniform(math.log(max(low, 1e-3)), math.log(high)))
    elif draw < ANYWHERE + NEAR:
        found = value * math.exp(rng.uniform(-0.8, 0.8)) if value else rng.uniform(low, min(high, 1.0))
    else:
        return value
    found = min(max(found, low), high)
    return round(found) if isinstance(value, int) else float(f"{found:.3g}")


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low, high = 0.0, 1e6
    for each in field.metadata:
        match each:
            case Ge(ge=bound):
                low = float(bound)  # type: ignore[arg-type]
            case Gt(gt=bound):
                low = float(bound) + 1e-3  # type: ignore[arg-type]
            case Le(le=bound):
                high = float(bound)  # type: ignore[arg-type]
            case Lt(lt=bound):
                high = float(bound) - 1e-3  # type: ignore[arg-type]
            case _:
                pass
    return low, high


@dataclass(frozen=True)
class Compared:
    """What both roads made of one file."""

    core: BacktestResult
    found: list[Discrepancy]


def both_roads(seed: int, folder: Path, days: float = DAYS) -> Compared:
    """Run the file of a seed on the model market of the same seed, on both roads."""
    rng, path = Random(f"run/{seed}"), folder / f"drawn-{seed}.yaml"
    path.write_text(yaml.safe_dump(drawn_values(seed)), encoding="utf-8")
    plan = Plan(
        market=Market(None, seed),
        settings=load_settings(path),
        ended=ModelMarket(seed).start + timedelta(days=days),
        resume_after=rng.choice((None, timedelta(days=5), timedelta(days=20))),
        schedule=rng.choice(tuple(Schedule)),
    )
    core, actors = (run_backtest(replace(plan, road=road), _always) for road in Road)
    return Compared(core, differences(core, actors))


def _always(_now: datetime, _began: datetime, _ended: datetime) -> bool:
    return True


def told(seeds: range, days: float) -> Iterator[str]:
    """A line a seed, and the first difference of each that has one."""
    trades = different = 0
    with TemporaryDirectory() as folder:
        for seed in seeds:
            made = both_roads(seed, Path(folder), days)
            trades += len(made.core.positions)
            different += bool(made.found)
            counts = f"{len(made.core.positions)} trades, {len(made.core.fills)} fills"
            yield f"{seed}: {counts}, {len(made.core.cycles)} cycles, {len(made.found)} differences"
            if made.found:
                yield f"  {made.found[0].text('core', 'actors')}"
    yield f"{len(seeds)} files, {trades} trades, {different} files with a difference"


if __name__ == "__main__":
    first, last = (int(part) for part in sys.argv[1].split(":"))
    for line in told(range(first, last), float(sys.argv[2]) if len(sys.argv) > 2 else DAYS):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
