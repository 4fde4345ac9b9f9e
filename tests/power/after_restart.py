"""Starts an engine on what a crash left, and says what does not hold."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import gateway.paper.paper_venue as venue_module
from actors.audit.evidence import MANIFEST
from actors.audit.scan import scan
from actors.names import KILL_SWITCH, Rooms
from actors.runtime import CellState, Tracer, ask
from actors.state.backup import backups
from actors.state.backup_manifest import read_manifest
from core.audit.hash_chain import Link
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditKind
from core.messages.kill_switch import GetKillSwitch
from core.orders.lifecycle import PositionState
from gateway.paper.model_market import ModelMarket
from gateway.paper.paper_venue import PaperVenue
from lab.engine import SimulatedEngine, open_venue
from reading.audit import records, verified
from reading.books import stored_books, stored_positions
from reading.paper_folder import PAPER_MARKER
from tests.cli.support import ended, started
from tests.power.crash_states import ARMED, CLEAR, VENUE, Acknowledged, CrashState
from tests.power.story import ASK_S, DATA
from tests.scenarios.playing import MARKET, Played, assert_laws_hold, strategy, venue_seen

AFTER = timedelta(minutes=25)
"""Long enough for recovery, for what is taken up again, and for an order to be filled or cancelled."""
MORE = timedelta(minutes=1)
"""Until a cycle that is open at the end has its outcome."""
MORE_MAX = 5
PROCESS_S = 600.0
LIFE = 1000
OWN_FAULTS = {"audit_broken", "database_corrupt", "audit_foreign_file"}
"""Alerts that call something else than a crash the cause."""
_model_market = cache(ModelMarket)
_strategy = cache(strategy)


def open_model_venue(folder: Path) -> PaperVenue:
    """The venue of a folder; its market is made once a process, since it is a function of the seed alone."""
    vars(venue_module)["ModelMarket"] = _model_market
    try:
        return open_venue(folder, MARKET)
    finally:
        vars(venue_module)["ModelMarket"] = ModelMarket


@dataclass(frozen=True)
class Switch:
    """The kill switch after the restart, as the engine says it."""

    armed: bool
    causes: frozenset[ArmCause]
    reason: str | None


def problems(folder: Path, state: CrashState) -> list[str]:
    """Start on the state that was laid in `folder`, run for `AFTER`, stop; everything that is wrong then."""
    data_dir, said = folder / DATA, state.acknowledged
    found = [*_backup_problems(data_dir, said)]
    venue = open_model_venue(folder)
    entries = _entries(venue)
    engine = SimulatedEngine(
        loaded=_strategy(),
        venue=venue,
        data_dir=data_dir,
        seed=1,
        begin=max(state.at, venue.venue.clock),
        life=LIFE,
        tracer=Tracer(1),
    )
    begin = engine.runtime.now()
    engine.start()
    engine.run_until(begin + AFTER)
    for _ in range(MORE_MAX):
        if all(cycle.outcome is not None for cycle in stored_books(data_dir).cycles):
            break
        engine.run_until(engine.runtime.now() + MORE)
    status = ask(GetKillSwitch().to(Rooms(engine.system.addresses)[KILL_SWITCH]), timeout_s=ASK_S)
    cells = engine.system.status()
    found += [f"{cell.path} is {cell.state.value}" for cell in cells if cell.state is not CellState.UP]
    found += [f"{cell.path} crashed: {cell.last_error}" for cell in cells if cell.restarts]
    engine.stop("the crash state is checked")
    switch = Switch(status.armed, frozenset(status.causes), status.reason)
    return [*found, *_outsider_problems(data_dir, venue, switch, said, entries)]


def problems_of_process(folder: Path, state: CrashState) -> list[str]:
    """The same with the real process, on threads, with the venue in another process over HTTP."""
    data_dir = folder / DATA
    (folder / VENUE).rename(data_dir / VENUE)
    (data_dir / PAPER_MARKER).touch()
    return problems_of_next_process(data_dir, state.acknowledged, AFTER)


def problems_of_next_process(
    data_dir: Path, said: Acknowledged, lasts: timedelta, *, exit_code: int = 0
) -> list[str]:
    """Let the real process run for so long on a paper folder; everything that is wrong then."""
    out = data_dir.parent / "out.json"
    found = [*_backup_problems(data_dir, said)]
    before = open_model_venue(data_dir)
    entries = _entries(before)
    before.store.close()
    arguments = (
        "paper",
        "--keep",
        "--days",
        str(lasts / timedelta(days=1)),
        "--seed",
        str(MARKET),
        "--no-ui",
    )
    ran = ended(started(*arguments, "--data-dir", data_dir, "--json", out), PROCESS_S)
    if ran.code != exit_code and not said.broken:
        found.append(f"exit {ran.code}: {ran.err}")
    report = json.loads(out.read_text("utf-8"))
    told = report["kill_switch"]
    switch = Switch(told["armed"], frozenset(map(ArmCause, told["causes"])), told["reason"])
    found += [
        f"{name} crashed: {cell['last_error']}" for name, cell in report["actors"].items() if cell["restarts"]
    ]
    venue = open_model_venue(data_dir)
    return [*found, *_outsider_problems(data_dir, venue, switch, said, entries)]


def _outsider_problems(
    data_dir: Path, venue: PaperVenue, switch: Switch, said: Acknowledged, entries_before: set[str]
) -> Iterator[str]:
    """What an outsider sees after the engine's end: switch, log, books, the venue's account."""
    yield from _switch_problems(switch, said)
    new_entries = _entries(venue) - entries_before
    if said.switch == {ARMED} and new_entries:
        yield f"entries left an armed engine: {sorted(new_entries)}"
    yield from _audit_problems(data_dir, said, armed=switch.armed)
    yield from _promise_problems(data_dir, said)
    played = Played(data_dir, Tracer(1), venue.ledger(), venue_seen(venue))
    venue.store.close()
    if said.broken:
        return  # The laws include that the log is whole.
    try:
        assert_laws_hold(played)
    except AssertionError as error:
        yield f"law: {str(error) or _line_of(error)}"


def _entries(venue: PaperVenue) -> set[str]:
    labels = (order.order.label for order in venue.venue.account.orders.values())
    return {label for label in labels if ":e" in label}


def _switch_problems(switch: Switch, said: Acknowledged) -> Iterator[str]:
    """Armed or clear as was said, and armed for no other cause than that."""
    if not said.switch:
        yield "switch: the disk is the same before and after it was acknowledged to have changed"
        return
    is_now = ARMED if switch.armed else CLEAR
    if is_now not in said.switch:
        yield f"switch: expected {'/'.join(said.switch)}, found {is_now} ({switch.causes}: {switch.reason})"
    if switch.armed:
        expected = frozenset({ArmCause.AUDIT}) if said.broken else said.causes
        if not switch.causes <= expected and ARMED in said.switch:
            yield f"switch: expected the cause {expected}, found {switch.causes}: {switch.reason}"


def _audit_problems(data_dir: Path, said: Acknowledged, *, armed: bool) -> Iterator[str]:
    head = None if said.head is None else Link(*said.head)
    report = verified(data_dir, told_head=head, strict=True)
    if not said.broken:
        if not report.ok:
            yield f"audit: {report.problem}"
        evidence = [path.name for path in (data_dir / "evidence").glob("*")]
        if not all(said.market_damaged and "-market" in name for name in evidence):
            yield "audit or books: a crash was taken for tampering, there is evidence"
        alerts = {alert.code for alert in stored_books(data_dir).alerts}
        if alerts & OWN_FAULTS:
            yield f"alerts: {alerts & OWN_FAULTS}"
        return
    if not report.ok and not armed:
        yield f"audit: no longer armed, but {report.problem}"
    if report.ok and said.switch == {ARMED}:
        yield "audit: nobody has accepted the break, but it is not reported any more"
    kept = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (data_dir / "audit", data_dir / "evidence")
        for path in folder.rglob("*")
        if path.is_file()
    }
    if not said.broken <= kept:
        yield "audit: files of the broken log are neither in audit/ nor in evidence/"
    for record in records(data_dir):
        if record.kind == AuditKind.CHAIN_BROKEN:
            yield from _evidence_problems(data_dir / str(record.detail["evidence"]), record.detail)


def _evidence_problems(folder: Path, detail: Mapping[str, object]) -> Iterator[str]:
    """What the log says of the evidence is true of it."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        yield f"evidence: {folder.name} has no {MANIFEST}"
        return
    content = manifest.read_bytes()
    if hashlib.sha256(content).hexdigest() != detail["evidence_sha256"]:
        yield f"evidence: {folder.name}/{MANIFEST} is not the one that the log names"
    for line in content.decode().splitlines():
        digest, _, name = line.partition("  ")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            yield f"evidence: {folder.name}/{name} differs from {MANIFEST}"


def _promise_problems(data_dir: Path, said: Acknowledged) -> Iterator[str]:
    """A person's messages that were accepted are on record and carried out."""
    if not said.accepted or said.broken:
        return
    recorded = Counter(
        str(record.detail.get("request_id"))
        for record in records(data_dir)
        if record.kind == AuditKind.OPERATOR
    )
    for request_id in said.accepted:
        if request_id not in recorded:
            yield f"accepted, but not on record: {request_id}"
        elif recorded[request_id] != 2:
            yield f"accepted, but not ended: {request_id} ({recorded[request_id]} records)"
    positions = stored_positions(data_dir, everything=True)
    states = {str(position.position_id): position.state for position in positions}
    for position_id in said.closing:
        if states.get(position_id) not in (PositionState.CLOSED, PositionState.CANCELLED):
            yield f"a close was accepted, but {position_id} is {states.get(position_id)}"


def _backup_problems(data_dir: Path, said: Acknowledged) -> Iterator[str]:
    """Whatever has a final name is whole, and the last acknowledged one, or a newer one, is there."""
    found_all = backups(data_dir)
    if said.backup is not None and not any(backup.name >= Path(said.backup).name for backup in found_all):
        yield f"the backup {said.backup} was acknowledged and is not there"
    for backup in found_all:
        manifest = read_manifest(backup)
        if manifest is None:
            yield f"{backup.name}: expected backup.json, found none"
            continue
        for name, expected in manifest.files.items():
            if not (backup / name).exists() or sha256((backup / name).read_bytes()).hexdigest() != expected:
                yield f"{backup.name}/{name}: it is not what backup.json says"
        found = scan(backup / "audit")
        if found.problem is not None or found.link != (manifest.seq, manifest.hash):
            yield f"{backup.name}: audit: {found.problem or found.link}"
        if (backup / "cerbero.db").exists():
            problem = _check_database(backup / "cerbero.db")
            report = verified(backup)
            if problem is not None or not report.ok:
                yield f"{backup.name}: {problem or report.problem}"
    for part in sorted((data_dir / "backups" / "market").glob("*.db")):
        problem = _check_database(part)
        if problem is not None:
            yield f"{part.name}: {problem}"


def _check_database(path: Path) -> str | None:
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        result: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    finally:
        db.close()
    if result != "ok":
        return result
    return None if tables else "it is empty"


def _line_of(error: AssertionError) -> str:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return "" if traceback is None else f"line {traceback.tb_lineno} of {traceback.tb_frame.f_code.co_name}"
