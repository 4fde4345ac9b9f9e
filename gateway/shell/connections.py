"""A connection on which no request becomes whole is closed, and only so many are open: whoever sends nothing,
or a header for ever, keeps nobody else out for long."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S_MAX: Final = 10.0
"""A connection that has sent no whole request by then is closed; after others, by twice as long."""
CONNECTIONS_MAX: Final = 128
"""More than an engine and its owner have, and fewer than a process may have files."""
FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ImpatientConnection(H11Protocol):
    """uvicorn by itself waits for the end of a header for ever, and takes as many connections as come."""

    _is_served = False

    def connection_made(self, transport: Any) -> None:
        """Serve it, or say at once that it is one too many."""
        if len(self.connections) >= CONNECTIONS_MAX:
            transport.write(FULL)
            transport.close()
            return
        self._is_served = True
        super().connection_made(transport)
        self.loop.call_later(HEAD_S_MAX, self._look, transport, None)

    def data_received(self, data: bytes) -> None:
        """What comes over one that was refused is not read."""
        if self._is_served:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """There is room for another."""
        if self._is_served:
            super().connection_lost(exc)

    def _look(self, transport: asyncio.Transport, before: RequestResponseCycle | None) -> None:
        """`before` is the last request that had come at the last look; None if none had."""
        if transport.is_closing():
            return
        last: RequestResponseCycle | None = vars(self)["cycle"]
        if last is before and (last is None or last.response_complete):
            transport.close()
        else:
            self.loop.call_later(HEAD_S_MAX, self._look, transport, last)
