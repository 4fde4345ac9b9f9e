"""A chat with a person over Telegram's Bot API, on loopback: what they type, and what they are answered."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from types import TracebackType
from typing import Any

WAIT_S = 60.0


class FakeChat:
    """Use as a context manager. A message is kept until it is confirmed, as Telegram keeps it."""

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.texts: list[str] = []
        self._changed = Condition()
        self._unconfirmed: list[dict[str, Any]] = []
        self._number = 1000
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                content = json.dumps({"ok": True, "result": chat.answer(self.path, body)}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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

    def answer(self, path: str, body: dict[str, Any]) -> object:
        """What the API's server says to one request."""
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

    def __enter__(self) -> FakeChat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
