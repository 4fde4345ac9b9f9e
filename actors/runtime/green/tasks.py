"""What the loop of a simulation runs step by step: a piece of work, or one life of an actor."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context

from actors.runtime.backend.runtime import Consumer
from actors.runtime.green.mailbox import GreenMailbox
from actors.runtime.green.ports import Loop
from actors.runtime.green.switching import Fiber


class GreenJob:
    """One piece of work: a supervisor's life, a hook, or the code outside the actors."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.context = Context()
        self.fiber: Fiber | None = None
        self.waits_for: object = None
        self.error: BaseException | None = None
        self.step = work

    def waits_for_name(self) -> str:
        """Unknown: no actor's handler runs here."""
        return "?"


class MailTask:
    """One life of an actor: set up at the first step, then an envelope at each."""

    def __init__(self, loop: Loop, consumer: Consumer, mailbox: GreenMailbox) -> None:
        self.name = consumer.worker_name
        self.context = Context()
        self.fiber: Fiber | None = None
        self.waits_for: object = None
        self.error: BaseException | None = None
        self.consumer = consumer
        self.idle = False
        self._mailbox = mailbox
        self._loop = loop
        self._user = mailbox.user_lane
        self._system = mailbox.system_lane
        self._process_one = consumer.process_one
        self._ready_again = loop.ready.append
        self.step: Callable[[], None] = self._set_up

    def _set_up(self) -> None:
        """The first step."""
        self.step = self._handle_one
        if not self.consumer.setup():
            self._leave()
        elif self._mailbox.empty():
            self.idle = True
        else:
            self._ready_again(self)

    def _handle_one(self) -> None:
        """Every later step: one envelope."""
        # Taking is inlined, because every message of a simulation passes here.
        mailbox, user, system = self._mailbox, self._user, self._system
        if mailbox.owner is not self.consumer:
            self._leave()
            return
        mailbox.current = envelope = system.popleft() if system else user.popleft()
        mailbox.busy_since = self._loop.process_time_s
        if not self._process_one(envelope):
            self._leave()
        elif user or system:
            self._ready_again(self)
        else:
            mailbox.current = None
            self.idle = True

    def _leave(self) -> None:
        if self._mailbox.task is self:
            self._mailbox.task = None
        self.consumer.teardown()

    def waits_for_name(self) -> str:
        """The path of the actor that it has asked, or `?`."""
        waiting_on = getattr(self.consumer, "waiting_on", None)
        return "?" if waiting_on is None else str(waiting_on.path)
