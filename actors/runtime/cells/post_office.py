"""What cells and supervisors need of the system around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from actors.runtime.actor.mail import AnyAddress, Envelope, Reply
from actors.runtime.backend.runtime import Channel, Runtime
from actors.runtime.reporting.events import RuntimeEvent
from actors.runtime.reporting.folding import Told
from actors.runtime.reporting.records import Tracer


class PostOffice(Protocol):
    """Numbers and traces the mail, keeps dead letters, and passes events on."""

    @property
    def runtime(self) -> Runtime: ...

    @property
    def tracer(self) -> Tracer: ...

    @property
    def addresses(self) -> Mapping[str, AnyAddress]:
        """Every cell's address, by name; complete before the first cell starts."""

    @property
    def next_number(self) -> Callable[[], int]:
        """Returns the number for the next envelope."""

    @property
    def observer(self) -> Channel:
        """The channel that the root supervisor reports to."""

    def new_envelope(
        self,
        to: AnyAddress,
        message: object,
        sender: AnyAddress | None,
        correlation: str | None,
        reply: Reply | None,
    ) -> Envelope:
        """An envelope from outside the actors: it has no cause."""

    def dead(self, envelope: Envelope, why: str, told: Told) -> None:
        """Keep a dead letter, and tell the listener of it."""

    def post(self, event: RuntimeEvent) -> None:
        """Tell an event from any thread; the listener is called on the root supervisor's."""

    def post_held(self) -> None:
        """Post the dead letters that folding has held so far."""

    def emit(self, event: RuntimeEvent) -> None:
        """Tell an event now, on a supervisor's own thread."""
