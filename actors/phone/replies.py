"""The answers that wait to be sent to the phone, the oldest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actors.phone.answers import reply_of
from actors.phone.bot import NotReached, PhoneBot
from core.named_commands import typeable

RETRY_S: Final = 1.0
REPLY_TRIES: Final = 3
REPLIES_MAX: Final = 50


@dataclass
class _Reply:
    text: str
    tries: int = 0


class Replies:
    """Each begins with the label, and its commands name `folder`. One that is not taken three times is
    dropped, because what it says can be asked again; and so is the oldest, if too many wait."""

    def __init__(self, label: str, folder: str = "") -> None:
        self._label = label
        self._folder = folder
        self._waiting: deque[_Reply] = deque()

    def add(self, lines: Sequence[str]) -> bool:
        """True if nothing waited before, so that nobody is about to send it."""
        if len(self._waiting) >= REPLIES_MAX:
            self._waiting.popleft()
        self._waiting.append(
            _Reply(reply_of([self._label, *(typeable(line, self._folder) for line in lines)]))
        )
        return len(self._waiting) == 1

    def send_next(self, bot: PhoneBot) -> tuple[float | None, NotReached | None]:
        """One attempt with the oldest. Returned: the seconds until the next one, None if nothing waits, and
        why the oldest was dropped."""
        if not self._waiting:
            return None, None
        reply = self._waiting[0]
        failed = bot.reply(reply.text)
        reply.tries += 1
        if failed is not None and reply.tries < REPLY_TRIES:
            return max(RETRY_S * reply.tries, failed.retry_after_s or 0.0), None
        self._waiting.popleft()
        return (0.0 if self._waiting else None), failed
