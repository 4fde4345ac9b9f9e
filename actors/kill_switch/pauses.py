"""A person pauses and resumes entries: in memory at once, then in the books.

The books decide, as soon as they have it; what is in memory here is only what they do not have yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actors.kill_switch.gate import Gate
from actors.kill_switch.reporter import Reporter
from actors.runtime import OwnContext
from core.messages.base import Refused
from core.messages.kill_switch import EntriesPaused, EntriesResumed, PauseEntries, ResumeEntries
from core.messages.state import LatchEntries, LatchesLifted, LiftLatches
from core.orders.books import EntryLatch, LatchSource

RECORD_RETRY_S = 60.0
"""Market time until the record of a pause that state has refused is told again."""


@dataclass(frozen=True)
class RecordPausesAgain:
    """Timer: the pauses that state has refused are to be told again."""


@dataclass
class _Pausing:
    """A pause on its way to the books. `is_due`: they have refused it, and it is to be told again."""

    command: PauseEntries
    answer: Callable[[EntriesPaused], None]
    is_due: bool = False


@dataclass(frozen=True)
class _Resuming:
    """`pauses` are the records under way that it takes back."""

    command: ResumeEntries
    pauses: frozenset[str]
    answer: Callable[[EntriesResumed | Refused], None]


class Pauses:
    """One per incarnation. `blockers` says what else blocks entries, for people."""

    def __init__(
        self,
        ctx: OwnContext[RecordPausesAgain],
        *,
        gate: Gate,
        reporter: Reporter,
        blockers: Callable[[], tuple[str, ...]],
    ) -> None:
        self._ctx = ctx
        self._gate = gate
        self._reporter = reporter
        self._blockers = blockers
        self._pausing: dict[str, _Pausing] = {}
        self._resuming: dict[str, _Resuming] = {}
        self._retry_is_planned = False

    def pause_entries(self, command: PauseEntries, answer: Callable[[EntriesPaused], None]) -> None:
        """Block entries now, and have the books keep it; `answer` is called when they do or can't."""
        record_id = f"pause-{command.request_id}"
        self._gate.pauses[record_id] = EntryLatch(
            source=LatchSource.OPERATOR,
            latched=True,
            reason=command.reason,
            who=command.who,
            at=self._ctx.now(),
        )
        self._reporter.withdraw_entries(f"entries are paused: {command.reason}")
        self._pausing[record_id] = _Pausing(command, answer)
        self._record(record_id, command)

    def resume_entries(
        self, command: ResumeEntries, answer: Callable[[EntriesResumed | Refused], None]
    ) -> None:
        """Have the books lift the latches; `answer` is called when they have."""
        record_id = f"resume-{command.request_id}"
        sources = tuple(LatchSource) if command.source is None else (command.source,)
        is_meant = LatchSource.OPERATOR in sources
        earlier = (key for key, each in self._pausing.items() if each.command.at <= command.at)
        self._resuming[record_id] = _Resuming(command, frozenset(earlier if is_meant else ()), answer)
        self._reporter.send(
            LiftLatches(
                request_id=record_id,
                sources=sources,
                reason=command.reason,
                who=command.who,
                at=self._ctx.now(),
                inbox_request_id=command.request_id,
            )
        )

    def recorded(self, record_id: str) -> None:
        """State has recorded a pause, or knows a later resumption."""
        pausing = self._pausing.pop(record_id, None)
        if pausing is None:
            return
        self._gate.pauses.pop(record_id, None)
        command = pausing.command
        pausing.answer(EntriesPaused(request_id=command.request_id, reason=command.reason, who=command.who))

    def lifted(self, lifted: LatchesLifted) -> None:
        """State has recorded a resumption: take back the pauses before it that the books do not have."""
        resuming = self._resuming.pop(lifted.request_id, None)
        if resuming is None:
            return
        taken_back = [key for key in resuming.pauses if self._gate.pauses.pop(key, None) is not None]
        for key in taken_back:
            del self._pausing[key]
        sources = set(lifted.lifted) | ({LatchSource.OPERATOR} if taken_back else set())
        resuming.answer(
            EntriesResumed(
                request_id=resuming.command.request_id,
                lifted=tuple(source for source in LatchSource if source in sources),
                still_blocked_by=self._blockers(),
            )
        )

    def refused(self, refused: Refused) -> None:
        """State refuses: a pause holds in memory and is told again later, a resumption did not happen."""
        pausing = self._pausing.get(refused.request_id)
        if pausing is not None:
            pausing.is_due = True
            if not self._retry_is_planned:
                self._retry_is_planned = True
                self._ctx.call_later(RECORD_RETRY_S, RecordPausesAgain())
            command = pausing.command
            pausing.answer(
                EntriesPaused(
                    request_id=command.request_id,
                    reason=command.reason,
                    who=command.who,
                    not_on_disk=", ".join(refused.reasons),
                )
            )
        resuming = self._resuming.pop(refused.request_id, None)
        if resuming is not None:
            request_id = resuming.command.request_id
            resuming.answer(Refused(request_id=request_id, reasons=refused.reasons))

    def try_again(self) -> None:
        """Tell state the pauses again that it has refused."""
        self._retry_is_planned = False
        for record_id, pausing in self._pausing.items():
            if pausing.is_due:
                pausing.is_due = False
                self._record(record_id, pausing.command)

    def _record(self, record_id: str, command: PauseEntries) -> None:
        self._reporter.send(
            LatchEntries(
                request_id=record_id,
                source=LatchSource.OPERATOR,
                reason=command.reason,
                who=command.who,
                at=self._ctx.now(),
                inbox_request_id=command.request_id,
            )
        )
