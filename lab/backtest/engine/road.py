"""A run of the whole engine over a market: every actor, its supervisor, the books and the hash chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from actors.audit.log_file import UnsyncedFile
from actors.channels import redactor
from actors.compose import engine_settings
from actors.engine import OrderlyEngine
from actors.http import Transport
from actors.names import CONTROL, Rooms
from actors.runtime import Context, Envelope, GreenRuntime, RunOrder, Tracer, to_us
from actors.state.kept import BooksInMemory
from config import LoadedStrategy
from core.messages.audit import AuditKind
from core.messages.control import InjectMessage
from core.messages.kill_switch import BooksChanged, ResumeEntries
from core.messages.state import RecordEvent
from core.orders.books import EntryLatch, Job, LatchSource
from core.values import Mode
from gateway.paper.account import VENUE_FEES, Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.source import MarketSource
from gateway.paper.venue import USD_QUANTUM, Venue
from lab.backtest.agenda import MOMENT
from lab.backtest.engine.port import TypedVenue
from lab.backtest.protection import RESUMED_BY
from lab.backtest.reader import Chains, VenueChains
from lab.backtest.schedule import Schedule
from lab.backtest.switched import AS_RECORDED, NO_FEES, conduct_of
from lab.backtest.switches import AS_IN_AN_ENGINE, Switches
from lab.in_process import in_process_settings
from lab.machine import SimulatedMachine

_BESIDE_TRADING: Final = frozenset({Job.HEALTH, Job.BACKUP, Job.KELLY, Job.DIGEST})
"""They decide nothing, so a backtest does without them."""
_OFF: Final = {
    Schedule.PRODUCTION: _BESIDE_TRADING,
    Schedule.SPARSE: _BESIDE_TRADING | {Job.MARKET_SNAPSHOT},
}
SEED: Final = 1
"""Of the ids that actors draw; no decision knows one."""
STEP: Final = timedelta(hours=12)
"""So often in market time a run is asked whether it goes on."""


class EngineRoad:
    """A run from the market's start, or from `begin`. What it found is in the books of `data_dir`."""

    def __init__(
        self,
        source: MarketSource,
        loaded: LoadedStrategy,
        data_dir: Path,
        *,
        assumptions: Assumptions | None = None,
        begin: datetime | None = None,
        resume_after: timedelta | None = None,
        switches: Switches = AS_IN_AN_ENGINE,
        chains: Chains | None = None,
        latency_s: float = 0.0,
        schedule: Schedule = Schedule.PRODUCTION,
    ) -> None:
        assumed = Assumptions() if assumptions is None else assumptions
        strategy = loaded.strategy
        self.begin = source.start if begin is None else begin
        account = Account(assumed.balance_eth, VENUE_FEES if switches.fees else NO_FEES)
        quantum = USD_QUANTUM if chains is None else AS_RECORDED
        self.venue = Venue(source, account, self.begin, assumed, quantum)
        self.typed = TypedVenue(
            self.venue, strategy, chains or VenueChains(source, strategy.anomalies), latency_s
        )
        self.data_dir = data_dir
        self.books = BooksInMemory()
        self.log = UnsyncedFile()
        self.runtime = GreenRuntime(self.begin, SEED, RunOrder.FIFO)
        self._resume_after = resume_after
        self.latches: dict[datetime, EntryLatch] = {}
        """Every latch of the protections by the time at which it was set."""
        self.vetoes = 0
        mcp = in_process_settings()
        settings = engine_settings(
            loaded=loaded,
            mode=Mode(data_analysis=True, strategy=True),
            mcp=mcp,
            channels=(),
            data_dir=data_dir,
            control_socket=None,
            started_at=self.begin,
            transport_factory=_no_wire,
            redact=redactor(mcp, ()),
            pid=1,
            boot_id=self.runtime.uuid(),
            account_lock=SimulatedMachine().account_lock(str(data_dir)),
            folder="backtest",
        )
        settings = replace(
            settings,
            open_port=self.typed.open_port,
            jobs_off=_OFF[schedule],
            books=self.books,
            log=self.log,
            conduct=conduct_of(switches, strategy),
        )
        self._engine = OrderlyEngine(settings, self.runtime, tracer=_Watch(self._sent))
        self.system = self._engine.system
        self._rooms = Rooms(self.system.addresses)

    def run(self, end: datetime, goes_on: Callable[[datetime], bool] = lambda _: True) -> bool:
        """Run what is due before `end`, and whether it was reached: `goes_on` is asked before each step."""
        self._engine.start()
        now, last, reached = self.begin, end - MOMENT, True
        while now < last:
            if not goes_on(now):
                reached = False
                break
            now = min(now + STEP, last)
            self.runtime.run(now)
        self.venue.advance(end if reached else now)
        self._require_sound()
        return reached

    def _require_sound(self) -> None:
        """An actor that failed was restarted, as in production: but here nothing may fail."""
        failed = [f"{cell.name}: {cell.last_error}" for cell in self.system.status() if cell.restarts]
        if failed or self.system.dead_letters.count:
            lost = self.system.dead_letters.count
            raise RuntimeError(f"expected no actor to fail and no message lost, found {failed}, {lost} lost")

    def close(self) -> None:
        """End the engine as a kill does: nothing of it is gone on with."""
        self.system.abandon()
        self.log.close()
        self.books.close()

    def _sent(self, envelope: Envelope) -> None:
        """Note what the gate vetoes and what the protections latch; a person resumes a while after that."""
        # By its own type: every message of the run comes by, and a `match` tries each kind.
        message = envelope.message
        if type(message) is RecordEvent:
            self.vetoes += sum(event.kind is AuditKind.VETO for event in message.audit)
        elif type(message) is BooksChanged:
            latch = message.books.latch(LatchSource.PROTECTIONS)
            if latch is not None and latch.latched and latch.at not in self.latches:
                self.latches[latch.at] = latch
                self._plan_resumption(latch.at)

    def _plan_resumption(self, latched_at: datetime) -> None:
        if self._resume_after is not None:
            at = latched_at + self._resume_after + MOMENT
            self.runtime.add_timer(to_us(at), lambda: self._resume(at))

    def _resume(self, at: datetime) -> None:
        self._rooms[CONTROL].tell(
            InjectMessage(
                message=ResumeEntries.__name__,
                body=json.dumps({"reason": "looked at"}),
                who=RESUMED_BY,
                request_id=f"resume-{at.isoformat()}",
            )
        )


class _Watch(Tracer):
    """Keeps no envelope, and shows each to one function."""

    def __init__(self, seen: Callable[[Envelope], None]) -> None:
        super().__init__(capacity=1)
        self.record = seen


def _no_wire(_: Context) -> Transport:
    raise AssertionError("expected the port to the venue, found an engine that opens a connection")
