"""The `KILL` file as the latch writes it: what could not be written is kept, and tried again."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from actors.kill_switch.kill_file import KillFilePort
from actors.kill_switch.reporter import Reporter
from actors.room import HOUR_S, StandingAlert
from actors.runtime import OwnContext
from core.alerts import AlertCode, Severity
from core.kill_file import Arming, KillFile
from core.messages.arm_cause import ArmCause

FILE_RETRY_S = 5.0
"""Market time until a `KILL` file that could not be written is tried again."""


@dataclass(frozen=True)
class Look:
    """Timer: the file is to be tried again."""


class ArmedFile:
    """One per incarnation."""

    def __init__(self, ctx: OwnContext[Look], file: KillFilePort, reporter: Reporter) -> None:
        self._ctx = ctx
        self._file = file
        self._reporter = reporter
        self._unwritten: dict[tuple[ArmCause, ...], Arming] = {}
        self._is_bare = False
        """The file is on disk without them: it arms for them all the same."""
        self._failing = StandingAlert(HOUR_S)
        self._retry_is_planned = False
        self.not_on_disk: str | None = None
        """Why there is no `KILL` file on disk although it was to be laid; None if nothing is missing."""

    @property
    def is_waiting(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._unwritten)

    @property
    def wordless(self) -> frozenset[str]:
        """The ids of the armings that hold by the file on disk, which has no room for their words."""
        return frozenset(arming.key for arming in self._unwritten.values() if self._is_bare)

    def read(self) -> KillFile | None:
        """The content on disk."""
        return self._file.read()

    def read_aside(self) -> KillFile | None:
        """What a disarming that was cut short had set aside."""
        return self._file.read_aside()

    def whole(self) -> KillFile | None:
        """The content on disk, and what is still to be written."""
        found = self._file.read()
        if not self._unwritten:
            return found
        before = KillFile() if found is None else found
        return KillFile((*before.armings, *self._unwritten.values()), before.rest, before.problem)

    def lay(self, arming: Arming) -> None:
        """Have this arming in the file, and the file on disk. A failure raises an alert and is tried again.

        It does not crash: the next incarnation would know nothing of the arming.
        """
        found = self._file.read()
        if found is None or not _is_in(arming, found):
            self._unwritten[arming.causes] = arming
        self._write()

    def try_again(self) -> None:
        """Write what could not be written."""
        self._retry_is_planned = False
        if self._unwritten:
            self._write()

    def disarm(self, ids: Set[str]) -> KillFile | None:
        """Take away what `ids` name; returns what stays. Raises OSError."""
        left = self._file.disarm(ids)
        self._unwritten.clear()
        self.not_on_disk = None
        return left

    def settle_aside(self, ids: Set[str]) -> None:
        """End a disarming that was cut short, as the port says. Raises OSError."""
        self._file.settle_aside(ids)

    def _write(self) -> None:
        self._ctx.check_live()
        bare: OSError | None = None
        try:
            if not self._unwritten:
                self._file.sync()  # Somebody else wrote it, and may not have come to this.
            for causes, arming in tuple(self._unwritten.items()):
                bare = self._file.add(arming)
                if bare is not None:
                    break
                del self._unwritten[causes]
        except OSError as error:
            self.not_on_disk = str(error)
            text = f"KILL can't be written, the switch is armed in memory only: {error}"
            self._fail(AlertCode.KILL_FILE_UNWRITABLE, text)
        else:
            self.not_on_disk = None
            self._is_bare = bare is not None
            if bare is not None:
                text = f"KILL is on disk and arms, but why and by whom could not be written into it: {bare}"
                self._fail(AlertCode.KILL_FILE_BARE, text)
            else:
                self._failing.tell_end()

    def _fail(self, code: AlertCode, text: str) -> None:
        if self._failing.tell_now(self._ctx.now()):
            self._reporter.alert(Severity.CRITICAL, code, text, "arming")
        if not self._retry_is_planned:
            self._retry_is_planned = True
            self._ctx.call_later(FILE_RETRY_S, Look())


def _is_in(arming: Arming, found: KillFile) -> bool:
    """Whether the file says this already: a person's arming in the same words, another's by its cause."""
    if ArmCause.OPERATOR not in arming.causes:
        return found.named_causes.issuperset(arming.causes)
    told = (arming.causes, arming.reason, arming.who)
    return any((other.causes, other.reason, other.who) == told for other in found.armings)
