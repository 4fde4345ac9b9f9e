"""The audit actor: appends the records that state commits, and at each start verifies the files against the
books."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import assert_never

from pydantic import JsonValue

from actors.audit.asked_books import AskedBooks, MovedOnError
from actors.audit.durable import fsync_folder
from actors.audit.evidence import put_aside
from actors.audit.files import (
    AUDIT_FOLDER,
    bytes_from,
    compress,
    compressible,
    cut_off,
    hash_of,
    sync,
    undated,
)
from actors.audit.log_file import SYNCED, LogKept
from actors.audit.open_day import OpenDay
from actors.audit.proof import Proof, compare, fold_to_the_end
from actors.audit.scan import NOT_ACCEPTED, Broken, Incomplete, Scan, Whole, boot_scan, judge, scan
from actors.audit.words import WordsOfSwitch, accepts_break
from actors.failpoints import Failpoint, reach
from actors.room import Alarm, Room, answerer
from actors.runtime import Address, RuntimeFault
from core.alerts import AlertCode, Severity
from core.audit.fold.compare import WHAT_TO_DO
from core.audit.fold.running import RunningFold
from core.audit.hash_chain import GENESIS, ChainBrokenError, Link, follow_all, split_lines
from core.messages.anchor import GetRecordHash, HeadReached, RecordHash
from core.messages.arm_cause import ArmCause
from core.messages.audit import AppendAudit, AuditAt, AuditBatch, AuditBoot, FileEnd, GetAudit
from core.messages.base import Refused
from core.messages.kill_switch import ArmKillSwitch, KillSwitchArmed
from core.messages.protocols import (
    AlertingProtocol,
    AnchorProtocol,
    AuditProtocol,
    KillSwitchProtocol,
    StateProtocol,
)
from core.messages.room_status import (
    HEAD_UNKNOWN,
    AuditHead,
    AuditStatus,
)
from core.messages.state import AuditHeadAndPending, GetAuditHeadAndPending

BOOT_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 1.0
BALLAST_FILE = "ballast"


@dataclass(frozen=True)
class CompressOldest:
    """To self: compress one old file, and tell again while there are more."""


class Audit(Room[AuditProtocol | CompressOldest]):
    """The append-only audit chain on disk.

    Accepts: AppendAudit, GetAudit, GetRecordHash.
    Sends: GetAuditHeadAndPending, GetTable and AuditAt to state, AuditBoot to state and kill_switch,
    ArmKillSwitch to kill_switch, HeadReached to anchor, RaiseAlert to alerting.
    Owns: the folder `audit/`, and `evidence/` for the files that it puts aside.
    On failure: a failed append crashes; the next incarnation completes the pending bytes that state holds.
    If the chain fails verification, its files are put aside, the kill switch arms itself, and state begins a
    new chain. If the books are not what the chain makes of them, the kill switch is armed.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        state: Address[StateProtocol],
        kill_switch: Address[KillSwitchProtocol],
        alerting: Address[AlertingProtocol],
        anchor: Address[AnchorProtocol] | None = None,
        log: LogKept = SYNCED,
    ) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / AUDIT_FOLDER
        self._state = state
        self._kill_switch = kill_switch
        self._alerting = alerting
        self._anchor = anchor
        self._log = log
        self._link = GENESIS
        self._last_file: str | None = None
        self._day: OpenDay | None = None
        self._problem: str | None = None
        self._proof = Proof(None)
        self._failed = False

    def on_start(self) -> None:
        """Verify the files against the head and the pending bytes that the database holds."""
        super().on_start()
        self._raise = Alarm(self.ctx, self._alerting)
        self._log.begin(self._folder)
        stored = self.ctx.ask(GetAuditHeadAndPending().to(self._state), timeout_s=BOOT_TIMEOUT_S)
        if isinstance(stored, Refused):
            self._start_without_books(stored)
            return
        found = boot_scan(self._folder, wanted=(stored.head.seq,))
        verdict = judge(found, stored.head, stored.pending, self._read)
        match verdict:
            case Whole():
                if stored.pending is not None:
                    # If the process was killed between write and fsync, bytes that can be read here may not
                    # be on the disk yet.
                    sync(self._folder, stored.pending.file)
                self._start_whole(found, stored, restored=False)
            case Incomplete():
                self._start_restored(verdict, stored)
            case Broken():
                self._start_broken(verdict, found, stored)
            case _:
                assert_never(verdict)
        self.ctx.tell(self.ctx.self_address, CompressOldest())

    def on_failure(self, error: BaseException) -> None:
        """Stop writing: the next incarnation completes the pending bytes."""
        self.ctx.log().error("audit ends: %s", error)
        self._failed = True

    def on_stop(self) -> None:
        """Leave nothing pending after an orderly stop: state commits no more, pending bytes are appended.

        If state can't be asked any more, the next start completes the pending bytes.
        """
        super().on_stop()
        if self._failed:
            return
        query = GetAuditHeadAndPending(stopping=True)
        try:
            stored = self.ctx.ask(query.to(self._state), timeout_s=STOP_TIMEOUT_S)
        except RuntimeFault as error:
            self.ctx.log().warning("pending bytes are left to the next start: %s", error)
            return
        if isinstance(stored, Refused):
            return
        if stored.pending is not None and stored.pending.last_seq > self._link.seq:
            self._handle_append(AppendAudit(batch=stored.pending))
        else:
            self.ctx.tell(self._state, self._at())
        self._tell_head("stop")

    def handle(self, message: AuditProtocol | CompressOldest) -> None:
        match message:
            case AppendAudit():
                self._handle_append(message)
            case GetAudit():
                answerer(self.ctx, message)(self._status())
            case GetRecordHash():
                found = hash_of(self._folder, message.seq)
                answer = RecordHash(seq=message.seq, hash=found, last_seq=self._link.seq)
                answerer(self.ctx, message)(answer)
            case CompressOldest():
                self._handle_compress_oldest()
            case KillSwitchArmed():
                pass
            case _:
                assert_never(message)

    def _start_whole(self, found: Scan, stored: AuditHeadAndPending, *, restored: bool) -> None:
        self._link, self._last_file = found.link, found.file
        if self._log.is_lasting:
            self._day = self._open_day(found)
            self._prove_books(stored)
        head = _head(found.link)
        boot = AuditBoot(
            ok=True,
            restored=restored,
            records=found.link.seq,
            head=head,
            last_word=found.words.last,
            file_end=self._file_end(),
            checkpoint=self._proof.checkpoint(),
        )
        self.ctx.tell(self._state, boot)
        if found.broken_before:
            # The process that found the break may have ended before its kill switch was armed for it.
            self._problem = NOT_ACCEPTED
            boot = boot.model_copy(update={"ok": False, "problem": NOT_ACCEPTED})
        self.ctx.tell(self._kill_switch, boot)
        self._tell_head("start")
        self._tell_anchor()

    def _prove_books(self, stored: AuditHeadAndPending) -> None:
        """Compare the books with what the log makes of them, and arm if they are something else."""
        if not stored.books_in_log:
            self._proof = Proof(RunningFold.unopened(self._link.seq))
            return
        by_checkpoint = running = fold_to_the_end(self._folder)
        try:
            books = AskedBooks(self.ctx, self._state, self._link.seq)
            found, running = compare(by_checkpoint, books, self._folder)
        except MovedOnError:
            # Only this actor was started again, and state has committed more since: what was to be proved
            # was proved when state started.
            found = ()
        if running is not by_checkpoint:
            text = "the last CHECKPOINT is not what the records before it make; all records were folded"
            self._alert(Severity.HIGH, AlertCode.AUDIT_CHECKPOINT_WRONG, f"{text}, and the books are right")
        self._proof = Proof(running)
        if found:
            self._arm_for_books(found)

    def _arm_for_books(self, found: tuple[str, ...]) -> None:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        reason = f"the books are not what the audit log makes of them: {found[0]}{more}. {WHAT_TO_DO}"
        self._alert(Severity.CRITICAL, AlertCode.BOOKS_DIFFER, reason)
        self.ctx.tell(self._kill_switch, ArmKillSwitch(cause=ArmCause.DATABASE, reason=reason, who="audit"))

    def _start_restored(self, verdict: Incomplete, stored: AuditHeadAndPending) -> None:
        pending = stored.pending
        if pending is None:
            raise AssertionError("an incomplete file was found where nothing is pending")
        cut_off(self._folder / pending.file, pending.offset + verdict.present)
        reach(Failpoint.AUDIT_TAIL_CUT)
        self._append(_rest_of(pending, verdict.present))
        # The process that began the file may have been killed before the file's name was on the disk.
        fsync_folder(self._folder)
        reach(Failpoint.AUDIT_TAIL_RESTORED)
        missing = len(pending.payload) - verdict.present
        text = f"{pending.file}: {missing} of {len(pending.payload)} bytes of the last batch were restored"
        self._alert(Severity.HIGH, AlertCode.AUDIT_TAIL_RESTORED, text)
        found = boot_scan(self._folder)
        if found.problem is not None or found.link != (pending.last_seq, pending.last_hash):
            raise ChainBrokenError(f"after restoring the tail: {found.problem or found.link}")
        self._start_whole(found, stored, restored=True)

    def _start_broken(self, verdict: Broken, found: Scan, stored: AuditHeadAndPending) -> None:
        self._problem = verdict.problem
        reason = f"audit chain broken: {verdict.problem}"
        self._alert(Severity.CRITICAL, AlertCode.AUDIT_BROKEN, reason)
        self.ctx.check_live()
        evidence = put_aside(self._data_dir, self._folder, stored.pending, self.ctx.now())
        self._link, self._last_file, self._day = GENESIS, None, None
        self._proof = Proof(RunningFold.unopened(0))
        boot = AuditBoot(
            ok=False,
            restored=False,
            records=0,
            head=_head(GENESIS),
            problem=verdict.problem,
            evidence=str(evidence.folder.relative_to(self._data_dir)),
            evidence_sha256=evidence.sha256,
            expected=stored.head,
            found=_head(found.link),
        )
        self.ctx.tell(self._state, boot)
        self.ctx.tell(self._kill_switch, boot)

    def _start_without_books(self, refused: Refused) -> None:
        """Start with an unusable database: where the chain should end is unknown, and nothing is appended."""
        found = scan(self._folder)
        self._link = found.link
        self._problem = f"{HEAD_UNKNOWN}{', '.join(refused.reasons)}"
        if found.problem is not None:
            self._problem = f"{found.problem}; {self._problem}"
        head = _head(found.link)
        boot = AuditBoot(ok=False, restored=False, records=head.seq, head=head, problem=self._problem)
        self.ctx.tell(self._state, boot)

    def _handle_append(self, message: AppendAudit) -> None:
        batch = message.batch
        if batch.last_seq <= self._link.seq:
            # This incarnation wrote these bytes at its start; tell state again in case it does not know.
            self.ctx.tell(self._state, self._at())
            return
        lines = split_lines(batch.payload)
        end = follow_all(self._link, lines)
        if end != (batch.last_seq, batch.last_hash):
            raise ChainBrokenError(
                f"batch: expected its end at {batch.last_seq}:{batch.last_hash}, found {end}"
            )
        self._append(batch)
        reach(Failpoint.AUDIT_APPENDED)
        if self._log.is_lasting:
            self._day = (self._day or OpenDay(batch.file, WordsOfSwitch())).append(batch)
        rolled = self._last_file is not None and self._last_file != batch.file
        self._link, self._last_file = end, batch.file
        if self._problem is not None and any(map(accepts_break, lines)):
            self._problem = None  # As the next start will find, and `audit verify` finds now.
        if self._proof.may_be_due(len(lines)):
            self._follow_books(lines)
            self.ctx.tell(self._state, self._at(self._proof.checkpoint()))
        else:
            self.ctx.tell(self._state, self._at())
            self._follow_books(lines)
        self._tell_anchor()
        if rolled:
            reach(Failpoint.AUDIT_DAY_BEGUN)
            if self._log.is_lasting:  # Of another one nobody could ever compare the head.
                self._tell_head("daily")
                self._tell_foreign_files()
                self.ctx.tell(self.ctx.self_address, CompressOldest())

    def _open_day(self, found: Scan) -> OpenDay | None:
        """What was found of the file that is appended to; None if there is none, or only in another form."""
        if found.file is None or not (self._folder / found.file).exists():
            return None
        return OpenDay.read(self._folder / found.file, found.file, found.words)

    def _follow_books(self, lines: list[bytes]) -> None:
        found = self._proof.take(lines)
        if found:
            self._arm_for_books(found)

    def _at(self, checkpoint: dict[str, JsonValue] | None = None) -> AuditAt:
        return AuditAt(
            seq=self._link.seq, hash=self._link.hash, file_end=self._file_end(), checkpoint=checkpoint
        )

    def _file_end(self) -> FileEnd | None:
        return None if self._day is None else self._day.end(self._link)

    def _handle_compress_oldest(self) -> None:
        old = compressible(self._folder, self._today())
        if not old:
            return
        self.ctx.check_live()
        compress(old[0])
        if len(old) > 1:
            self.ctx.tell(self.ctx.self_address, CompressOldest())

    def _append(self, batch: AuditBatch) -> None:
        self.ctx.check_live()
        try:
            self._log.append(self._folder, batch, self.ctx.check_live)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._release_ballast():
                raise
            self._alert(Severity.CRITICAL, AlertCode.BALLAST_RELEASED, f"disk full while appending: {error}")
            self._log.append(self._folder, batch, self.ctx.check_live)

    def _release_ballast(self) -> bool:
        ballast = self._data_dir / BALLAST_FILE
        if not ballast.exists():
            return False
        ballast.unlink()
        reach(Failpoint.AUDIT_BALLAST_RELEASED)
        return True

    def _read(self, name: str, offset: int, count: int) -> bytes:
        return bytes_from(self._folder / name, offset, count)

    def _today(self) -> date:
        return self.ctx.now().date()

    def _status(self) -> AuditStatus:
        return AuditStatus(
            ok=self._problem is None,
            records=self._link.seq,
            head=_head(self._link),
            problem=self._problem,
        )

    def _tell_anchor(self) -> None:
        if self._anchor is not None:
            self.ctx.tell(self._anchor, HeadReached(seq=self._link.seq, hash=self._link.hash))

    def _tell_head(self, occasion: str) -> None:
        self._alert(Severity.LOW, AlertCode.AUDIT_HEAD, f"audit head {self._link} ({occasion})")

    def _tell_foreign_files(self) -> None:
        """Alert about audit files without a valid date, added since the start.

        The chain itself is still whole, but the next start would call it broken and put all its files aside.
        """
        for path in undated(self._folder):
            text = f"{path.name}: expected a day in an audit file's name; it breaks the log at the next start"
            self._alert(Severity.HIGH, AlertCode.AUDIT_FOREIGN_FILE, text)

    def _alert(self, severity: Severity, code: AlertCode, text: str) -> None:
        self._raise(severity, code, text, self.ctx.path)


def _head(link: Link) -> AuditHead:
    return AuditHead(seq=link.seq, hash=link.hash)


def _rest_of(batch: AuditBatch, present: int) -> AuditBatch:
    return batch.model_copy(update={"offset": batch.offset + present, "payload": batch.payload[present:]})
