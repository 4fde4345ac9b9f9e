"""One life of an actor in its cell: set up, one envelope at a time, and exactly one end."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from actors.runtime.actor.base import Actor
from actors.runtime.actor.mail import Envelope
from actors.runtime.actor.unrun import UNRUN, refuse_unrun
from actors.runtime.cells.context import LiveContext
from actors.runtime.cells.home import Home
from actors.runtime.cells.notices import STOP, End
from actors.runtime.errors import AskFailed, Fenced, describe


class Incarnation(LiveContext):
    """The actor, its context and its end. Runs on one worker; a supervisor may fence it from another."""

    def __init__(self, cell: Home, epoch: int) -> None:
        system = cell.system
        super().__init__(
            cell.runtime,
            cell.address,
            epoch,
            system.next_number,
            system.tracer.record,
            cell.rng,
            cell.mailbox,
            cell,
        )
        self.cell = cell
        self.served = False
        self._actor: Actor | None = None
        # At a fence two workers may try to run `on_stop`; the one that takes the token does.
        self._stop_token = Lock()

    @property
    def worker_name(self) -> str:
        return f"{self.path}#{self.epoch}"

    def setup(self) -> bool:
        """Make the actor and run `on_start`. Returns whether it serves now."""
        try:
            actor = self.cell.spec.factory(self.cell.system.addresses)
            actor.ctx = self
            self._actor = actor
            self._receive = actor.on_receive
            actor.on_start()
        except BaseException as error:
            self.runtime.let_unwind(error)
            self._crash(error, None)
            return False
        self.served = True
        if not self.mailbox.activate(self):
            # Fenced while it started: nobody else will release what it has taken.
            self.release()
            return False
        self.cell.acknowledge(self)
        # `on_start` may have called `stop_self`.
        return not self.leaving or self._leave(End.NORMAL)

    def process_one(self, envelope: Envelope) -> bool:
        """Handle one envelope. Returns whether the next may come. The same for every backend."""
        message = envelope.message
        if message is STOP:
            return self._leave(End.SHUTDOWN)
        self.current = envelope
        reply = self.reply = envelope.reply_to
        try:
            value = self._receive(message)
            if value is not None and type(value) in UNRUN:
                refuse_unrun(value, f"{self.path}: answer to {type(message).__name__}")
        except BaseException as error:
            self.runtime.let_unwind(error)
            self._crash(error, envelope)
            return False
        if reply is not None and self.reply is not None:
            reply.resolve(value)
        self.current = None
        return not self.leaving or self._leave(End.NORMAL)

    def teardown(self) -> None:
        """The worker is done with this life, whose end was reported when it happened."""
        self.cell.worker_left(self)

    def _leave(self, how: End) -> bool:
        self.release()
        owned, _ = self.mailbox.detach(self)
        if owned:
            self.retire(AskFailed(f"{self.path} stopped before it answered"))
            self.cell.ended(self, how, None, None)
        return False

    def _crash(self, error: BaseException, envelope: Envelope | None) -> None:
        """End after an exception, for tell and ask alike: an asker gets it, and the supervisor is told."""
        if not self.live:
            # Fenced already: what it raises (usually Fenced) has no effect, and its end has been reported.
            return
        failed = AskFailed(f"{self.path} failed: {describe(error)}")
        failed.__cause__ = error
        if self.reply is not None:
            self.reply.reject(failed)
        actor = self._actor
        if self.served and actor is not None:
            self._run_hook("on_failure", lambda: actor.on_failure(error))
        self.release()
        owned, _ = self.mailbox.detach(self)
        if owned:
            self.retire(failed)
            self.cell.ended(self, End.CRASH, error, envelope)

    def retire(self, why: AskFailed) -> None:
        """Prevent further effects: cancel timers, fail open replies, wake a parked handler with Fenced."""
        self.live = False
        self.may_act = False
        for timer in list(self.timers):
            timer.cancel()
        for reply in list(self.deferred):
            reply.abort(why)
        waiting_for = self.waiting_for
        if waiting_for is not None:
            waiting_for.reject(Fenced(f"{self.path}: incarnation {self.epoch} was replaced or stopped"))

    def release(self) -> None:
        """Release what the life and its actor hold, on whatever worker: what `at_end` was given, and by
        `on_stop` if the actor has started and it has not run. A fenced life is released on another worker."""
        for release in self.releases():
            self._run_hook("at_end", release)
        actor = self._actor
        if self.served and actor is not None and self._stop_token.acquire(False):
            self._run_hook("on_stop", actor.on_stop)

    def _run_hook(self, hook: str, call: Callable[[], None]) -> None:
        """Run a part of the end of this life; an exception is reported and changes nothing."""
        try:
            call()
        except Fenced:
            # It tried to have an effect after its end, and the fence prevented it: nothing to report.
            return
        except BaseException as error:
            self.runtime.let_unwind(error)
            self.cell.hook_failed(self, hook, error)
