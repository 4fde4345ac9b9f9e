"""Control: what a person asks of the running engine, over the control socket or the live view."""

from __future__ import annotations

from datetime import datetime

from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.engine_status import EngineStatus


class SocketLost(Event):
    """The control socket was taken away from its path; `error` says why it could not be bound again."""

    path: str
    error: str | None


class SocketDeaf(Event):
    """No connection to the control socket can be taken; `error` says why. None: they are taken again."""

    error: str | None


class LockLookedAt(Event):
    """What was wrong with the locks of the data folder; all None when it is over.

    `lock`: what became of the file; `error`: why it could not be laid again; `folder`: what became of the
    folder itself.
    """

    lock: str | None
    error: str | None
    folder: str | None


class GetStatus(Query[EngineStatus]):
    """Answered by `EngineStatus`."""


class EngineAlive(Event):
    at: datetime
    pid: int


class PingEngine(Query[EngineAlive]):
    """Answered by `EngineAlive`, by control alone."""


class Healthcheck(Event):
    """`problems` names each part that does not work. An armed switch is a state, not a problem."""

    ok: bool
    at: datetime
    problems: tuple[str, ...]
    notes: tuple[str, ...]


class GetHealthcheck(Query[Healthcheck]):
    """Answered by `Healthcheck`."""


class EngineStopping(Event):
    reason: str


class StopEngine(Command, Answered[EngineStopping]):
    """Stop in good order. Answered by `EngineStopping` before the stop begins."""

    reason: str


class Dump(Event):
    text: str


class GetDump(Query[Dump]):
    """Answered by `Dump`: every actor's state, mailbox, current message and thread stack."""


class Trace(Event):
    """One line per envelope, oldest first: time, id, cause, correlation, sender and receiver, message."""

    lines: tuple[str, ...]


class GetTrace(Query[Trace]):
    """The messages of one correlation, from the ring buffer of envelopes. Answered by `Trace`."""

    correlation: str


class InjectAccepted(Event):
    """`on_disk`: books and audit file have the message, so that it is carried out whatever ends or restarts.

    If not, as with the messages to the kill switch, only its answer says what is true.
    """

    request_id: str
    message: str
    on_disk: bool


class InjectMessage(Command, Answered[InjectAccepted | Refused]):
    """An operator's message by name. Answered by `InjectAccepted`, or `Refused`.

    A message that goes through the inbox is on disk then; those to the kill switch are not. `asker` names who
    waits for its end; whether they learned it is said by `AwaitEnded`. If nobody waits, the end of a message
    that is on disk is told by an alert.
    """

    message: str
    body: str
    """The message's fields as a JSON object."""
    who: str
    asker: str = ""
    request_id: str = ""
    """Made by the sender if it may send the message again: repeated, it is one message."""


class InjectDone(Event):
    """`message` is what was injected, `answer` the name of the message that came back, `body` its JSON."""

    request_id: str
    message: str
    answer: str
    body: str


class InjectWaits(Event):
    """The message is under way; `text` says, for people, what it waits for. `number` counts these words."""

    request_id: str
    number: int
    text: str


class AwaitInject(Query[InjectDone | InjectWaits | Refused]):
    """Answered by `InjectDone` when the message has its final answer, or before that by `InjectWaits` as soon
    as there is a word whose number is above `seen`; by `Refused` if there is no such message."""

    request_id: str
    seen: int = 0


class AwaitEnded(Command):
    """The `asker` of a message does not wait any more. `told`: its `InjectDone` went out to the person."""

    asker: str
    told: bool
