"""The state actor: the books, and the sequencer of the audit chain."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, assert_never, cast

from pydantic import JsonValue

from actors.failpoints import Failpoint, reach
from actors.room import Alarm, Room, answerer
from actors.runtime import Address, Fenced
from actors.state.apply import NoteBackup, OpenBooks, Write, is_write
from actors.state.backup import BackupError, make_backup
from actors.state.boot import chain_broken_event, checkpoint_event, tail_restored_event
from actors.state.database import OneUser, is_disk_full, keep_evidence
from actors.state.intake import BATCH_REQUESTS_MAX, WAITING_MAX, InFlight, Intake, Waiting
from actors.state.kept import ON_DISK, BooksStore
from actors.state.proving import table_read
from actors.state.queries import BooksView, Read, is_read
from actors.state.reserve import Reserve, RetakeBallast
from actors.state.schema import DatabaseCorruptError
from actors.state.seals import broken_seals
from actors.state.sequencer import Committed, Sequencer
from actors.state.tables.records import is_in_log
from actors.state.text_door import TextDoor
from core.alerts import AlertCode, Severity
from core.audit.fold.compare import WHAT_TO_DO
from core.messages.arm_cause import ArmCause
from core.messages.audit import AppendAudit, AuditAt, AuditBoot, AuditEvent
from core.messages.base import Query, Refused
from core.messages.kill_switch import ArmKillSwitch, KillSwitchArmed
from core.messages.protocols import AlertingProtocol, AuditProtocol, KillSwitchProtocol
from core.messages.recording import BOOKS_BUSY, DISK_FULL
from core.messages.room_status import AuditHead
from core.messages.state import (
    AuditHeadAndPending,
    BooksRead,
    GetAuditHeadAndPending,
    GetBooks,
    GetKillSwitchRow,
    GetTable,
    GetTradeResults,
    MakeBackup,
    RecordEvent,
)

_Asked = MakeBackup | GetBooks | GetAuditHeadAndPending | GetTable | RetakeBallast | KillSwitchArmed
_Own = AuditAt | AuditBoot | _Asked


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
        redact: Callable[[str], str],
        store: BooksStore = ON_DISK,
    ) -> None:
        self._data_dir = data_dir
        self._audit = audit
        self._kill_switch = kill_switch
        self._alerting = alerting
        self._redact = redact
        self._store = store
        self._db: sqlite3.Connection | None = None
        self._corrupt: str | None = None
        self._audit_ready = False
        self._in_flight: InFlight | None = None
        self._intake = Intake(WAITING_MAX)

    def on_start(self) -> None:
        """Open the books. Nothing is committed before audit has verified its files against them."""
        super().on_start()
        self._alert = Alarm(self.ctx, self._alerting)
        try:
            self._db = self._store.opened(self._data_dir)
        except DatabaseCorruptError as error:
            self._start_corrupt(error)
            return
        try:
            self._attach_market(self._db)
            self._user, self._door = OneUser(self._db), TextDoor(self._db, self._redact)
            answers, chain = self._store.answers(self._db), self._store.chain(self._db)
            self._sequencer = Sequencer(self._db, self._door, answers, chain, self._user.require_alone)
            self._view = BooksView(self._db)
            reserved, switch = self._store.reserved(self._data_dir), self._kill_switch
            self._reserve = Reserve(self.ctx, reserved, switch, self._alert, self.ctx.call_later)
            self._reserve.take()
            self._look_at_seals(self._db)
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
        except Fenced:
            self._user.close()
            return
        with closing(db), suppress(Fenced):  # Fenced meanwhile, it writes no more: a successor has the books.
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._commit_rest()
            self._sequencer.settle()

    def handle(self, message: Write | Read | _Own) -> None:
        if is_write(message):
            self._handle_write(cast("Write", message))
        elif is_read(message):
            self._handle_read(cast("Read", message))
        else:
            self._receive_own(cast("_Own", message))

    def _receive_own(self, message: _Own) -> None:
        match message:
            case AuditAt():
                self._handle_audit_at(message)
            case GetBooks():
                self._handle_get_books(message)
            case AuditBoot():
                self._handle_audit_boot(message)
            case MakeBackup():
                self._handle_make_backup(message)
            case GetAuditHeadAndPending():
                self._handle_get_audit_head_and_pending(message)
            case GetTable():
                self._handle_get_table(message)
            case RetakeBallast():
                self._handle_retake_ballast()
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
        if not self._intake.put(request, self.ctx.envelope.correlation, answer):
            answer(Refused(request_id=request.request_id, reasons=(BOOKS_BUSY,)))
            return
        self._pump()

    def _handle_read(self, query: Read) -> None:
        # `read` is checked query by query; here any of them may stand.
        request: Query[Any] = query
        answer = answerer(self.ctx, request)
        if self._db is None:
            answer(self._refused_corrupt(getattr(query, "request_id", "")))
            return
        found = self._view.read(query)
        # What trades brought holds no text that anybody said, and is asked for at every look.
        answer(found if isinstance(query, GetTradeResults) else self._door.told(found))
        if isinstance(query, GetKillSwitchRow) and self._audit_ready:
            # A kill switch that starts knows no fact until it is told one.
            self._tell_facts()

    def _handle_get_books(self, query: GetBooks) -> None:
        answer = answerer(self.ctx, query)
        if self._db is None:
            answer(self._refused_corrupt(query.request_id))
            return
        if self._audit_ready and self._in_flight is None:
            # Who asks may ask the gate next, for which books that nothing has changed for long are too old.
            self._tell_facts(if_due=True)
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
        in_log = is_in_log(self._db)
        answer(AuditHeadAndPending(head=head, pending=self._sequencer.pending, books_in_log=in_log))

    def _handle_get_table(self, query: GetTable) -> None:
        answer = answerer(self.ctx, query)
        if self._db is None:
            answer(self._refused_corrupt(""))
            return
        answer(table_read(self._db, query, self._sequencer.last_seq))

    def _handle_audit_at(self, message: AuditAt) -> None:
        pending = self._sequencer.pending if self._db is not None else None
        if pending is None or message.seq < pending.last_seq:
            return
        if (message.seq, message.hash) != (pending.last_seq, pending.last_hash):
            raise AssertionError(
                f"audit is at {message.seq}:{message.hash}, pending ends at {pending.last_seq}"
            )
        self._sequencer.acknowledge(message.file_end)
        self._put_checkpoint(message.seq, message.checkpoint)
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
        if boot.ok and not is_in_log(self._db):
            self._open_books("upgrade")
        self._put_checkpoint(boot.head.seq, boot.checkpoint)
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
        known = self._sequencer.answers.first(request.request_id)
        if self._intake.join(request.request_id, answer):
            return
        if known is not None:
            answer(known)
            return
        self._reserve.take()
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

    def _handle_retake_ballast(self) -> None:
        if self._db is not None:
            self._reserve.take()

    def _pump(self) -> None:
        """Commit waiting requests, unless a batch is on its way to the audit file or audit is not ready."""
        while self._audit_ready and self._in_flight is None and len(self._intake):
            waiting = self._intake.take(BATCH_REQUESTS_MAX)
            committed = self._commit(waiting)
            if committed is None:
                continue
            self._in_flight = InFlight(committed, waiting)
            if any(applied.books_changed for applied in committed.outcomes):
                self._view.forget()
            elif any(applied.orders_changed for applied in committed.outcomes):
                self._view.forget_orders()
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
        """Commit the batch, if need be in the room of the ballast; None if the disk is full all the same and
        all of its requests were refused."""
        requests = [(each.request, each.correlation) for each in waiting]
        while True:
            try:
                return self._sequencer.commit(requests, self.ctx.now(), self.ctx.check_live)
            except sqlite3.OperationalError as error:
                if not is_disk_full(error):
                    raise
                # False also where there is no ballast any more: it is tried twice at most.
                if not self._reserve.release(str(error)):
                    self._refuse_full(waiting, error)
                    return None

    def _refuse_full(self, waiting: list[Waiting], error: sqlite3.Error) -> None:
        self._intake.done(waiting)
        for each in waiting:
            reasons = (f"{DISK_FULL}: {error}",)
            each.answer(Refused(request_id=each.request.request_id, reasons=reasons))
        self._reserve.commit_failed(str(error))

    def _settle_batch(self, *, pump: bool = True) -> None:
        """Tell the effects of a batch that is durable in books and audit file: first the facts to the kill
        switch, then the answers, then the alerts."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None:
            reach(Failpoint.BOOKS_DURABLE)
            self._intake.done(in_flight.waiting)
            self._tell_facts(if_due=True)
            for waiting, applied in zip(in_flight.waiting, in_flight.committed.outcomes, strict=True):
                waiting.answer(applied.answer)
            self._tell_notices(in_flight.committed)
            reach(Failpoint.BOOKS_ANSWERED)
        if pump:
            self._pump()

    def _tell_append(self) -> None:
        if self._sequencer.pending is not None:
            self.ctx.tell(self._audit, AppendAudit(batch=self._sequencer.pending))

    def _tell_facts(self, *, if_due: bool = False) -> None:
        facts_of = self._view.facts_if_due if if_due else self._view.facts
        if (facts := facts_of(self.ctx.now(), self._sequencer.last_seq)) is not None:
            self.ctx.tell(self._kill_switch, facts)

    def _tell_notices(self, committed: Committed) -> None:
        for applied in committed.outcomes:
            for notice in applied.notices:
                head = f"; audit head {self._sequencer.end.link}" if notice.with_head else ""
                text = self._door.told(f"{notice.text}{head}")
                self._alert(notice.severity, notice.code, text, notice.cause, subject=notice.subject)

    def _put_first(self, event: AuditEvent) -> None:
        request_id = f"chain-{self._sequencer.last_seq}-{self.ctx.uuid()}"
        self._intake.put_first(RecordEvent(request_id=request_id, audit=(event,)))

    def _put_checkpoint(self, seq: int, detail: dict[str, JsonValue] | None) -> None:
        """Write it next, unless it does not cover all that is committed."""
        if detail is not None and seq == self._sequencer.last_seq:
            self._put_first(checkpoint_event(detail, self.ctx.now()))

    def _attach_market(self, db: sqlite3.Connection) -> None:
        fault = self._store.attach_market(db, self._data_dir, self.ctx.now())
        if fault is not None:
            self._alert(Severity.HIGH, AlertCode.MARKET_FILE_UNUSABLE, str(fault), self.ctx.path)

    def _open_books(self, why: str) -> None:
        self._intake.put_first(OpenBooks(request_id=f"books-{self.ctx.uuid()}", why=why, at=self.ctx.now()))

    def _start_corrupt(self, error: DatabaseCorruptError) -> None:
        evidence = keep_evidence(self._data_dir, self.ctx.now())
        self._corrupt = f"database corrupt: {error}; a copy is in {evidence}"
        self._arm(AlertCode.DATABASE_CORRUPT, self._corrupt)

    def _look_at_seals(self, db: sqlite3.Connection) -> None:
        """Arm if a row that the log does not prove was changed."""
        found = next(broken_seals(db), None)
        if found is not None:
            self._arm(AlertCode.BOOKS_DAMAGED, f"cerbero.db is damaged: {found}. {WHAT_TO_DO}")

    def _arm(self, code: AlertCode, reason: str) -> None:
        self.ctx.tell(self._kill_switch, ArmKillSwitch(cause=ArmCause.DATABASE, reason=reason, who="state"))
        self._alert(Severity.CRITICAL, code, reason, self.ctx.path)

    def _refused_corrupt(self, request_id: str) -> Refused:
        return Refused(request_id=request_id, reasons=(f"database_corrupt: {self._corrupt}",))
