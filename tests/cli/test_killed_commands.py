"""`kill -9` of the real process right after it has acknowledged: each command ends in its next life."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from reading.books import stored_books
from tests.cli.support import Cli
from tests.cli.test_live import House, running

COMMANDS = (
    ("RunEntryCycle",),
    ("SettleExpired",),
    ("TakeMarketSnapshot",),
    ("ClosePosition", "--position", "p-none", "--reason", "drill"),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    # The venue plays the market of now, and an entry that it allowed might rest for minutes.
    with running(tmp_path, changed=("dvol_min_pts: 40.0", "dvol_min_pts: 84.9")) as house:
        yield house


@pytest.mark.long
def test_what_was_acknowledged_before_a_kill_ends_and_is_told_after_it(house: House, cli: Cli) -> None:
    ids = []
    for command in COMMANDS:
        ran = house.typed(cli, "inject", *command, "--wait", "0", "--json")
        assert ran.code == 0, ran.err
        accepted = json.loads(ran.out)
        assert accepted["on_disk"] is True
        ids.append(accepted["request_id"])
    house.engine.kill()
    house.engine.communicate(timeout=20)
    house.engine = house.start()
    wait_for_ends(house, ids)
    told = [alert.cause for alert in stored_books(house.data).alerts if alert.code == "command_ended"]
    assert set(told) >= set(ids)
    cycles = [cycle for cycle in stored_books(house.data).cycles if cycle.slot.microsecond]
    assert len([cycle for cycle in cycles if cycle.cycle_id.startswith("entry-")]) == 1
    with closing(sqlite3.connect(house.data / "market.db")) as db:
        [(stored,)] = db.execute("SELECT count(*) FROM market_snapshots").fetchall()
    assert stored >= 1, "the snapshot that was asked for is stored"
    assert house.typed(cli, "audit", "verify").code == 0


def wait_for_ends(house: House, ids: list[str], tries: int = 600) -> None:
    """Until each command has two records: that it was accepted, and how it ended."""
    pause = Event()
    for _ in range(tries):
        lines = [
            line
            for path in (house.data / "audit").glob("*.jsonl")
            for line in path.read_text("utf-8").splitlines()
        ]
        operator = [line for line in lines if '"kind":"OPERATOR"' in line]
        if all(sum(request_id in line for line in operator) == 2 for request_id in ids):
            return
        pause.wait(0.05)
    pytest.fail(f"not each of {ids} has ended")
