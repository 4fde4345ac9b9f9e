"""The start of state and audit on books of years: 10,000 closed trades, one million records.

The log is written as the engine writes it, with checkpoints, and compressed but for its last month; the books
are rebuilt from it. `RECORDS=100000` in the environment makes smaller ones.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

from actors.audit import Audit
from actors.audit.files import AUDIT_FOLDER, compress, compressible, whole_lines
from actors.audit.open_day import OpenDay
from actors.audit.proof import CHECKPOINT_EVERY
from actors.audit.words import WordsOfSwitch
from actors.runtime import Actor, ActorSystem, ChildSpec, GreenRuntime, SupervisorSpec
from actors.state import State
from actors.state.database import open_database
from actors.state.rebuild import write_database
from bench.report import Row, add_rows, print_table, row_at_most
from core.audit.fold.log import fold
from core.audit.fold.running import RunningFold
from core.audit.hash_chain import GENESIS, Link, encode_record, file_name
from core.messages.audit import AuditBatch, AuditBoot, AuditEvent, AuditKind
from core.messages.kill_switch import ArmKillSwitch, BooksChanged
from core.redaction import Redactor

RECORDS = 1_000_000
TRADES = 10_000
TARGET_S = 5.0
DAYS = 1000
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
Detail = dict[str, JsonValue]
Step = tuple[AuditKind, Detail]
LEGS = ("ETH-23JAN26-2800-P", "ETH-23JAN26-2600-P")
ENTERED_ETH, CLOSED_ETH = "0.01880000", "0.00160000"
RECORD_OF_A_DECISION = '{"facts":"' + "x" * 1200 + '"}'
"""About the average of a held monitor and an entry; an entry alone with its chain has 6 kB."""


def trade(number: int, at: str) -> Iterator[Step]:
    """A whole trade: entered, watched, closed by an exit."""
    cycle, position = f"entry-{number}", f"p-entry-{number}"
    legs: list[JsonValue] = [{"instrument_name": name, "ratio": 1} for name in LEGS]
    yield AuditKind.CYCLE_OPENED, {"cycle_id": cycle, "job": "entry", "slot": at, "resumed": False}
    yield AuditKind.DECISION, {"cycle_id": cycle, "record": RECORD_OF_A_DECISION}
    plan: Detail = {"legs": legs, "contracts": 2, "facts": "x" * 600}
    yield (
        AuditKind.PROPOSAL,
        {"proposal_id": position, "cycle_id": cycle, "created_at": at, "plan": plan},
    )
    yield AuditKind.POSITION, {"position_id": position, "from": None, "to": "proposed"}
    yield from _order(position, cycle, "entry", at)
    yield _moved(position, "awaiting_fill", "open", 2, ENTERED_ETH)
    yield AuditKind.CYCLE_CLOSED, {"cycle_id": cycle, "outcome": "entered", "reasons": []}
    for watch in range(18):
        monitor = f"monitor-{number}-{watch}"
        slot = f"2026-01-01T00:{watch:02}:00.{number:06}Z"
        yield AuditKind.CYCLE_OPENED, {"cycle_id": monitor, "job": "monitor", "slot": slot, "resumed": False}
        yield AuditKind.DECISION, {"cycle_id": monitor, "record": RECORD_OF_A_DECISION}
        yield AuditKind.CYCLE_CLOSED, {"cycle_id": monitor, "outcome": "held", "reasons": ["hold"]}
    yield from _order(position, None, "exit", at)
    yield _moved(position, "closing", "closed", 0, CLOSED_ETH)


def _order(position: str, cycle: str | None, kind: str, at: str) -> Iterator[Step]:
    entry = kind == "entry"
    label = f"{position}:{'e' if entry else 'x'}1"
    legs: list[JsonValue] = [{"instrument_name": name} for name in LEGS]
    yield (
        AuditKind.INSTRUCTION,
        {
            "label": label,
            "proposal_id": position,
            "cycle_id": cycle,
            "kind": kind,
            "attempt": 1,
            "legs": legs,
            "amount": 2,
            "limit_eth": "0.0100",
            "reduce_only": not entry,
            "valid_until": at,
            "created_at": at,
            "exit_rule": None if entry else "profit",
        },
    )
    yield (
        _moved(position, "proposed", "awaiting_fill", 0, "0", opened=0)
        if entry
        else _moved(position, "open", "closing", 2, ENTERED_ETH)
    )
    yield AuditKind.ORDER, {"label": label, "from": "intended", "to": "sent"}
    done: Detail = {
        "label": label,
        "from": "sent",
        "to": "filled",
        "order_id": f"o-{label}",
        "amount": 2,
        "filled_amount": 2,
        "limit_eth": "0.0100",
        "average_price_eth": "0.0100",
        "reason": None,
        "updated_at": at,
    }
    yield AuditKind.ORDER, done
    sides = ("sell", "buy") if entry else ("buy", "sell")
    prices = ("0.0150", "0.0050") if entry else ("0.0120", "0.0040")
    for name, side, price in zip(LEGS, sides, prices, strict=True):
        yield (
            AuditKind.FILL,
            {
                "trade_id": f"{label}-{name}",
                "label": label,
                "instrument_name": name,
                "side": side,
                "amount": 2,
                "price_eth": price,
                "fee_eth": "0.0006",
                "index_usd": "3100.25",
                "at": at,
            },
        )


def _moved(position: str, before: str, after: str, left: int, pnl: str, opened: int = 2) -> Step:
    return AuditKind.POSITION, {
        "position_id": position,
        "from": before,
        "to": after,
        "contracts_opened": opened,
        "contracts": left,
        "exit_rule": "profit" if after in ("closing", "closed") else None,
        "pnl_eth": pnl,
        "reason": None,
    }


def steps(records: int) -> Iterator[Step]:
    """Trades one after the other, and between them what only tells."""
    per_trade = RECORDS // TRADES
    for number in range(records // per_trade):
        at = (BEGIN + timedelta(minutes=number)).isoformat()
        made = list(trade(number, at))
        yield from made
        for rest in range(per_trade - len(made)):
            yield AuditKind.RECOVERY, {"matched": rest, "words": "x" * 200}


@dataclass(frozen=True)
class Written:
    """A log on disk: its end, and where it ends."""

    link: Link
    file: str
    file_bytes: int


def write_log(folder: Path, records: int) -> Written:
    """The audit files, day by day, each with its ROLLOVER, and checkpoints."""
    folder.mkdir(parents=True)
    per_day = max(1, records // DAYS)
    running, link, day, end = RunningFold(), GENESIS, None, None
    lines: list[bytes] = []

    def put(kind: AuditKind, detail: Detail, at: datetime) -> None:
        nonlocal link
        line, link = encode_record(link, AuditEvent(kind=kind, at=at, detail=detail))
        running.take(line)
        lines.append(line)

    made = 0
    for number, (kind, detail) in enumerate(steps(records)):
        at = BEGIN + timedelta(days=number // per_day, microseconds=number)
        name = file_name(at.date())
        if day is not None and day != name:
            end = _close(folder, day, link, lines)
            put(AuditKind.ROLLOVER, end, at)
        day = name
        if running.since_checkpoint >= CHECKPOINT_EVERY and (summed := running.checkpoint()) is not None:
            put(AuditKind.CHECKPOINT, summed, at)
        put(kind, detail, at)
        made = number
    if day is None:
        raise AssertionError("expected a log with records")
    _close(folder, day, link, lines)
    for path in compressible(folder, (BEGIN + timedelta(days=made // per_day)).date()):
        compress(path)
    return Written(link, day, (folder / day).stat().st_size)


def _close(folder: Path, name: str, link: Link, lines: list[bytes]) -> Detail:
    payload = b"".join(lines)
    (folder / name).write_bytes(payload)
    batch = AuditBatch(
        first_seq=link.seq - len(lines) + 1,
        last_seq=link.seq,
        last_hash=link.hash,
        file=name,
        offset=0,
        payload=payload,
    )
    lines.clear()
    return OpenDay(name, WordsOfSwitch()).append(batch).end(link).model_dump(mode="json")


def write_books(data_dir: Path, written: Written) -> None:
    """The database that the log makes; opened once, as an engine leaves it."""
    books = fold(whole_lines(data_dir / AUDIT_FOLDER))
    if books.problems:
        raise AssertionError(books.problems[:3])
    write_database(data_dir, books, written.link, written.file, written.file_bytes)
    open_database(data_dir).close()


class Others(Actor):
    """The kill switch and alerting: notes whether the start arms, and whether it has ended."""

    def __init__(self) -> None:
        self.arms: list[str] = []
        self.is_up = False

    def on_receive(self, message: object) -> object:
        match message:
            case ArmKillSwitch():
                self.arms.append(message.reason)
            case AuditBoot(ok=False):
                self.arms.append(str(message.problem))
            case BooksChanged():
                # State tells it when audit has told that log and books are right.
                self.is_up = True
            case _:
                pass
        return None


def start_s(data_dir: Path) -> float:
    """Seconds of CPU from the start of state until audit has told it that log and books are right."""
    others = Others()
    children = (
        ChildSpec("others", lambda _: others),
        ChildSpec(
            "state",
            lambda rooms: State(
                data_dir=data_dir,
                audit=rooms["audit"],
                kill_switch=rooms["others"],
                alerting=rooms["others"],
                redact=Redactor(()),
            ),
        ),
        ChildSpec(
            "audit",
            lambda rooms: Audit(
                data_dir=data_dir,
                state=rooms["state"],
                kill_switch=rooms["others"],
                alerting=rooms["others"],
            ),
        ),
    )
    at = BEGIN + timedelta(days=DAYS)
    runtime = GreenRuntime(at, 1)
    system = ActorSystem(runtime, SupervisorSpec("root", children))
    began = time.process_time()
    system.start()
    runtime.run(at + timedelta(seconds=1))
    took_s = time.process_time() - began
    system.stop()
    if others.arms or not others.is_up:
        raise AssertionError(
            f"expected a start that arms nothing, found {others.arms or 'that it did not end'}"
        )
    return took_s


def boot_rows(records: int) -> list[Row]:
    """The row of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        write_books(data_dir, write_log(data_dir / AUDIT_FOLDER, records))
        took_s = min(start_s(data_dir) for _ in range(2))
    trades = records // (RECORDS // TRADES)
    return [row_at_most(f"boot: {trades:,} closed trades, {records:,} records (CPU)", took_s, "s", TARGET_S)]


def main() -> int:
    """Measure, print, put the row into `bench.json`; 1 if it missed its target."""
    rows = boot_rows(int(os.environ.get("RECORDS", RECORDS)))
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
