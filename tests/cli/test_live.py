"""`start` against `venue`, as against the real thing: the commands of a person who runs an engine."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Unpack

import pytest

from config import write_hash
from core.contract import Router
from core.kill_file import parse_kill_file
from core.rules.window import window_end
from reading.metrics.table import TABLE
from tests.cli.paper.test_paper import wait_for_audit
from tests.cli.scraping import metrics_of
from tests.cli.support import ROOT, Cli, Ran, Variables, ended, started

TOKEN = "s3cret-token-for-the-venue"


@dataclass
class House:
    """A venue and an engine on it, each in a process of its own."""

    folder: Path
    url: str
    engine: subprocess.Popen[str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def variables(self) -> Variables:
        return {"MCP_URL": self.url, "MCP_TOKEN": TOKEN, "ENABLE_STRATEGY": "true"}

    def run(self, *arguments: str) -> Ran:
        """A command in a process of its own."""
        return ended(started(*arguments, "--data-dir", self.data, **self.variables))

    def typed(self, cli: Cli, *arguments: str) -> Ran:
        """A command in this process, which meets the engine over its socket or in the folder all the same.

        It takes a twentieth of the time; arming alone asks how long its process has run.
        """
        cli.set(**self.variables)
        return cli(*arguments, "--data-dir", self.data)

    def start(self, **variables: Unpack[Variables]) -> subprocess.Popen[str]:
        strategy = self.folder / "strategy.yaml"
        arguments = ("start", "--strategy", strategy, "--data-dir", self.data)
        return started(*arguments, **(self.variables | variables))


def address_of(venue: subprocess.Popen[str]) -> str:
    """Where a venue listens, as it says itself when it starts."""
    assert venue.stdout is not None
    found = re.search(r"http://\S+", venue.stdout.readline())
    assert found is not None
    return found[0]


@contextmanager
def running(
    folder: Path, *, changed: tuple[str, str] = ("", ""), **variables: Unpack[Variables]
) -> Iterator[House]:
    """A venue and an engine on it that has recorded its start; both have ended after the block.

    `changed` is a text of the strategy file and what stands in its place.
    """
    strategy = folder / "strategy.yaml"
    strategy.write_text((ROOT / "strategy.yaml").read_text("utf-8").replace(*changed, 1), "utf-8")
    write_hash(strategy)
    venue = started("venue", "--port", "0", "--data-dir", folder / "venue", MCP_TOKEN=TOKEN)
    house = House(folder, address_of(venue), venue)
    house.engine = house.start(**variables)
    try:
        wait_for_audit(house.data, b"ENGINE_START")
        yield house
    finally:
        for process in (house.engine, venue):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("live")) as house:
        yield house


def test_status_shows_mode_actors_and_jobs(house: House, cli: Cli) -> None:
    ran = house.run("status", "--json")
    assert ran.code == 0, ran.err
    status = json.loads(ran.out)
    assert status["identity"]["mode"] == "strategy"
    assert {cell["state"] for cell in status["cells"]} == {"up"}
    assert {"health", "backup", "settlement", "entry"} <= set(status["next_runs"])
    assert status["unavailable"] == {}
    assert status["verdict"]["level"] == "OK", status["verdict"]
    # This engine lives in real time.
    is_shut = window_end(datetime.fromisoformat(status["at"])) is not None
    assert status["entry_blocked"] == is_shut * ["the venue's settlement and maintenance, until 08:05Z"]
    shown = house.typed(cli, "status")
    assert shown.out.startswith("OK    nothing needs you: no position open")
    assert "kill switch  clear" in shown.out
    assert TOKEN not in ran.out + shown.out


def test_healthcheck_asks_the_engine(house: House) -> None:
    ran = house.run("healthcheck")
    assert (ran.code, ran.err) == (0, "")


def test_metrics_tell_a_running_engine(house: House) -> None:
    with metrics_of(house.data) as metrics:
        samples = metrics.get().samples
    assert samples["cerbero_bite_up", ""] == samples["cerbero_bite_lock_held", ""] == 1.0
    assert samples["cerbero_bite_verdict", "OK"] == 1.0
    assert samples["cerbero_bite_actor_up", "control"] == 1.0
    assert samples["cerbero_bite_audit_ok", ""] == 1.0
    assert len(samples) == sum(len(series.keys) for series in TABLE)


def test_ping_probes_every_router(house: House, cli: Cli) -> None:
    cli.set(**house.variables)
    ran = cli("ping", "--json")
    assert ran.code == 0, ran.err
    assert {router["router"] for router in json.loads(ran.out)["routers"]} == set(Router)


def test_dry_run_decides_rule_by_rule_and_stores_nothing(house: House, cli: Cli) -> None:
    cycles = house.typed(cli, "state", "cycles", "--json").out
    elsewhere = house.folder / "elsewhere"
    ran = cli("dry-run", "--strategy", house.folder / "strategy.yaml", "--data-dir", elsewhere)
    assert ran.code == 0, ran.err
    assert "entry: " in ran.out
    assert "exit: no open position" in ran.out
    assert not elsewhere.exists()
    assert house.typed(cli, "state", "cycles", "--json").out == cycles


def test_dry_run_says_that_trading_is_switched_off(house: House, cli: Cli) -> None:
    cli.set(**(house.variables | {"ENABLE_STRATEGY": "false"}))
    ran = cli(
        "dry-run", "--strategy", house.folder / "strategy.yaml", "--data-dir", house.folder / "elsewhere"
    )
    assert ran.code == 0, ran.err
    assert "trading is switched off (CERBERO_BITE_ENABLE_STRATEGY)" in ran.out
    assert "trading is switched on" not in ran.out
    assert "decided as if it were on" in ran.out


def test_a_second_engine_on_the_folder_is_refused(house: House, cli: Cli) -> None:
    ran = house.typed(cli, "start", "--strategy", str(house.folder / "strategy.yaml"))
    assert ran.code == 2
    assert "expected a folder without an engine, found that pid" in ran.err


def test_an_injected_message_is_answered_with_what_it_led_to(house: House, cli: Cli) -> None:
    # A monitor would wait for its end in the venue's maintenance window, when these tests may run, too.
    ran = house.typed(cli, "inject", "SettleExpired")
    assert ran.code == 0, ran.err
    assert "accepted and on disk" in ran.out
    assert "SettleExpired led to Settled" in ran.out


def test_an_injected_arming_is_not_called_on_disk_before_it_is(house: House, cli: Cli) -> None:
    ran = house.run("inject", "ArmKillSwitch", "--reason", os.fsdecode(b"caf\xe9"))
    assert ran.code == 0, ran.err
    assert "taken, and not done before it is answered" in ran.out
    assert (house.data / "KILL").exists()
    assert house.typed(cli, "kill-switch", "disarm", "--reason", "drill over").code == 0


def test_a_position_that_does_not_exist_is_found_wrong(house: House, cli: Cli) -> None:
    ran = house.typed(cli, "inject", "ClosePosition", "--position", "p-none", "--reason", "drill")
    assert ran.code == 1
    assert "unknown_position" in ran.err


def test_arming_and_disarming_are_confirmed_and_on_record(house: House, cli: Cli) -> None:
    armed = house.run("kill-switch", "arm", "--reason", "a drill")
    assert armed.code == 0, armed.err
    assert armed.out == "armed: no entry leaves any more; reduce-only exits still may\n"
    assert (house.data / "KILL").exists()
    shown = house.typed(cli, "kill-switch", "status").out
    assert "a drill" in shown
    assert "reduce-only exits allowed" in shown
    assert "ARMED" in house.typed(cli, "status").out
    assert house.typed(cli, "healthcheck").code == 0, "armed is a state, not a fault"
    disarmed = house.run("kill-switch", "disarm", "--reason", "drill over")
    assert disarmed.code == 0, disarmed.err
    assert not (house.data / "KILL").exists()
    tail = house.typed(cli, "audit", "tail", "--json").out
    assert {"ARMED", "DISARMED"} <= {record["kind"] for record in json.loads(tail)}


@pytest.mark.long
def test_frozen_engine_is_armed_all_the_same(house: House, cli: Cli) -> None:
    """By a command with bytes that are no text; the engine takes it up when it goes on."""
    house.engine.send_signal(signal.SIGSTOP)
    try:
        armed = house.run("kill-switch", "arm", "--reason", os.fsdecode(b"caf\xe9"))
        arming = parse_kill_file((house.data / "KILL").read_bytes())
    finally:
        house.engine.send_signal(signal.SIGCONT)
    assert armed.code == 0, armed.err
    assert "the engine has not confirmed it" in armed.out
    assert [found.reason for found in arming.armings] == [r"caf\xe9"]
    assert r"caf\xe9" in house.run("kill-switch", "status").out
    disarmed = house.typed(cli, "kill-switch", "disarm", "--reason", "drill over")
    assert disarmed.code == 0, disarmed.err
    assert not (house.data / "KILL").exists()


def test_trace_shows_who_told_whom(house: House, cli: Cli) -> None:
    house.typed(cli, "inject", "SettleExpired")
    records = json.loads(house.typed(cli, "audit", "tail", "--kind", "OPERATOR", "--json").out)
    ran = house.typed(cli, "trace", records[-1]["correlation"])
    assert "OPERATOR" in ran.out
    assert "control tell execution  SettleExpired" in ran.out


def test_a_refused_token_ends_start_with_2(house: House, cli: Cli, tmp_path: Path) -> None:
    cli.set(**(house.variables | {"MCP_TOKEN": "another"}))
    ran = cli("start", "--strategy", house.folder / "strategy.yaml", "--data-dir", tmp_path / "data")
    assert ran.code == 2
    assert "token is refused" in ran.err
    assert "another" not in ran.err


def test_stop_is_orderly_and_the_next_start_goes_on(house: House, cli: Cli) -> None:
    ran = house.run("stop", "--reason", "test over")
    assert ran.code == 0, ran.err
    engine = ended(house.engine)
    assert engine.code == 0, engine.err
    assert "stopped: test over" in engine.out
    verified = house.typed(cli, "audit", "verify", "--strict")
    assert verified.code == 0, verified.err
    assert house.typed(cli, "status").code == 3
    kinds = {record["kind"] for record in json.loads(house.typed(cli, "audit", "tail", "--json").out)}
    assert "ENGINE_STOP" in kinds
    assert all(TOKEN.encode() not in path.read_bytes() for path in house.data.rglob("*") if path.is_file())


def test_a_stop_does_not_wait_for_channels_that_do_not_answer(tmp_path: Path) -> None:
    """They are probed beside the start, each for as long as one attempt may take."""
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        channels: Variables = {
            "TELEGRAM_BOT_TOKEN": "1:token",
            "TELEGRAM_CHAT_ID": "42",
            "TELEGRAM_API_URL": url,
            "WEBHOOK_URL": f"{url}/hook",
        }
        with running(tmp_path, **channels) as house:
            house.engine.send_signal(signal.SIGTERM)
            out, _ = house.engine.communicate(timeout=10.0)
    assert (house.engine.returncode, "stopped: SIGTERM" in out) == (0, True)
