"""The state actor: the books, and the sequencer of the audit chain."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from actors.room import Alarm, Failpoint, Room, answerer, reach
from actors.runtime import Address, Fenced, Timer
from actors.state.apply import BOOKS_TO_LOG_KEY, NoteBackup, OpenBooks, Write, first_answer
from actors.state.backup import BackupError, make_backup
from actors.state.boot import chain_broken_event, tail_restored_event
from actors.state.database import is_disk_full, keep_evidence, open_database
from actors.state.intake import Intake, Waiting
from actors.state.market_file import attach_market
from actors.state.queries import BooksView, Read, read
from actors.state.reserve import Reserve
from actors.state.schema import DatabaseCorruptError
from actors.state.sequencer import Committed, Sequencer
from actors.state.tables.records import setting
from core.messages.alerting import Severity
from core.messages.audit import AppendAudit, AuditAt, AuditBoot, AuditEvent, AuditHead
from core.messages.base import Query, Refused
from core.messages.kill_switch import ArmCause, ArmKillSwitch, KillSwitchArmed
from core.messages.protocols import AlertingProtocol, AuditProtocol, KillSwitchProtocol
from core.messages.state import (
    AuditHeadAndPending,
    BooksRead,
    GetAuditHeadAndPending,
    GetBooks,
    GetKillSwitchRow,
    MakeBackup,
    RecordEvent,
)

BATCH_REQUESTS_MAX = 256
WAITING_MAX = 10_000


@dataclass(frozen=True)
class RetakeBallast:
    """Timer message to self: try to reserve the ballast's disk space again."""


@dataclass(frozen=True)
class _InFlight:
    """A committed batch on its way into the audit file, and the requests that await it."""

    committed: Committed
    waiting: list[Waiting]


_Own = AuditAt | AuditBoot | MakeBackup | GetBooks | GetAuditHeadAndPending | RetakeBallast | KillSwitchArmed


class State(Room[Write | Read | _Own]):
    """The books.

    Accepts: `StateProtocol`.
    Sends: `Recorded`, `Refused` and the other answers to the asker; `AppendAudit` to audit; `BooksChanged`,
    `ArmKillSwitch`, `SuspendEntries`, `ClearSuspension` to kill_switch; `RaiseAlert` to alerting.
    Owns: `cerbero.db`, `market.db`, `backups/`, `ballast`; the numbering of the audit chain.
    On failure: an open transaction is rolled back; senders tell again what was not acknowledged, and audit,
    which restarts after state, completes the pending bytes. A corrupt `cerbero.db` is left as it is: every
    request is refused, a copy is kept as evidence and the kill switch is armed. A corrupt `market.db` is put
    aside, and everything goes on.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        audit: Address[AuditProtocol],
        kill_switch: Address[KillSwitchProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._data_dir = data_dir
        self._audit = audit
        self._kill_switch = kill_switch
        self._alerting = alerting
        self._db: sqlite3.Connection | None = None
        self._corrupt: str | None = None
        self._audit_ready = False
        self._in_flight: _InFlight | None = None
        self._intake = Intake(WAITING_MAX)
        self._retake: Timer | None = None

    def on_start(self) -> None:
        """Open the books. Nothing is committed before audit has verified its files against them."""
        super().on_start()
        self._alert = Alarm(self.ctx, self._alerting)
        try:
            self._db = open_database(self._data_dir)
        except DatabaseCorruptError as error:
            self._start_corrupt(error)
            return
        try:
            self._attach_market(self._db)
            self._sequencer = Sequencer(self._db)
            self._view = BooksView(self._db)
            self._reserve = Reserve(self.ctx, self._data_dir, self._kill_switch, self._alert)
            self._retake_ballast()
        except BaseException:
            # An incarnation that fails in `on_start` gets no `on_stop`.
            self._db.close()
            raise

    def on_stop(self) -> None:
        """Leave no bytes pending if the audit file has them all, and close the database.

        After a crash, the requests that wait here are no longer in the mailbox that the next incarnation
        inherits, so they are committed now; audit, which restarts too, appends their bytes.
        """
        super().on_stop()
        db, self._db = self._db, None
        if db is None:
            return
        try:
            self.ctx.check_live()
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._commit_rest()
            self._sequencer.settle()
        except Fenced:
            # The successor owns the books already; nothing may be written here any more.
            return
        finally:
            db.close()

    def handle(self, message: Write | Read | _Own) -> None:
        if isinstance(message, Write):
            self._handle_write(message)
        elif isinstance(message, Read):
            self._handle_read(message)
        else:
            self._receive_own(message)

    def _receive_own(self, message: _Own) -> None:
        match message:
            case AuditAt():
                self._handle_audit_at(message)
            case AuditBoot():
                self._handle_audit_boot(message)
            case MakeBackup():
                self._handle_make_backup(message)
            case GetBooks():
                self._handle_get_books(message)
            case GetAuditHeadAndPending():
                self._handle_get_audit_head_and_pending(message)
            case RetakeBallast():
                self._retake_ballast()
            case KillSwitchArmed():
                pass
            case _:
                assert_never(message)

    def _handle_write(self, request: Write) -> None:
        answer = answerer(self.ctx, request)
        if self._db is None:
            answer(self._refused_corrupt(request.request_id))
            return
        if self._intake.join(request.request_id, answer):
            return
        known = first_answer(self._db, request.request_id)
        if known is not None and self._audit_ready:
            answer(known)
            return
        if not self._intake.put(request, self.ctx.envelope.correlation, answer):
            answer(Refused(request_id=request.request_id, reasons=("books_busy",)))
            return
        self._pump()

    def _handle_read(self, query: Read) -> None:
        # `read` is checked query by query; here any of them may stand.
        request: Query[Any] = query
        answer = answerer(self.ctx, request)
        if self._db is None:
            answer(self._refused_corrupt(getattr(query, "request_id", "")))
            return
        answer(read(self._db, query))
        if isinstance(query, GetKillSwitchRow):
            # A kill switch that starts knows no fact until it is told one.
            self._tell_facts()

    def _handle_get_books(self, query: GetBooks) -> None:
        answer = answerer(self.ctx, query)
        if self._db is None:
            answer(self._refused_corrupt(query.request_id))
            return
        books = self._view.books(self.ctx.now(), self._sequencer.last_seq)
        answer(BooksRead(request_id=query.request_id, books=books))

    def _handle_get_audit_head_and_pending(self, query: GetAuditHeadAndPending) -> None:
        answer = answerer(self.ctx, query)
        if self._db is None:
            answer(self._refused_corrupt(""))
            return
        if query.stopping:
            self._audit_ready = False
        stored = self._sequencer.end
        head = AuditHead(seq=stored.link.seq, hash=stored.link.hash, file=stored.file, end=stored.bytes)
        answer(AuditHeadAndPending(head=head, pending=self._sequencer.pending))

    def _handle_audit_at(self, message: AuditAt) -> None:
        pending = self._sequencer.pending if self._db is not None else None
        if pending is None or message.seq < pending.last_seq:
            return
        if (message.seq, message.hash) != (pending.last_seq, pending.last_hash):
            raise AssertionError(
                f"audit is at {message.seq}:{message.hash}, pending ends at {pending.last_seq}"
            )
        self._sequencer.acknowledge(message.file_end)
        self._settle_batch()

    def _handle_audit_boot(self, boot: AuditBoot) -> None:
        if self._db is None:
            return
        if not boot.ok:
            self._sequencer.restart()
            reach(Failpoint.CHAIN_RESTARTED)
            self._open_books("break")
            self._put_first(chain_broken_event(boot, self.ctx.now()))
        elif self._sequencer.pending is not None and boot.head.seq < self._sequencer.pending.last_seq:
            self._tell_append()
        else:
            self._sequencer.acknowledge(boot.file_end)
            expected = self._sequencer.end.link
            if (boot.head.seq, boot.head.hash) != expected:
                raise AssertionError(
                    f"audit starts at {boot.head.seq}:{boot.head.hash}, books end at {expected}"
                )
        if boot.ok and setting(self._db, BOOKS_TO_LOG_KEY) is not None:
            self._open_books("upgrade")
        if boot.restored:
            self._put_first(tail_restored_event(boot, self.ctx.now()))
        self._audit_ready = True
        if self._sequencer.pending is None:
            self._settle_batch()
        self._tell_facts()

    def _handle_make_backup(self, request: MakeBackup) -> None:
        answer = answerer(self.ctx, request)
        if self._db is None:
            answer(self._refused_corrupt(request.request_id))
            return
        known = first_answer(self._db, request.request_id)
        if self._intake.join(request.request_id, answer):
            return
        if known is not None:
            answer(known)
            return
        self._retake_ballast()
        self.ctx.check_live()
        try:
            made = make_backup(self._db, self._data_dir, request.at)
        except BackupError as error:
            answer(Refused(request_id=request.request_id, reasons=(f"backup_failed: {error}",)))
            return
        note = NoteBackup(
            request_id=request.request_id,
            path=str(made.path.relative_to(self._data_dir)),
            size_bytes=made.size_bytes,
            sha256=made.sha256,
            at=request.at,
        )
        self._intake.put(note, self.ctx.envelope.correlation, answer)
        self._pump()

    def _pump(self) -> None:
        """Commit waiting requests, unless a batch is on its way to the audit file or audit is not ready."""
        while self._audit_ready and self._in_flight is None and len(self._intake):
            waiting = self._intake.take(BATCH_REQUESTS_MAX)
            committed = self._commit(waiting)
            if committed is None:
                continue
            self._in_flight = _InFlight(committed, waiting)
            if any(applied.books_changed for applied in committed.outcomes):
                self._view.forget()
            if committed.batch is not None:
                self._tell_append()
                return
            self._settle_batch(pump=False)

    def _commit_rest(self) -> None:
        if self._audit_ready and len(self._intake):
            rest = self._intake.take(len(self._intake))
            requests = [(each.request, each.correlation) for each in rest]
            self._sequencer.commit(requests, self.ctx.now(), self.ctx.check_live)

    def _commit(self, waiting: list[Waiting]) -> Committed | None:
        """Commit the batch; None if the disk is full and all of its requests were refused."""
        requests = [(each.request, each.correlation) for each in waiting]
        try:
            return self._sequencer.commit(requests, self.ctx.now(), self.ctx.check_live)
        except sqlite3.OperationalError as error:
            if not is_disk_full(error):
                raise
            if not self._reserve.release(str(error)):
                self._refuse_full(waiting, error)
                return None
        self._retake_later()
        try:
            return self._sequencer.commit(requests, self.ctx.now(), self.ctx.check_live)
        except sqlite3.OperationalError as error:
            if not is_disk_full(error):
                raise
            self._refuse_full(waiting, error)
            return None

    def _refuse_full(self, waiting: list[Waiting], error: sqlite3.Error) -> None:
        self._intake.done(waiting)
        for each in waiting:
            reasons = (f"disk_full: {error}",)
            each.answer(Refused(request_id=each.request.request_id, reasons=reasons))
        self._reserve.commit_failed(str(error))

    def _settle_batch(self, *, pump: bool = True) -> None:
        """Tell the effects of a batch that is durable in books and audit file: first the facts to the kill
        switch, then the answers, then the alerts."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None:
            reach(Failpoint.BOOKS_DURABLE)
            self._intake.done(in_flight.waiting)
            self._tell_facts()
            for waiting, applied in zip(in_flight.waiting, in_flight.committed.outcomes, strict=True):
                waiting.answer(applied.answer)
            self._tell_notices(in_flight.committed)
            reach(Failpoint.BOOKS_ANSWERED)
        if pump:
            self._pump()

    def _tell_append(self) -> None:
        if self._sequencer.pending is not None:
            self.ctx.tell(self._audit, AppendAudit(batch=self._sequencer.pending))

    def _tell_facts(self) -> None:
        if self._audit_ready:
            facts = self._view.facts(self.ctx.now(), self._sequencer.last_seq)
            self.ctx.tell(self._kill_switch, facts)

    def _tell_notices(self, committed: Committed) -> None:
        for applied in committed.outcomes:
            for notice in applied.notices:
                head = f"; audit head {self._sequencer.end.link}" if notice.with_head else ""
                self._alert(notice.severity, notice.code, f"{notice.text}{head}", notice.cause)

    def _put_first(self, event: AuditEvent) -> None:
        self._intake.put_first(RecordEvent(request_id=f"chain-{self.ctx.uuid()}", audit=(event,)))

    def _attach_market(self, db: sqlite3.Connection) -> None:
        fault = attach_market(db, self._data_dir, self.ctx.now())
        if fault is not None:
            self._alert(Severity.HIGH, "market_file_unusable", str(fault), self.ctx.path)

    def _open_books(self, why: str) -> None:
        request_id = f"books-{self.ctx.uuid()}"
        self._intake.put_first(OpenBooks(request_id=request_id, why=why, at=self.ctx.now()))

    def _retake_ballast(self) -> None:
        if self._db is not None and not self._reserve.take():
            self._retake_later()

    def _retake_later(self) -> None:
        if self._retake is not None:
            self._retake.cancel()
        self._retake = self.ctx.call_later(self._reserve.RETAKE_AFTER_S, RetakeBallast())

    def _start_corrupt(self, error: DatabaseCorruptError) -> None:
        evidence = keep_evidence(self._data_dir, self.ctx.now())
        self._corrupt = f"database corrupt: {error}; a copy is in {evidence}"
        arm = ArmKillSwitch(cause=ArmCause.DATABASE, reason=self._corrupt, who="state")
        self.ctx.tell(self._kill_switch, arm)
        self._alert(Severity.CRITICAL, "database_corrupt", self._corrupt, self.ctx.path)

    def _refused_corrupt(self, request_id: str) -> Refused:
        return Refused(request_id=request_id, reasons=(f"database_corrupt: {self._corrupt}",))
