"""The engine's own process against a server that misbehaves in each way of the table, over loopback.

Each snapshot's first answer of one tool is a misbehaviour, its later ones are the venue's own. Whatever it
was: the snapshot ends as the table says, no actor crashes, nothing is armed, and the next one is stored.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from actors.control.wire import RequestName
from config import write_hash
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, exchange, request_of
from tests.cli.paper.test_paper import wait_for_audit
from tests.cli.support import ROOT, ended, started
from tests.cli.test_live import address_of
from tests.hostile.conftest import Beside
from tests.hostile.misbehaviours import MISBEHAVIOURS, End, Misbehaviour
from tests.hostile.server import HostileServer

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(300)]

TOKEN = "t0ken-of-the-hostile-house"
LANES = 6
"""Engines that are tried at the same time: most of the time each waits for a deadline."""
ENDS_WITHIN_S = 50.0


@dataclass
class Lane:
    """One engine, and the server that it takes for the upstream host."""

    data: Path
    server: HostileServer
    engine: subprocess.Popen[str]

    def snapshot(self) -> tuple[str, object]:
        """Ask for a stored snapshot. The name of the message that ended it, and its body."""
        request = request_of(RequestName.INJECT, message="TakeMarketSnapshot", wait_s=ENDS_WITHIN_S)
        *_, last = exchange(self.data, request)
        assert isinstance(last.body, dict), last
        return str(last.body.get("answer")), last.body.get("body")

    def end_of(self, misbehaviour: Misbehaviour) -> End | str:
        """How a snapshot ends; as text if it ends in no way that the table knows."""
        # A snapshot that is due by itself meanwhile is not counted.
        self.server.misbehave(misbehaviour.tool, misbehaviour.act, under="inject-")
        answer, body = self.snapshot()
        match answer, self.server.asked:
            case "MarketSnapshotStored", 1:
                return End.TAKEN
            case "MarketSnapshotStored", 2:
                return End.RETRIED
            case "MarketSnapshotFailed", 1:
                return End.REFUSED
            case _, asked:
                return f"{answer} after {asked} requests: {body}"


@contextmanager
def lane(folder: Path, venue_url: str) -> Iterator[Lane]:
    """An engine that has started; it is stopped in order after the block."""
    folder.mkdir()
    shutil.copy(ROOT / "strategy.yaml", folder / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    data = folder / "data"
    with HostileServer(venue_url) as server:
        arguments = ("start", "--strategy", folder / "strategy.yaml", "--data-dir", data)
        engine = started(*arguments, MCP_URL=server.url, MCP_TOKEN=TOKEN)
        try:
            wait_for_audit(data, b"ENGINE_START", tries=2400)
            yield Lane(data, server, engine)
        finally:
            engine.send_signal(signal.SIGTERM)
            ran = ended(engine, timeout_s=20)
        assert (ran.code, ran.err) == (0, "")


def played(folder: Path, venue_url: str, misbehaviours: tuple[Misbehaviour, ...]) -> list[str]:
    """Play them to one engine, one after the other. What did not go as the table says, as text."""
    wrong = []
    with lane(folder, venue_url) as house:
        for each in misbehaviours:
            found = house.end_of(each)
            if found != each.end:
                wrong.append(f"{each.name}: expected {each.end.value}, found {found}")
        return wrong + harm(house)


def harm(house: Lane) -> list[str]:
    """What is not as it would be if all answers had been sound."""
    found = []
    answer, body = house.snapshot()
    if answer != "MarketSnapshotStored":
        found.append(f"the next snapshot: {answer}: {body}")
    status = ask_engine(house.data, request_of(RequestName.STATUS), EngineStatus)
    found += [str(cell) for cell in status.cells if cell.state != "up" or cell.restarts]
    if status.dead_letters:
        found.append(f"{status.dead_letters} dead letters")
    if status.kill_switch is None or status.kill_switch.armed:
        found.append(f"kill switch: {status.kill_switch}")
    for path in (house.data / "log").iterdir():
        if "Traceback" in path.read_text("utf-8"):
            found.append(f"a traceback in {path.name}")
    return found


def test_engine_lives_through_every_misbehaviour(tmp_path: Path, beside: Beside) -> None:
    """`beside` runs meanwhile."""
    venue = started("venue", "--port", "0", "--data-dir", tmp_path / "venue", MCP_TOKEN=TOKEN)
    try:
        url = address_of(venue)
        with ThreadPoolExecutor(LANES) as pool:
            lanes = [
                pool.submit(played, tmp_path / str(number), url, MISBEHAVIOURS[number::LANES])
                for number in range(LANES)
            ]
            wrong = [text for each in lanes for text in each.result()]
    finally:
        venue.terminate()
        venue.communicate(timeout=20)
    assert wrong == [], "\n".join(wrong)


def test_commands_end_and_the_engine_boots_while_the_upstream_hangs(beside: Beside) -> None:
    """Every answer drips. `start` goes on after one deadline, and its engine can be asked and stopped."""
    found = beside.hanging.result()
    assert found.first_line.startswith("running in mode data_analysis")
    assert found.states == {"up"}
    assert (found.engine.code, found.ping.code, found.dry_run.code) == (0, 1, 1)
    told = [router["error"] for router in found.pinged]
    assert all(error.endswith("no complete answer within 8 s") for error in told), told
