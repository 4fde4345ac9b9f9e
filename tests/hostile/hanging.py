"""An engine's start and two commands, with an upstream host that does nothing but drip."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.control.wire import RequestName
from config import write_hash
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, request_of
from tests.cli.support import ROOT, Ran, Variables, ended, started
from tests.hostile.misbehaviours import DRIPS
from tests.hostile.server import HostileServer

TOKEN = "t0ken-of-the-hanging-house"


@dataclass(frozen=True)
class HangingHost:
    """How it went."""

    first_line: str
    states: set[str]
    engine: Ran
    ping: Ran
    dry_run: Ran

    @property
    def pinged(self) -> list[dict[str, Any]]:
        routers: list[dict[str, Any]] = json.loads(self.ping.out)["routers"]
        return routers


def hanging_host(folder: Path) -> HangingHost:
    """Start the three at once, ask the engine for its status, and stop it."""
    folder.mkdir()
    shutil.copy(ROOT / "strategy.yaml", folder / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    data = folder / "data"
    drip = next(each.act for each in DRIPS if each.name == "headers drip")
    with HostileServer.alone(b"{}", drip) as server:
        host: Variables = {"MCP_URL": server.url, "MCP_TOKEN": TOKEN}
        engine = started("start", "--strategy", folder / "strategy.yaml", "--data-dir", data, **host)
        ping = started("ping", "--json", **host)
        dry_run = started("dry-run", "--strategy", folder / "strategy.yaml", **host)
        try:
            assert engine.stdout is not None
            first_line = engine.stdout.readline()
            status = ask_engine(data, request_of(RequestName.STATUS), EngineStatus)
            engine.send_signal(signal.SIGTERM)
            return HangingHost(
                first_line,
                {cell.state for cell in status.cells},
                ended(engine),
                ended(ping),
                ended(dry_run),
            )
        finally:
            for process in (engine, ping, dry_run):
                process.kill()
                process.communicate()
