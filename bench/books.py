"""Speed of the books' own steps: an acknowledged audit record, the verification of the chain, a permit.

The real rooms on threads, on the disk of the temporary folder (`TMPDIR`). Each figure that depends on disk or
processor is measured against a bare loop in the same round. Run as `python -m bench.books`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles

from actors.audit.actor import Audit
from actors.audit.files import AUDIT_FOLDER
from actors.audit.scan import scan
from actors.kill_switch import DiskKillFile
from actors.kill_switch.actor import KillSwitch
from actors.names import ALERTING, AUDIT, EXECUTION, KILL_SWITCH, STATE, Rooms
from actors.runtime import (
    Actor,
    ActorSystem,
    ChildSpec,
    SupervisorSpec,
    ThreadRuntime,
    ask,
)
from actors.state.actor import State
from bench.report import Row, add_rows, print_table, row_at_least, row_at_most
from core.audit.hash_chain import GENESIS, encode_record, file_name
from core.contract.registry import REQUIRED_FEATURES
from core.messages.audit import AuditEvent, AuditKind
from core.messages.kill_switch import MarksChanged, Permit, PermitSpent, RequestPermit
from core.messages.room_status import VenueChecked
from core.messages.state import Recorded, RecordEvent
from core.orders.terms import OrderPurpose, OrderTerms
from core.redaction import Redactor
from core.strategy import Strategy
from core.values import Environment, Label, Leg, OptionType, Side

ROUNDS = 7
APPENDS = 200
GROUP = 32
GROUPS = 20
RECORDS = 40_000
PERMITS = 900
"""No more than `limits.orders_per_hour` may allow."""
WARM_UP = 50
DETAIL = {"text": "x" * 516}
"""A record then has 768 bytes, the mean of a log of a million records."""


class Silent(Actor):
    """Takes everything and says nothing."""

    def on_receive(self, message: object) -> object:  # noqa: ARG002
        return None


class Recorder(Actor):
    """Tells state so many records at once, and sets an event when the last is acknowledged."""

    def __init__(self, rooms: Rooms) -> None:
        self._state = rooms[STATE]
        self._left = 0
        self._number = 0
        self.done = threading.Event()

    def on_receive(self, message: object) -> object:
        if isinstance(message, Recorded):
            self._left -= 1
            if self._left == 0:
                self.done.set()
        elif isinstance(message, int):
            self._left = message
            for _ in range(message):
                self._number += 1
                self.ctx.tell(self._state, record(f"g{self._number}"))
        else:
            raise TypeError(f"expected Recorded or a count, found {message!r}")
        return None


@contextmanager
def house(folder: Path, strategy: Strategy) -> Iterator[tuple[ActorSystem, Recorder]]:
    """State, audit and kill switch on a data folder."""
    made: list[Recorder] = []

    def recorder(rooms: Rooms) -> Recorder:
        made.append(Recorder(rooms))
        return made[-1]

    system = ActorSystem(
        ThreadRuntime(),
        SupervisorSpec(
            "root",
            (
                ChildSpec("alerting", lambda _: Silent()),
                ChildSpec("execution", lambda _: Silent()),
                ChildSpec(
                    "kill_switch",
                    lambda peers: KillSwitch(
                        kill_file=DiskKillFile(folder),
                        state=Rooms(peers)[STATE],
                        execution=Rooms(peers)[EXECUTION],
                        alerting=Rooms(peers)[ALERTING],
                        strategy=strategy,
                        strategy_enabled=True,
                    ),
                ),
                ChildSpec(
                    "state",
                    lambda peers: State(
                        data_dir=folder,
                        audit=Rooms(peers)[AUDIT],
                        kill_switch=Rooms(peers)[KILL_SWITCH],
                        alerting=Rooms(peers)[ALERTING],
                        redact=Redactor(()),
                    ),
                    start_deadline_s=60.0,
                ),
                ChildSpec(
                    "audit",
                    lambda peers: Audit(
                        data_dir=folder,
                        state=Rooms(peers)[STATE],
                        kill_switch=Rooms(peers)[KILL_SWITCH],
                        alerting=Rooms(peers)[ALERTING],
                    ),
                    start_deadline_s=60.0,
                ),
                ChildSpec("recorder", lambda peers: recorder(Rooms(peers))),
            ),
        ),
    )
    system.start()
    try:
        yield system, made[0]
    finally:
        system.stop()


def record(request_id: str) -> RecordEvent:
    event = AuditEvent(kind=AuditKind.VETO, at=datetime.now(UTC), detail={**DETAIL})
    return RecordEvent(request_id=request_id, audit=(event,))


def bare_per_s(folder: Path, payload: bytes, count: int) -> float:
    """Writes and fsyncs of one file, one after the other."""
    path = folder / "bare"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.fsync(handle)
        began = time.perf_counter()
        for _ in range(count):
            os.write(handle, payload)
            os.fsync(handle)
        return count / (time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()


def append_rows(folder: Path) -> list[Row]:
    """Records acknowledged a second: single ones against bare writes and fsyncs, groups against single ones.

    Each takes two syncs, of the books and of the audit file, so half of the bare loop is the most there can
    be. Where a sync costs a fraction of a millisecond, the actors' own time counts for more than the disk.
    """
    singles, groups, bare = [], [], []
    payload = encode_record(GENESIS, record("b").audit[0])[0]
    with house(folder, Strategy()) as (system, recorder):
        state = Rooms(system.addresses)[STATE]
        for number in range(WARM_UP):
            ask(record(f"w{number}").to(state), timeout_s=60.0)
        for turn in range(ROUNDS):
            bare.append(bare_per_s(folder, payload, APPENDS))
            began = time.perf_counter()
            for number in range(APPENDS):
                ask(record(f"r{turn}-{number}").to(state), timeout_s=60.0)
            singles.append(APPENDS / (time.perf_counter() - began))
            began = time.perf_counter()
            for _ in range(GROUPS):
                recorder.done.clear()
                system.address("recorder").tell(GROUP)
                recorder.done.wait()
            groups.append(GROUPS * GROUP / (time.perf_counter() - began))
    plain, single = median(bare), median(singles)
    alone = "books: acknowledged append, against write and fsync"
    together = f"books: acknowledged appends, {GROUP} at once, against one at a time"
    return [
        row_at_least(alone, single, "rec/s", 0.25, baseline=plain),
        row_at_least(together, median(groups), "rec/s", 5.0, baseline=single),
    ]


def verification_rows(folder: Path) -> list[Row]:
    """Records verified a second, against a loop that hashes each with its predecessor's hash."""
    day = datetime(2026, 1, 5, tzinfo=UTC)
    audit = folder / AUDIT_FOLDER
    audit.mkdir()
    link = GENESIS
    lines = []
    for number in range(RECORDS):
        at = day + timedelta(milliseconds=number)
        payload, link = encode_record(link, AuditEvent(kind=AuditKind.VETO, at=at, detail={**DETAIL}))
        lines.append(payload)
    path = audit / file_name(day.date())
    path.write_bytes(b"".join(lines))
    ours, plain = [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = scan(audit)
        ours.append(RECORDS / (time.process_time() - began))
        if found.link != link:
            raise RuntimeError(f"expected a whole chain up to {link}, found {found}")
        began = time.process_time()
        hashed(path)
        plain.append(RECORDS / (time.process_time() - began))
    return [
        row_at_least(
            "books: verification of the chain (CPU)", median(ours), "rec/s", 0.5, baseline=median(plain)
        )
    ]


def hashed(path: Path) -> bytes:
    """The last hash of `sha256(prev + line)` over a file's lines."""
    prev = b""
    with path.open("rb") as lines:
        for line in lines:
            prev = sha256(prev + line).hexdigest().encode()
    return prev


def permit_rows(folder: Path) -> list[Row]:
    """Round trips of a permit, each of which comes back as spent."""
    strategy = Strategy.model_validate({"limits": {"orders_per_hour": 1000}})
    took_s = []
    with house(folder, strategy) as (system, _):
        rooms = Rooms(system.addresses)
        switch = rooms[KILL_SWITCH]
        # State tells the books to the switch when its own start is over, which an answer shows.
        ask(record("started").to(rooms[STATE]), timeout_s=60.0)
        for number in range(PERMITS):
            if number % 100 == 0:
                now = datetime.now(UTC)
                switch.tell(MarksChanged(as_of=now, spot_usd=3000.0))
                switch.tell(venue_checked(now))
                ask(record(f"facts-{number}").to(rooms[STATE]), timeout_s=60.0)
            began = time.perf_counter()
            answer = ask(request(number).to(switch), timeout_s=60.0)
            took_s.append(time.perf_counter() - began)
            if not isinstance(answer, Permit):
                raise TypeError(f"expected a permit, found {answer}")
            switch.tell(PermitSpent(permit_id=answer.permit_id, label=answer.label))
    p99_ms = quantiles(took_s[WARM_UP:], n=100)[98] * 1000
    return [row_at_most("books: permit round trip p99, threads", p99_ms, "ms", 2.0)]


def venue_checked(now: datetime) -> VenueChecked:
    return VenueChecked(
        as_of=now,
        environment=Environment.PAPER,
        account="A1",
        clock_offset_s=0.0,
        clock_offset_max_s=0.1,
        features=tuple(sorted(REQUIRED_FEATURES)),
    )


def request(number: int) -> RequestPermit:
    """An entry that every limit allows."""
    expiration = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=18)
    legs = tuple(
        Leg(
            instrument_name=f"ETH-X-{strike:.0f}-P",
            option_type=OptionType.PUT,
            strike_usd=strike,
            expiration=expiration,
            side=side,
        )
        for strike, side in ((2800.0, Side.SELL), (2600.0, Side.BUY))
    )
    label = Label(f"p-{number}:abcdef:e1")
    return RequestPermit(
        request_id=f"permit-{number}",
        label=label,
        terms=OrderTerms(
            purpose=OrderPurpose.ENTRY, legs=legs, amount=2, limit_eth=Decimal("0.0100"), reduce_only=False
        ),
        reference_eth=Decimal("0.0080"),
    )


def book_rows() -> list[Row]:
    """The rows of this benchmark."""
    rows: list[Row] = []
    for measure in (append_rows, verification_rows, permit_rows):
        with tempfile.TemporaryDirectory(prefix="cerbero-bench-") as folder:
            rows += measure(Path(folder))
    return rows


def main() -> int:
    """Measure, print, put the rows into `bench.json`; 1 if a figure missed its target."""
    sys.setswitchinterval(0.0005)
    rows = book_rows()
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
