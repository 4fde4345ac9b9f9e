"""A chat with a person over Telegram's Bot API, on loopback: what they type, and what they are answered."""

from __future__ import annotations

import json
from threading import Condition
from typing import Any

from tests.fakes.loopback import LoopbackServer

WAIT_S = 60.0


class FakeChat(LoopbackServer):
    """A message is kept until it is confirmed, as Telegram keeps it."""

    def __init__(self, owner: int) -> None:
        super().__init__()
        self.owner = owner
        self.texts: list[str] = []
        self._changed = Condition()
        self._unconfirmed: list[dict[str, Any]] = []
        self._number = 1000

    def typed(self, text: str, *, date: int, sender: int | None = None) -> None:
        """A message in the private chat of the sender, by default of the owner; `date` is Unix time."""
        who = self.owner if sender is None else sender
        with self._changed:
            self._number += 1
            message = {
                "date": date,
                "chat": {"id": who, "type": "private"},
                "from": {"id": who},
                "text": text,
            }
            self._unconfirmed.append({"update_id": self._number, "message": message})
            self._changed.notify_all()

    def answered(self, begins: str) -> str:
        """Wait for a message to the owner that has a line which begins so, and take it and all before it."""

        def found() -> str | None:
            return next((text for text in self.texts if f"\n{begins}" in f"\n{text}"), None)

        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, WAIT_S):
                raise TimeoutError(f"expected a line that begins with {begins!r}, found: {self.texts}")
            text = found()
            assert text is not None
            del self.texts[: self.texts.index(text) + 1]
            return text

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        result = self._result(path, json.loads(body))
        return 200, json.dumps({"ok": True, "result": result}).encode()

    def _result(self, path: str, body: dict[str, Any]) -> object:
        with self._changed:
            if path.endswith("/sendMessage"):
                self.texts.append(body["text"])
                self._changed.notify_all()
                return {"message_id": len(self.texts)}
            offset = body.get("offset")
            if offset is not None:
                self._unconfirmed = [one for one in self._unconfirmed if one["update_id"] >= offset]
            # Held as long as the caller asks for, but shorter, so that no test waits for it.
            self._changed.wait_for(lambda: bool(self._unconfirmed), min(body.get("timeout", 0), 0.2))
            return list(self._unconfirmed)
