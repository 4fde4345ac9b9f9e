"""Phone: commands that a person sends from a chat."""

from __future__ import annotations

from core.messages.base import Event


class PhoneStatus(Event):
    """Told to control whenever it changes. `problem` is why commands do not arrive, None if they do."""

    mode: str
    problem: str | None
