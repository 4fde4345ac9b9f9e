"""A cell's mailbox in the shape that pykka expects."""

from __future__ import annotations

from typing import Any

import pykka.messages

from actors.runtime.actor.mail import AnyAddress, Reply
from actors.runtime.backend.asking import refusal_error
from actors.runtime.backend.mailbox import Deliver
from actors.runtime.cells.notices import STOP
from actors.runtime.cells.post_office import PostOffice


class PykkaInbox:
    """The inbox that a `pykka.ActorRef` puts its envelopes into."""

    def __init__(self, address: AnyAddress, system: PostOffice, deliver: Deliver) -> None:
        self._address = address
        self._system = system
        self._deliver = deliver

    def put(self, envelope: Any, /) -> None:
        """Turn a pykka envelope into one of ours; pykka's stop takes its turn behind earlier mail."""
        message = envelope.message
        if isinstance(message, pykka.messages._ActorStop):
            message = STOP
        reply: Reply | None = envelope.reply_to
        own = self._system.new_envelope(self._address, message, None, None, reply)
        refusal = self._deliver(own)
        if refusal is not None and reply is not None:
            reply.reject(refusal_error(self._address.path, message, refusal))

    def get(self) -> Any:
        """Only the owner may take."""
        raise NotImplementedError("a cell's mail is taken by its incarnation alone")

    def empty(self) -> bool:
        """Never asked: pykka looks only when its own loop ends."""
        raise NotImplementedError("a cell's mail is drained by its supervisor")
