"""How many connections one address may have, and for how long.

Source: Deribit's documentation: 32 from one address, the next gets HTTP 429; a connection is dropped
after 15 minutes.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from gateway.shell.connections import ImpatientConnection

CONNECTIONS_MAX: Final = 32
LIFE_S: Final = 900.0
REFUSED: Final = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class CountedConnection(ImpatientConnection):
    """One connection of the simulated venue. All are from this machine, so that all are of one address."""

    open_now: ClassVar[int] = 0
    _is_counted = False

    def connection_made(self, transport: Any) -> None:
        """Serve it, or say at once that it is one too many."""
        if CountedConnection.open_now >= CONNECTIONS_MAX:
            transport.write(REFUSED)
            transport.close()
            return
        CountedConnection.open_now += 1
        self._is_counted = True
        super().connection_made(transport)
        self._ends = asyncio.get_running_loop().call_later(LIFE_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """What comes over one that was refused is not read."""
        if self._is_counted:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """There is room for another."""
        if self._is_counted:
            CountedConnection.open_now -= 1
            self._is_counted = False
            self._ends.cancel()
            super().connection_lost(exc)
