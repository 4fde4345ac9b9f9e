"""A Telegram Bot API on loopback: answers what the test says, writes down what it was sent."""

from __future__ import annotations

import json
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

OK: tuple[int, dict[str, Any]] = (200, {"ok": True, "result": {"message_id": 1}})


class FakeTelegram:
    """Use as a context manager; `answers` are given one a request, then OK."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, Any]] = deque()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.methods: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                fake.methods.append(self.command)
                fake.requests.append((self.path, json.loads(body or b"{}")))
                status, answer = fake.answers.popleft() if fake.answers else OK
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.do_POST()

            def do_OPTIONS(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.requests]

    def __enter__(self) -> FakeTelegram:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
