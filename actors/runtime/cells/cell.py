"""The cell: the lasting part of an actor. It owns path, mailbox, epoch and history; lives come and go.

It is a pykka actor: a `pykka.ActorRef` to it can tell, ask and stop. Pykka's own loop, registry and proxies
are not used: the loop is the backend's, and `Incarnation.process_one` handles each envelope.
"""

from __future__ import annotations

import threading
from typing import Any

import pykka

from actors.runtime.actor.mail import (
    Address,
    AnyAddress,
    Envelope,
    OwnEnvelope,
    SomeAddress,
    Terminated,
    Watcher,
)
from actors.runtime.backend.asking import check_timeout, refusal_error
from actors.runtime.backend.futures import ThreadFuture
from actors.runtime.backend.mailbox import FULL, Deliver, Mailbox
from actors.runtime.backend.runtime import Channel, Parked
from actors.runtime.cells.home import Life
from actors.runtime.cells.incarnation import Incarnation
from actors.runtime.cells.notices import STOP, End, Ended, Hung, Up
from actors.runtime.cells.post_office import PostOffice
from actors.runtime.cells.pykka_inbox import PykkaInbox
from actors.runtime.errors import AskFailed, AskTimeout, describe
from actors.runtime.policy.spec import ChildSpec
from actors.runtime.reporting.events import HookFailed, MailboxOverflow
from actors.runtime.reporting.folding import EVENT_EVERY_US, Told
from actors.runtime.reporting.status import CellState, CellStatus
from actors.runtime.times import from_us

_new_tuple = tuple.__new__


class Cell(pykka.Actor):
    """One per child spec, for as long as the system lives."""

    def __init__(self, system: PostOffice, spec: ChildSpec, path: str) -> None:
        # The base initialiser draws a random URN; a path is unique in its system and the same in every run.
        self.actor_urn = path
        self.system = system
        self.runtime = system.runtime
        self.spec = spec
        self.name = spec.name
        self.path = path
        self.address: AnyAddress = Address(path, spec.name, self)
        self.mailbox: Mailbox = self.runtime.new_mailbox(spec.mailbox_bound)
        self.mailbox.detach(None)
        self.rng = self.runtime.rng(path)
        self.state = CellState.NEW
        self.epoch = 0
        self.restarts = 0
        self.last_error: str | None = None
        self.incarnation: Incarnation | None = None
        self._began_us: int | None = None
        self.actor_stopped = threading.Event()
        self._channel: Channel | None = None
        # Traces and queues an envelope. A refused one is a dead letter, unless an asker is told.
        self.deliver: Deliver = self.mailbox.deliverer(system.tracer.record, self._refused)
        self.actor_inbox = PykkaInbox(self.address, system, self.deliver)
        self._actor_ref = pykka.ActorRef(self)
        self._next_number = system.next_number
        self._stamp_ns = self.runtime.stamp_ns
        self._watchers: dict[Watcher, None] = {}
        self._overflow_told_us: int | None = None

    @staticmethod
    def _create_actor_inbox() -> Any:
        raise NotImplementedError("a cell's mailbox is made by its runtime")

    @staticmethod
    def _create_future() -> Any:
        # Pykka's ActorRef knows only the class, not the runtime; any thread may wait on this kind.
        return ThreadFuture()

    def _start_actor_loop(self) -> None:
        raise NotImplementedError("a cell is started by its supervisor")

    @property
    def hang_limit_s(self) -> float:
        return self.spec.hang_limit_s

    @property
    def busy_since_s(self) -> float | None:
        return None if self.mailbox.current is None else self.mailbox.busy_since

    @property
    def waiting_on(self) -> SomeAddress | None:
        """The actor whose answer the current life's handler waits for, or None."""
        incarnation = self.incarnation
        if incarnation is None or incarnation.waiting_for is None or incarnation.waiting_for.done:
            return None
        return incarnation.waiting_on

    def tell_from(self, message: object, sender: AnyAddress | None, correlation: str | None) -> None:
        # Inlined, because every message from outside passes here.
        number, at_ns = self._next_number(), self._stamp_ns()
        fields = (number, message, sender, correlation, None, at_ns, self.address, None)
        envelope = _new_tuple(Envelope, fields)
        self.deliver(envelope)

    def ask_from(self, message: object, timeout_s: float, correlation: str | None) -> object:
        check_timeout(timeout_s)
        future = self.runtime.new_future()
        refusal = self.deliver(self.system.new_envelope(self.address, message, None, correlation, future))
        if refusal is not None:
            raise refusal_error(self.path, message, refusal)
        if not self.runtime.wait(future, timeout_s, None):
            text = f"{self.path} did not answer {type(message).__name__} within {timeout_s} s"
            if future.reject(AskTimeout(text)):
                raise AskTimeout(text)
        return future.outcome()

    def watched_by(self, watcher: Watcher) -> None:
        for former in list(self._watchers):
            # Ended watchers are dropped: they would pile up with every restart of the watching actor.
            if not former.live:
                self._watchers.pop(former, None)
        self._watchers[watcher] = None
        # Checked after the entry, so that an end at this very moment is told here or by `tell_watchers`.
        if self.state is CellState.STOPPED and self._watchers.pop(watcher, watcher) is None:
            watcher.terminated(Terminated(self.path, self.name, "stopped", restarting=False))

    def begin(self, channel: Channel) -> int:
        """Start the next life on a worker; it reports Up or Ended. Returns its epoch."""
        self.epoch += 1
        self._began_us = self.runtime.now_us()
        self.state = CellState.STARTING
        self._channel = channel
        incarnation = self.incarnation = Incarnation(self, self.epoch)
        for stale in self.mailbox.attach(incarnation):
            self._outlived(stale)
        self.actor_stopped.clear()
        self.runtime.start_consumer(incarnation)
        return self.epoch

    def order_stop(self, *, after_mail: bool) -> None:
        """Ask the current life to end: before all user mail, or behind what is queued."""
        order = self.system.new_envelope(self.address, STOP, None, None, None)
        if after_mail:
            self.mailbox.put_last(order)
        else:
            self.mailbox.put_system(order)

    def fence(self, how: End, error: BaseException, *, holding: Envelope | None = None) -> bool:
        """Cut the current life off from everything; with `holding`, only while it handles that envelope.

        False if it does not, or if the life ended by itself just before: then its report is on the way.
        """
        incarnation = self.incarnation
        if incarnation is None:
            return False
        owned, current = self.mailbox.detach(incarnation, holding)
        if not owned:
            return False
        failed = AskFailed(f"{self.path} {how.value}: {error}")
        failed.__cause__ = error
        incarnation.retire(failed)
        # A life that stops itself and hangs in `on_stop` has handled its current envelope already.
        handled = incarnation.leaving and incarnation.current is None
        if current is not None and current.message is not STOP and not handled:
            if current.reply_to is not None:
                current.reply_to.reject(failed)
            self.system.dead(current, how.value, Told.EACH)
        self.last_error = describe(error)
        self._counted_out(incarnation)
        return True

    def acknowledge(self, life: Life) -> None:
        """Tell the supervisor that a life serves."""
        self.report(Up(self, life.epoch))

    def ended(self, life: Life, how: End, error: BaseException | None, envelope: Envelope | None) -> None:
        """A life has ended: make its poisoned message a dead letter, and tell the supervisor."""
        message_type = "on_start"
        if envelope is not None:
            message_type = type(envelope.message).__name__
            self.system.dead(envelope, f"crashed: {type(error).__name__}", Told.EACH)
        elif life.served:
            message_type = "on_stop"
        if error is not None:
            self.last_error = describe(error)
        self.report(Ended(self, life.epoch, how, error, message_type))

    def report(self, message: object) -> None:
        """Tell the supervisor that started the current life."""
        if self._channel is not None:
            self._channel.put(message)

    def hook_failed(self, life: Life, hook: str, error: BaseException) -> None:
        """Report an exception of a hook, which was contained."""
        at = from_us(self.runtime.now_us())
        self.system.post(HookFailed(self.path, life.epoch, hook, error, at))

    def worker_left(self, life: Life) -> None:
        """The worker of a life is done: drop an ended life, so that nothing refers to its actor any more."""
        self._counted_out(life)
        if self.incarnation is life and not life.live:
            self.incarnation = None

    def _counted_out(self, life: Parked) -> None:
        if self.runtime.activity is not None:
            self.runtime.activity.finish(life)

    def report_if_hung(self) -> None:
        """Called by the hang watch: report if one message has been handled for longer than the limit."""
        incarnation, current = self.incarnation, self.mailbox.current
        if incarnation is None or current is None or not incarnation.live or current.message is STOP:
            return
        busy_for_s = self.runtime.monotonic() - self.mailbox.busy_since
        # Virtual time is exact to the microsecond; the rounding of float seconds must not hide a hang.
        if busy_for_s + 1e-6 >= self.spec.hang_limit_s and self.mailbox.current is current:
            busy_with = type(current.message).__name__
            self.report(Hung(self, incarnation.epoch, current, busy_with, busy_for_s))

    def close(self, why: str) -> None:
        """Take no mail any more; queued asks are refused, other queued mail goes to the dead letters."""
        for envelope in self.mailbox.close(why):
            if envelope.message is STOP:
                continue
            if type(envelope) is OwnEnvelope:
                self._outlived(envelope)
                continue
            reply = envelope.reply_to
            if reply is not None and reply.reject(refusal_error(self.path, envelope.message, why)):
                # The asker is told, so it is no dead letter; an asker that has given up waiting is not told.
                continue
            self.system.dead(envelope, why, Told.FOLDED)

    def _outlived(self, own: OwnEnvelope) -> None:
        """Keep a message of a timer or watch whose life has ended as a dead letter, but raise no event."""
        self.system.dead(own, "its life ended", Told.NOT)

    def close_for_good(self) -> None:
        """Close the cell for good: it will never serve again."""
        self.close("stopped")
        self.state = CellState.STOPPED
        self.actor_stopped.set()

    def reopen(self) -> None:
        """Take mail again: the cell may be started again."""
        self.mailbox.reopen()
        self.state = CellState.HELD

    def tell_watchers(self, reason: str, *, restarting: bool) -> None:
        """Tell the watchers that an incarnation has ended."""
        message = Terminated(self.path, self.name, reason, restarting)
        for watcher in list(self._watchers):
            last = self.state is CellState.STOPPED or not watcher.live
            if last and self._watchers.pop(watcher, watcher) is not None:
                # `watched_by` tells it at this very moment.
                continue
            watcher.terminated(message)

    def _refused(self, envelope: Envelope, refusal: str) -> None:
        if refusal == FULL:
            if envelope.reply_to is None:
                self.system.dead(envelope, refusal, Told.NOT)
            now_us = self.runtime.now_us()
            told_us = self._overflow_told_us
            if told_us is None or now_us - told_us >= EVENT_EVERY_US:
                self._overflow_told_us = now_us
                self.system.post(MailboxOverflow(self.path, self.mailbox.overflowed, from_us(now_us)))
        elif envelope.reply_to is None:
            self.system.dead(envelope, refusal, Told.FOLDED)

    def status(self) -> CellStatus:
        """The status of the cell at this moment."""
        current = self.mailbox.current
        busy = current is not None and current.message is not STOP
        return CellStatus(
            name=self.name,
            path=self.path,
            state=self.state,
            restarts=self.restarts,
            epoch=self.epoch,
            mailbox_depth=len(self.mailbox),
            overflowed=self.mailbox.overflowed,
            busy_with=type(current.message).__name__ if busy else None,
            busy_for_s=self.runtime.monotonic() - self.mailbox.busy_since if busy else 0.0,
            last_error=self.last_error,
            began_at=None if self._began_us is None else from_us(self._began_us),
            hang_limit_s=self.spec.hang_limit_s,
        )
