"""The real paper venue in this process: the transport port straight onto its front desk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from actors.mcp.transport import Response
from gateway.paper.process import PaperVenue, PaperVenueConfig

TOKEN = "paper-token"
_PATH = re.compile(r"/mcp-(\w+)/(?:tools/(\w+)|health)")


class PaperInProcess:
    """Hands each request to the venue at the time that it carries, as the HTTP shell does."""

    def __init__(self, data_dir: Path, *, seed: int, faults: tuple[str, ...] = ()) -> None:
        config = PaperVenueConfig(seed=seed, token=TOKEN, data_dir=data_dir, faults=faults)
        self.paper = PaperVenue(config)
        self.log: list[tuple[str, bytes]] = []

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        found = _PATH.fullmatch(path)
        assert found is not None, path
        tool = found[2] or "health"
        self.log.append((tool, body or b""))
        now = datetime.fromisoformat(lower["x-paper-now"])
        answer = self.paper.dispatch(now, found[1], tool, lower, body or b"{}")
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, told, answer.body)

    def close(self) -> None:
        """The venue outlives the connection."""
