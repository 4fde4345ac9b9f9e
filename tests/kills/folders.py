"""Paper folders in the states in which a start does something that it seldom does."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from actors.mcp import McpCredentials
from core.contract import Router
from core.kill_file import KILL_FILE_NAME
from core.record.members import packed
from core.record.names import RECORD_FOLDER, RecordFile, record_name
from gateway.shell.door import HEALTH
from lab.engine import open_venue
from lab.in_process import TOKEN
from reading.paper_folder import PAPER_MARKER
from reading.switch.arming import new_arming
from tests.power.crash_states import ARMED, Acknowledged
from tests.scenarios.playing import BEGIN, MARKET, Play

A_MONTH = timedelta(days=32)
RAN = timedelta(minutes=3)
GARBAGE = b"no database at all " * 500


def new(data_dir: Path) -> Acknowledged:
    """Empty but for the marker."""
    data_dir.mkdir(mode=0o700)
    (data_dir / PAPER_MARKER).touch()
    return Acknowledged()


def used(data_dir: Path) -> Acknowledged:
    """An engine has run for some minutes and stopped in order."""
    said = new(data_dir)
    play = Play(data_dir)
    play.run_until(BEGIN + RAN)
    play.stop()
    return said


def month_old(data_dir: Path) -> Acknowledged:
    """The same, and then nothing for a month: the log's only file is to be compressed."""
    said = used(data_dir)
    venue = open_venue(data_dir, MARKET)
    headers = {name.lower(): value for name, value in McpCredentials(TOKEN).headers("month").items()}
    answer = venue.dispatch(BEGIN + A_MONTH, Router.DERIBIT, HEALTH, headers, b"")
    venue.store.close()
    assert answer.status == 200, answer
    return said


def torn_record(data_dir: Path) -> Acknowledged:
    """Nothing but a record: of the first day half a member, and a day that is too old."""
    said = new(data_dir)
    (data_dir / RECORD_FOLDER).mkdir()
    today = BEGIN.date()
    for day, content in ((today, packed(b"half")[:-1]), (today - A_MONTH, packed(b"old"))):
        (data_dir / RECORD_FOLDER / record_name(RecordFile.CHAIN, day)).write_bytes(content)
    return said


def cut_log(data_dir: Path) -> Acknowledged:
    """Somebody has cut the last record off."""
    used(data_dir)
    [log] = (data_dir / "audit").iterdir()
    os.truncate(log, log.read_bytes()[:-1].rindex(b"\n") + 1)
    broken = frozenset({hashlib.sha256(log.read_bytes()).hexdigest()})
    return Acknowledged(switch=frozenset({ARMED}), broken=broken)


def damaged_market(data_dir: Path) -> Acknowledged:
    """The file of the market's snapshots is garbage."""
    said = used(data_dir)
    (data_dir / "market.db").write_bytes(GARBAGE)
    return replace(said, market_damaged=True)


def damaged_books(data_dir: Path) -> Acknowledged:
    """The books are garbage."""
    used(data_dir)
    (data_dir / "cerbero.db").write_bytes(GARBAGE)
    return Acknowledged(switch=frozenset({ARMED}))


def armed_while_disarmed(data_dir: Path) -> Acknowledged:
    """A disarming was cut short when it had set `KILL` aside, with an arming that it was not told of."""
    used(data_dir)
    (data_dir / f"{KILL_FILE_NAME}.disarming").write_bytes(new_arming("meanwhile", "ada").to_bytes())
    return Acknowledged(switch=frozenset({ARMED}))
