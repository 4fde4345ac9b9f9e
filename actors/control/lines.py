"""Lines that come over a connection, each within its time, however slowly its bytes arrive."""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic

from actors.control.wire import LINE_BYTES_MAX


class Lines:
    """What the other side of a connection says, line by line; nothing that was received is lost."""

    def __init__(self, connection: socket.socket, *, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._received = bytearray()

    def next(self, ends_at_s: float) -> bytes:
        """The next line with its end; what has come of it if the connection ends, or if it grows too long.

        `ends_at_s` is on the monotonic clock, and holds for the whole line: a byte now and then gains
        nothing. Raises TimeoutError and other OSError.
        """
        while (end := self._received.find(b"\n", 0, LINE_BYTES_MAX) + 1) == 0:
            if len(self._received) >= LINE_BYTES_MAX:
                end = LINE_BYTES_MAX
                break
            left_s = ends_at_s - self._clock()
            if left_s <= 0.0:
                raise TimeoutError
            self._connection.settimeout(left_s)
            more = self._connection.recv(65_536)
            if not more:
                end = len(self._received)
                break
            self._received += more
        line = bytes(self._received[:end])
        del self._received[:end]
        return line
