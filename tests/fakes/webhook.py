"""A server on loopback that takes any request, and answers with the status that the test says."""

from __future__ import annotations

from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType


class Webhook:
    """Use as a context manager; `statuses` are given one a request, then 200. `requests` are (method, path,
    body); `called` is set by the first."""

    def __init__(self) -> None:
        self.statuses: deque[int] = deque()
        self.requests: list[tuple[str, str, str]] = []
        self.called = Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                fake.requests.append((self.command, self.path, body))
                self.send_response(fake.statuses.popleft() if fake.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                fake.called.set()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Webhook:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
