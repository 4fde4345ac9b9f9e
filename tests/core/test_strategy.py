"""The schema: ranges catch wrong units, impossible combinations are refused, the file has every setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from core.strategy import ExitsWhenArmed, LongLegBy, Strategy
from core.values import Environment


def strategy_with(section: str, **changes: Any) -> Strategy:
    return Strategy.model_validate({section: changes})


def nested(**changes: Any) -> Strategy:
    """A strategy from settings in several sections, as `section__key=value`; two levels for the long leg."""
    tree: dict[str, Any] = {}
    for name, value in changes.items():
        *sections, key = name.split("__")
        below = tree
        for section in sections:
            below = below.setdefault(section, {})
        below[key] = value
    return Strategy.model_validate(tree)


@pytest.mark.parametrize(
    ("section", "key", "wrong_unit"),
    [
        ("entry", "dvol_min_pts", 0.40),
        ("entry", "dvol_day_change_max_frac", 12.0),
        ("entry", "eth_share_max", 30.0),
        ("entry", "funding_abs_max_frac", 80.0),
        ("bias", "trend_min_frac", 5.0),
        ("strikes", "delta_min", 15.0),
        ("strikes", "width_max_frac", 12.0),
        ("sizing", "risk_per_trade", 1.5),
        ("sizing", "dvol_reference_pts", 0.6),
        ("anomalies", "iv_min_pct", 0.15),
        ("exits", "profit_of_credit", 50.0),
        ("exits", "adverse_return_4h", 5.0),
        ("execution", "fill_timeout_s", "15m"),
        ("execution", "permit_lifetime_s", 3000.0),
        ("execution", "permit_lifetime_s", 4.001),
        ("execution", "permit_lifetime_s", 0.0000009),
        ("sizing", "spot_low_frac", 5e-324),
        ("execution", "environment", "demo"),
        ("scheduler", "entry_time", 840),
        ("scheduler", "entry_time", "24:00"),
        ("scheduler", "entry_weekday", "Monday"),
        ("strategy", "max_open_positions", 1.5),
        ("strategy", "max_open_positions", True),
        ("sizing", "risk_per_trade", float("nan")),
    ],
)
def test_a_wrong_unit_or_type_is_refused(section: str, key: str, wrong_unit: object) -> None:
    with pytest.raises(ValidationError) as raised:
        strategy_with(section, **{key: wrong_unit})
    assert raised.value.errors()[0]["loc"] == (section, key)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entry__dvol_min_pts": 85.0}, "dvol_min_pts must be below"),
        ({"strikes__dte_target": 16.0}, "target of dte"),
        ({"strikes__delta_target": 0.30}, "target of delta"),
        ({"strikes__width_target_frac": 0.04}, "target of width"),
        ({"strikes__long_leg__delta_target": 0.20}, "delta_target must lie in"),
        (
            {
                "strikes__delta_min": 0.05,
                "strikes__delta_target": 0.10,
                "strikes__long_leg__by": LongLegBy.DELTA,
            },
            "further out",
        ),
        ({"sizing__risk_per_trade": 0.07}, "must not exceed risk_total"),
        ({"sizing__dvol_scale_min": 1.0, "sizing__dvol_scale_max": 0.9}, "dvol_scale_min must not exceed"),
        ({"execution__fill_timeout_s": 60.0}, "never repriced"),
        ({"entry__capital_min_usd": 3000.0}, "can't carry one contract: a budget of 45.00"),
        ({"sizing__kelly_cap": 0.001}, "can't carry one contract: a budget of 20.00"),
        ({"sizing__cap_per_trade_eur": 20.0}, "cap_per_trade_eur can't carry one contract"),
        ({"limits__contracts_max": 3}, "the gate refuses it"),
        ({"limits__books_age_max_s": 119.9}, "refuses each new price of an order"),
        ({"execution__exit_reprice_s": 840.1}, "refuses each new price of an order"),
        ({"exits__expiry_dte": 9.0}, "closed as it opens"),
        ({"bias__condor_dvol_min_pts": 86.0}, "no condor is ever possible"),
        ({"worth__credit_floor_of_delta": 1.0}, "less than 1"),
    ],
)
def test_what_can_not_work_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        nested(**changes)


@pytest.mark.parametrize("key", ["nonsense", "config_hash"])
def test_unknown_keys_are_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Strategy.model_validate({key: 1})
    with pytest.raises(ValidationError, match="Extra inputs"):
        strategy_with("entry", **{key: 1})


def test_what_an_armed_switch_does_to_exits_must_be_chosen_outside_paper() -> None:
    assert Strategy().exits_when_armed is ExitsWhenArmed.ALLOW_REDUCE_ONLY
    live = Strategy.model_validate_json('{"execution": {"environment": "mainnet"}}')
    assert live.execution.environment is Environment.MAINNET
    assert live.exits_when_armed is None
    chosen = Strategy.model_validate_json(
        '{"execution": {"environment": "testnet"}, "kill_switch": {"exits": "block"}}'
    )
    assert chosen.exits_when_armed is ExitsWhenArmed.BLOCK


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    return {
        name: keys_of(field.annotation)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        else None
        for name, field in model.model_fields.items()
    }


def dotted(tree: Any, above: str = "") -> set[str]:
    """Every key as `entry.iv_min`, so that a difference names it."""
    if not isinstance(tree, dict):
        return {above.removesuffix(".")}
    return {name for key, value in tree.items() for name in dotted(value, f"{above}{key}.")}


def test_the_shipped_file_states_every_setting_with_its_default(repository: Path) -> None:
    text = (repository / "strategy.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    del values["config_hash"]

    assert dotted(values) == dotted(keys_of(Strategy))
    assert Strategy.model_validate_json(json.dumps(values)) == Strategy()


def test_every_line_of_the_shipped_file_has_its_unit_and_range(repository: Path) -> None:
    lines = (repository / "strategy.yaml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line.startswith(" ") and not line.rstrip().endswith(":")]
    assert settings
    assert [line for line in settings if " # " not in line] == []
    numbers = [
        line for line in settings if line.split(":")[1].split("#")[0].strip().replace(".", "").isdigit()
    ]
    assert [line for line in numbers if not line.rstrip().endswith(("]", ")"))] == []


def test_a_strategy_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Strategy().entry.capital_min_usd = 1.0  # type: ignore[misc]
