"""A server on loopback that takes any request, and answers with the status that the test says."""

from __future__ import annotations

from collections import deque
from threading import Event

from tests.fakes.loopback import LoopbackServer


class Webhook(LoopbackServer):
    """`statuses` are given one a request, then 200. `requests` are (method, path, body); `called` is set by
    the first."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: deque[int] = deque()
        self.requests: list[tuple[str, str, str]] = []
        self.called = Event()

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.requests.append((method, path, body.decode()))
        self.called.set()
        return self.statuses.popleft() if self.statuses else 200, b""
