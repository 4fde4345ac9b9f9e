"""The inbox, the future and the loop of each backend as plain pykka actor classes, by pykka's own rules.

They have no supervision; they show that what the cell stands on keeps pykka's contract.
"""

from __future__ import annotations

import logging
import sys
from threading import Thread
from typing import TYPE_CHECKING, Any

import pykka
from greenlet import GreenletExit

from actors.runtime.backend.futures import OneShot, ThreadFuture
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.green.mailbox import GreenMailbox
from actors.runtime.green.waiting import GreenFuture
from actors.runtime.threads.loop import run_loop

if TYPE_CHECKING:
    from actors.runtime import GreenRuntime

# Whoever reads pykka's log should find these actors in the same place.
logger = logging.getLogger("pykka")


class PlainActor(pykka.Actor):
    """What happens to one envelope by pykka's rules; a backend adds inbox, future and loop."""

    def process_one(self, envelope: Any) -> bool:
        """Handle one envelope; whether the next may come."""
        reply = envelope.reply_to
        try:
            answer = self._handle_receive(envelope.message)
            if reply is not None:
                reply.set(answer)
        except GreenletExit:
            raise
        except Exception as error:
            if reply is None:
                self._fail(error)
            else:
                logger.info("Exception returned from %s to caller:", self, exc_info=error)
                reply.set_exception()
        except BaseException as error:
            logger.debug("%r in %s. Stopping all actors.", error, self)
            self._stop()
            pykka.ActorRegistry.stop_all()
        return not self.actor_stopped.is_set()

    def _fail(self, error: Exception) -> None:
        self._handle_failure(type(error), error, error.__traceback__)
        try:
            self.on_failure(type(error), error, error.__traceback__)
        except Exception:
            self._handle_failure(*sys.exc_info())


class ThreadActor(PlainActor):
    """A plain pykka actor on our thread mailbox, thread future and loop."""

    @staticmethod
    def _create_actor_inbox() -> Any:
        return TwoLaneMailbox()

    @staticmethod
    def _create_future() -> OneShot:
        return ThreadFuture()

    def _start_actor_loop(self) -> None:
        Thread(target=self._actor_loop, name=type(self).__name__, daemon=True).start()

    def _actor_loop_running(self) -> None:
        if not self.actor_stopped.is_set():
            mailbox: Any = self.actor_inbox
            run_loop(mailbox, self)


class _GreenConsumer:
    """A plain actor as the simulated backend's loop sees it."""

    def __init__(self, actor: PlainActor, mailbox: GreenMailbox) -> None:
        self._actor = actor
        self.mailbox = mailbox
        self.worker_name = str(actor)
        self.process_one = actor.process_one

    def setup(self) -> bool:
        """Pykka's start hook."""
        self._actor._actor_loop_setup()
        return not self._actor.actor_stopped.is_set()

    def teardown(self) -> None:
        """Pykka empties the inbox itself, for which it must own it."""
        self.mailbox.attach(None)
        self._actor._actor_loop_teardown()


def simulated_classes(runtime: GreenRuntime) -> tuple[type[PlainActor], type[OneShot]]:
    """A plain pykka actor class and its future class, bound to one simulated runtime."""

    class BoundFuture(GreenFuture):
        """Pykka makes futures from futures without an argument."""

        def __init__(self) -> None:
            super().__init__(runtime)

    class SimulatedActor(PlainActor):
        """A plain pykka actor in virtual time."""

        @staticmethod
        def _create_actor_inbox() -> Any:
            return GreenMailbox(runtime)

        @staticmethod
        def _create_future() -> OneShot:
            return BoundFuture()

        def _start_actor_loop(self) -> None:
            mailbox: Any = self.actor_inbox
            consumer = _GreenConsumer(self, mailbox)
            mailbox.attach(consumer)
            runtime.start_consumer(consumer)

    return SimulatedActor, BoundFuture
