"""A fake address: it records what is sent to it, and gives prepared answers."""

from __future__ import annotations

from typing import Any

from actors.runtime.actor.mail import Address, AnyAddress, Envelope, SomeAddress, Watcher
from actors.runtime.backend.asking import check_timeout
from actors.runtime.errors import ActorUnavailable


class _Inbox:
    """The recipient behind a fake address: it records what is sent there."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.senders: list[SomeAddress | None] = []
        self.correlations: list[str | None] = []
        self.timeouts_s: list[float] = []
        self.answers: dict[type, object] = {}
        self.watchers: list[Watcher] = []

    @property
    def waiting_on(self) -> SomeAddress | None:
        return None

    def deliver(self, envelope: Envelope) -> str | None:
        self.received.append(envelope.message)
        self.senders.append(envelope.sender)
        self.correlations.append(envelope.correlation)
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(answer_from(self.answers, envelope.message, "FakeAddress.answers"))
        return None

    def watched_by(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)

    def tell_from(self, message: object, sender: AnyAddress | None, correlation: str | None) -> None:
        self.received.append(message)
        self.senders.append(sender)
        self.correlations.append(correlation)

    def ask_from(self, message: object, timeout_s: float, correlation: str | None) -> object:
        check_timeout(timeout_s)
        self.received.append(message)
        self.correlations.append(correlation)
        self.timeouts_s.append(timeout_s)
        return answer_from(self.answers, message, f"FakeAddress.answers[{type(message).__name__}]")


def answer_from(answers: dict[type, object], message: object, where: str) -> object:
    """The prepared answer: a value, an exception to raise, or a function of the message."""
    if type(message) not in answers:
        raise ActorUnavailable(f"no answer prepared: set {where}")
    answer = answers[type(message)]
    if isinstance(answer, BaseException):
        raise answer
    if callable(answer):
        return answer(message)
    return answer


class FakeAddress(Address[Any]):
    """An address without an actor; `.received` lists what was sent to it, except by a `FakeContext`."""

    __slots__ = ()

    def __init__(self, name: str, path: str | None = None) -> None:
        super().__init__(path or f"root/{name}", name, _Inbox())

    @property
    def inbox(self) -> _Inbox:
        assert isinstance(self.recipient, _Inbox)
        return self.recipient

    @property
    def received(self) -> list[object]:
        return self.inbox.received

    @property
    def answers(self) -> dict[type, object]:
        return self.inbox.answers
