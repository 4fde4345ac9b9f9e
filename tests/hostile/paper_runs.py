"""`paper` in processes of its own, with a server that misbehaves between its engine and its venue."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.control.wire import RequestName
from config import write_hash
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, exchange, request_of
from tests.cli.paper.test_paper import wait_for_audit
from tests.cli.support import ROOT, Ran, ended
from tests.hostile import account_answers, entry_answers
from tests.hostile.entry_answers import ENTRIES, EntryAnswer

ENDS_WITHIN_S = 30.0
RUN_ENDS_WITHIN_S = 120.0


@dataclass(frozen=True)
class PaperTrade:
    """The end of a run, its report, and which rows of its table were played."""

    ran: Ran
    report: dict[str, Any]
    told: list[str]


@dataclass(frozen=True)
class PaperEntries(PaperTrade):
    """`wrong` is what did not go as the table says, each as text."""

    wrong: list[str]


def paper_trade(folder: Path) -> PaperTrade:
    """One trade from its order to its settlement, in market time that jumps."""
    process = _started(
        folder,
        "account",
        *("--seed", "7", "--days", str(account_answers.ENDS_AFTER_DAYS)),
        strategy=ROOT / "lab" / "workloads" / "hold.yaml",
        overrides=account_answers.STRATEGY,
    )
    ran = ended(process, RUN_ENDS_WITHIN_S)
    return PaperTrade(ran, _read(folder / "out.json"), _read(folder / "told.json"))


def paper_entries(folder: Path) -> PaperEntries:
    """An entry for each row of the table, at a person's word.

    Market time passes as fast as real time, so that it stays the first Monday morning of the model market.
    """
    process = _started(
        folder,
        "entries",
        *("--speed", "1", "--days", "1"),
        strategy=ROOT / "strategy.yaml",
        overrides=entry_answers.STRATEGY,
    )
    try:
        wait_for_audit(folder / "data", b"ENGINE_START", tries=2400)
        wrong = [text for each in ENTRIES if (text := _found_wrong(folder / "data", each))]
        wrong += _harm(folder / "data")
        process.send_signal(signal.SIGTERM)
        ran = ended(process, RUN_ENDS_WITHIN_S)
    finally:
        process.kill()
        process.communicate()
    return PaperEntries(ran, _read(folder / "out.json"), _read(folder / "told.json"), wrong)


def _started(
    folder: Path, table: str, *options: str, strategy: Path, overrides: dict[str, Any]
) -> subprocess.Popen[str]:
    """Start it on `folder / "data"`, with these settings in place of those of the strategy."""
    folder.mkdir()
    shutil.copy(strategy, folder / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    # JSON is YAML.
    (folder / "strategy.local.yaml").write_text(json.dumps(overrides), "utf-8")
    files = {"--strategy": "strategy.yaml", "--data-dir": "data", "--json": "out.json"}
    named = [text for option, name in files.items() for text in (option, str(folder / name))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CERBERO_BITE_")}
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.hostile.paper_between", table, str(folder / "told.json")),
            *("paper", "--no-ui", *named, *options),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _found_wrong(data: Path, expected: EntryAnswer) -> str | None:
    """Have an entry decided, and say what did not go as the table says."""
    *_, last = exchange(data, request_of(RequestName.INJECT, message="RunEntryCycle", wait_s=ENDS_WITHIN_S))
    assert isinstance(last.body, dict), last
    if last.body.get("answer") != "CycleEnded":
        return f"{expected}: {last.body}"
    ended_as = json.loads(str(last.body["body"]))
    outcome, reasons = ended_as["outcome"], ended_as["reasons"]
    if outcome == expected.outcome and expected.because in str(reasons):
        return None
    return f"{expected}: expected {expected.outcome} by {expected.because}, found {outcome} by {reasons}"


def _harm(data: Path) -> list[str]:
    """What is not as it would be if all answers had been sound."""
    again = _found_wrong(data, EntryAnswer("an entry after all of them"))
    found = [] if again is None else [again]
    status = ask_engine(data, request_of(RequestName.STATUS), EngineStatus)
    found += [str(cell) for cell in status.cells if cell.state != "up" or cell.restarts]
    if status.dead_letters:
        found.append(f"{status.dead_letters} dead letters")
    if status.kill_switch is None or status.kill_switch.armed or status.kill_switch.suspensions:
        found.append(f"kill switch: {status.kill_switch}")
    logs = (path.read_text("utf-8") for path in (data / "log").iterdir())
    return found + ["a traceback in the log" for log in logs if "Traceback" in log]


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8")) if file.exists() else {}
