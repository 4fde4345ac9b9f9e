"""The preflight's checks of what a person has written: what is in order, and what is not and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.preflight import settings
from cli.preflight.line import LineState, PreflightLine
from config import Settings, load_settings, load_strategy, write_hash, write_local_hash
from core.errors import InputError
from core.protection_settings import ProtectionsSection
from core.strategy import ExitsWhenArmed, KillSwitchSection, Strategy
from core.values import Environment

BASE = {"CERBERO_BITE_MCP_URL": "https://upstream.test", "CERBERO_BITE_MCP_TOKEN": "s3cret"}


def given(**variables: str) -> Settings:
    return load_settings(BASE | {f"CERBERO_BITE_{name}": value for name, value in variables.items()})


def strategy(environment: Environment, exits: ExitsWhenArmed | None) -> Strategy:
    base = Strategy()
    return base.model_copy(
        update={
            "execution": base.execution.model_copy(update={"environment": environment}),
            "kill_switch": KillSwitchSection(exits=exits),
        }
    )


def test_variables_that_cant_be_used_are_told_by_name() -> None:
    line = settings.variables(InputError("CERBERO_BITE_MCP_TOKEN: expected a bearer token, found nothing"))
    assert line.state is LineState.NOT
    assert "CERBERO_BITE_MCP_TOKEN" in line.found
    assert settings.variables(given()).state is LineState.OK


@pytest.mark.parametrize(
    ("mode", "state"),
    [(0o600, LineState.OK), (0o400, LineState.OK), (0o640, LineState.NOT), (0o604, LineState.NOT)],
)
def test_a_file_of_secrets_is_for_its_owner_alone(tmp_path: Path, mode: int, state: LineState) -> None:
    file = tmp_path / ".env"
    file.touch()
    file.chmod(mode)
    assert settings.secrets(file).state is state


def test_secrets_that_are_elsewhere_are_left_to_a_person(tmp_path: Path) -> None:
    assert settings.secrets(tmp_path / ".env").state is LineState.UNCHECKED


def test_what_goes_in_clear_to_another_machine_is_named() -> None:
    clear = settings.encryption(given(MCP_URL="http://upstream.test", ALLOW_HTTP="yes"))
    assert clear.state is LineState.LOOK
    assert "'upstream.test'" in clear.found
    assert settings.encryption(given()).state is LineState.OK


def test_an_engine_whose_death_nobody_would_notice_is_named() -> None:
    assert settings.heartbeat(given()).state is LineState.LOOK
    assert settings.heartbeat(given(HEARTBEAT_URL="https://beats.test/x")).state is LineState.OK


def test_an_engine_that_only_watches_is_named() -> None:
    assert settings.mode(given()).state is LineState.LOOK
    assert settings.mode(given(ENABLE_STRATEGY="true")).state is LineState.OK


def test_a_strategy_has_to_be_valid_and_sealed(strategy_file: Path) -> None:
    assert settings.strategy(load_strategy(strategy_file)).state is LineState.OK
    text = strategy_file.read_text("utf-8")
    strategy_file.write_text(text.replace("dvol_min_pts: 40.0", "dvol_min_pts: 41.0"), "utf-8")
    unsealed = settings.strategy(load_strategy(strategy_file))
    assert unsealed.state is LineState.NOT
    assert unsealed.do.startswith("run.py config hash --write")
    assert settings.strategy(InputError("strategy.yaml:3: entry.x: unknown key")).state is LineState.NOT


def test_limits_that_are_overridden_without_a_seal_are_refused(strategy_file: Path) -> None:
    text = strategy_file.read_text("utf-8").replace("environment: paper", "environment: testnet")
    strategy_file.write_text(text, "utf-8")
    write_hash(strategy_file)
    strategy_file.with_name("strategy.local.yaml").write_text("sizing:\n  contracts_max: 3\n", "utf-8")
    assert settings.strategy(load_strategy(strategy_file)).state is LineState.NOT
    write_local_hash(strategy_file)
    assert settings.strategy(load_strategy(strategy_file)).state is LineState.OK


def test_overrides_are_named() -> None:
    assert settings.overrides(()).state is LineState.OK
    line = settings.overrides(("entry.dvol_min_pts=41.0 (strategy.yaml: 40.0)",))
    assert line.state is LineState.LOOK
    assert "entry.dvol_min_pts=41.0" in line.found


@pytest.mark.parametrize(
    ("environment", "exits", "state"),
    [
        (Environment.PAPER, None, LineState.LOOK),
        (Environment.TESTNET, None, LineState.NOT),
        (Environment.MAINNET, None, LineState.NOT),
        (Environment.MAINNET, ExitsWhenArmed.BLOCK, LineState.OK),
        (Environment.PAPER, ExitsWhenArmed.ALLOW_REDUCE_ONLY, LineState.OK),
    ],
)
def test_somebody_has_to_choose_what_an_armed_switch_does_to_exits(
    environment: Environment, exits: ExitsWhenArmed | None, state: LineState
) -> None:
    assert settings.exits_when_armed(strategy(environment, exits)).state is state


@pytest.mark.parametrize(
    ("off", "state"),
    [
        ((), LineState.OK),
        (("losing_trades_max",), LineState.LOOK),
        (("drawdown_max_frac", "loss_max_multiple"), LineState.LOOK),
        (settings.BOUNDS, LineState.NOT),
    ],
)
def test_protections_that_are_off_are_named(off: tuple[str, ...], state: LineState) -> None:
    line = settings.protections(ProtectionsSection().model_copy(update=dict.fromkeys(off)))
    assert line.state is state
    assert all(name in line.found for name in off)


def test_every_bound_of_the_protections_is_looked_at() -> None:
    """A new one that can be switched off would else be missed."""
    optional = {
        name
        for name, field in ProtectionsSection.model_fields.items()
        if name != "rest_weeks_after_stop" and field.annotation in (float | None, int | None)
    }
    assert optional == set(settings.BOUNDS)


@pytest.mark.parametrize(
    ("equity_usd", "spot_usd", "state"),
    [
        (19_999.0, 2_000.0, LineState.NOT),
        (20_000.0, 2_000.0, LineState.OK),
        (20_000.0, 5_000.0, LineState.LOOK),
    ],
)
def test_capital_is_held_against_the_minimum_and_one_contract(
    strategy_file: Path, equity_usd: float, spot_usd: float, state: LineState
) -> None:
    line: PreflightLine = settings.capital(load_strategy(strategy_file), equity_usd, spot_usd)
    assert line.state is state
    assert "at least 20,000 USD" in line.found
