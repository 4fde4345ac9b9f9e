"""A Telegram Bot API on loopback: answers what the test says, writes down what it was sent."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from tests.fakes.loopback import LoopbackServer

OK: tuple[int, dict[str, Any]] = (200, {"ok": True, "result": {"message_id": 1}})


class FakeTelegram(LoopbackServer):
    """`answers` are given one a request, then OK."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: deque[tuple[int, Any]] = deque()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.methods: list[str] = []

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.requests]

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.methods.append(method)
        self.requests.append((path, json.loads(body or b"{}")))
        status, answer = self.answers.popleft() if self.answers else OK
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()
