"""A person's arming: `KILL` first, then the engine.

It needs no help of what it stops. It is certain when the engine has confirmed it, or when so much time has
passed since `KILL` was on disk that no order under an earlier permit can have an effect: the engine looks for
`KILL` right before it sends an order.

What takes long to import is imported after `KILL` is laid: a busy machine needs a second for it, and the
person counts from when they gave the command.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from actors.kill_switch import DiskKillFile
from core.errors import FoundWrongError, InputError
from core.kill_file import KILL_FILE_NAME, Arming
from core.messages.arm_cause import ArmCause
from core.permit_times import CERTAIN_AFTER_S
from core.text import visible
from core.venue_text import own_words
from reading.engine_lock import LOCK, running_engine
from reading.errors import DataFolderError
from reading.operator import operator_name
from reading.redacted import redacted

if TYPE_CHECKING:
    from core.messages.kill_switch import KillSwitchArmed

NO_ENGINE = "no running engine was found on this folder"
REASON_CHARS_MAX = 1000
ANSWERED_WITHIN_S = 6.0
"""From when the command was given."""
TO_END_S = 0.25
"""Of that, for the last words and for the end of the process on a busy machine."""


class Patience(Protocol):
    """Time that passes for the person who waits."""

    def began_s(self) -> float:
        """When they gave the command, as `monotonic` counts."""

    def monotonic(self) -> float:
        """Seconds."""

    def wait(self, event: Event, timeout_s: float) -> bool:
        """Whether it happened in time."""


class RealPatience:
    """The machine's own, of a command that was given at `began_s` of the monotonic clock."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s

    def began_s(self) -> float:
        return self._began_s

    def monotonic(self) -> float:
        return monotonic()

    def wait(self, event: Event, timeout_s: float) -> bool:
        return event.wait(timeout_s)


@dataclass(frozen=True)
class Laid:
    """How `KILL` got on disk: whole, or with a `problem` without this arming's words, or not at all."""

    on_disk: bool
    problem: str | None


class Asked:
    """Asks the engine in a thread of its own, which may be left hanging on an engine that hangs."""

    def __init__(self, data_dir: Path, reason: str) -> None:
        self._data_dir = data_dir
        self._reason = reason
        self.confirmed = Event()
        self.armed: KillSwitchArmed | None = None
        self.problem = "it has not answered"

    def start(self) -> None:
        """Return at once. Without a thread the engine is not asked, and what is on disk counts alone."""
        try:
            Thread(target=self._ask, name="arming", daemon=True).start()
        except RuntimeError as error:
            self.problem = f"it could not be asked: {error}"

    def _ask(self) -> None:
        try:
            if running_engine(self._data_dir) is None:
                self.problem = NO_ENGINE
                return
            from reading.switch.asking import armed_by_engine

            self.armed = armed_by_engine(self._data_dir, self._reason)
        except Exception as error:  # Whatever it is, this thread has nobody else to tell it to.
            self.problem = str(error) or type(error).__name__
        else:
            self.confirmed.set()


def new_arming(reason: str, who: str) -> Arming:
    """A person's arming. The time is this machine's: it may be needed when nothing else works."""
    reason, who = (visible(own_words(redacted(text))) for text in (reason, who))
    if len(reason) > REASON_CHARS_MAX:
        reason = f"{reason[:REASON_CHARS_MAX]}… (cut)"
    return Arming(
        arming_id=secrets.token_hex(16),
        causes=(ArmCause.OPERATOR,),
        reason=reason,
        who=who,
        at=datetime.now(UTC),
    )


def arm(data_dir: Path, reason: str, say: Callable[[str], None], patience: Patience) -> tuple[str, ...]:
    """Arm, and return what is true then, in sentences. `say` is told how long it still takes.

    Returns within 6 s of the command, whatever the engine does. Raises InputError for a folder that no engine
    has used, and FoundWrongError if the arming is not on disk or not certain.
    """
    if not _is_an_engines(data_dir):
        raise InputError(
            f"--data-dir {data_dir}: expected an engine's folder (with {LOCK} or cerbero.db), found neither; "
            "nothing was armed"
        )
    file, arming = DiskKillFile(data_dir), new_arming(reason, operator_name())
    laid = _lay(file, arming)
    certain_at_s = patience.monotonic() + CERTAIN_AFTER_S
    asked = Asked(data_dir, arming.reason)
    asked.start()
    confirmed = _wait(asked, laid, certain_at_s, say, patience)
    armed = asked.armed if confirmed else None
    if not laid.on_disk and (armed is None or armed.not_on_disk is not None):
        raise FoundWrongError(_not_on_disk(data_dir, laid, asked, armed))
    found = file.read()
    if found is None or (laid.on_disk and laid.problem is None and arming.key not in found.ids):
        again = _lay(file, arming)
        where = "it is there again" if again.on_disk else f"it can't be laid again: {again.problem}"
        raise FoundWrongError(
            f"{KILL_FILE_NAME} was taken away while this command ran, by a disarming or by hand; {where}. "
            "Run the command again to be certain"
        )
    if not confirmed and (left_s := certain_at_s - patience.monotonic()) > 0:
        raise FoundWrongError(_too_early(certain_at_s - CERTAIN_AFTER_S - patience.began_s(), left_s))
    causes = found.causes
    exits = None if armed is None else armed.exits_blocked
    return (f"armed: {_what_leaves(exits, causes)}", *_how(laid, asked, armed))


def _is_an_engines(data_dir: Path) -> bool:
    """Whether an engine has used it, or uses it now although its files are gone."""
    if (data_dir / LOCK).exists() or _has_books(data_dir):
        return True
    try:
        return running_engine(data_dir) is not None
    except DataFolderError:
        return False


def _has_books(data_dir: Path) -> bool:
    from reading.books import has_books

    return has_books(data_dir)


def _lay(file: DiskKillFile, arming: Arming) -> Laid:
    try:
        problem = file.add(arming)
    except OSError as error:
        return Laid(False, error.strerror or str(error))
    return Laid(True, None if problem is None else problem.strerror or str(problem))


def _wait(
    asked: Asked, laid: Laid, certain_at_s: float, say: Callable[[str], None], patience: Patience
) -> bool:
    """Whether the engine has confirmed it before no permit can be left, or before an answer is due."""
    until_s = min(certain_at_s, patience.began_s() + ANSWERED_WITHIN_S - TO_END_S)
    try:
        while (left_s := until_s - patience.monotonic()) > 0:
            if patience.wait(asked.confirmed, min(left_s, 1.0)):
                return True
            seconds = math.ceil(certain_at_s - patience.monotonic())
            if seconds > 0 and laid.on_disk:
                say(
                    f"{KILL_FILE_NAME} is on disk; in {seconds} s no earlier order can be on its way any more"
                )
    except KeyboardInterrupt:
        where = "is on disk" if laid.on_disk else f"is not on disk: {laid.problem}"
        raise FoundWrongError(
            f"interrupted: {KILL_FILE_NAME} {where}; an order that was on its way may still have an effect"
        ) from None
    return asked.confirmed.is_set()


def _what_leaves(exits_blocked: bool | None, causes: frozenset[ArmCause]) -> str:
    """By the engine's answer, or without one by the causes alone: this command reads no settings."""
    from core.orders.armed import Leaves, what_leaves
    from core.strategy import ExitsWhenArmed

    if exits_blocked is None and what_leaves(causes, ExitsWhenArmed.ALLOW_REDUCE_ONLY) is Leaves.NO_ORDER:
        exits_blocked = True
    match exits_blocked:
        case True:
            return "no order leaves any more, exits included"
        case False:
            return "no entry leaves any more; reduce-only exits still may"
        case None:
            return "no entry leaves any more; reduce-only exits may only if kill_switch.exits allows them"


def _how(laid: Laid, asked: Asked, armed: KillSwitchArmed | None) -> tuple[str, ...]:
    """What a person should know beside it."""
    said = []
    if armed is None and asked.problem == NO_ENGINE:
        said.append(
            f"{NO_ENGINE}; {KILL_FILE_NAME} is on disk, and no order of one that ran can be on its way"
        )
    elif armed is None:
        said.append(
            f"the engine has not confirmed it ({asked.problem}); {KILL_FILE_NAME} is on disk, it looks there "
            "before every order, and no earlier order can be on its way any more"
        )
    if laid.problem is not None:
        said.append(f"{KILL_FILE_NAME} arms without reason and name, which found no place ({laid.problem})")
    return tuple(said)


def _not_on_disk(data_dir: Path, laid: Laid, asked: Asked, armed: KillSwitchArmed | None) -> str:
    path = data_dir / KILL_FILE_NAME
    if armed is None:
        return (
            f"not armed: {path} can't be laid ({laid.problem}), and the engine has not confirmed it "
            f"({asked.problem}). Stop the engine's process, or make it possible to write there and try again"
        )
    return (
        f"armed in the engine's memory only: {path} can't be laid ({armed.not_on_disk}), and a restart may "
        "forget it. Make it possible to write there and run the command again"
    )


def _too_early(took_s: float, left_s: float) -> str:
    return (
        f"{KILL_FILE_NAME} is on disk and arms, but this machine took {took_s:.1f} s to lay it, and an order "
        f"that was on its way before may still have an effect for {left_s:.1f} s. After that none can; "
        "nothing else is to be done"
    )
