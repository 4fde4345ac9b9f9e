"""One attempt at a request: the time and the bytes that are left to it, and the socket that it uses."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from actors.http.port import ConnectionCut, NoAnswer, NotConnected, TransportError

HEAD_BYTES_MAX = 256 * 1024
"""Until the headers of an answer are complete, interim answers and what comes with the headers included."""


class Attempt:
    """What all steps of an attempt share. Reused from attempt to attempt of one transport.

    Every method but `abandon` belongs to the thread that makes the attempt. The lock keeps `abandon` from
    touching a socket whose number has been given to another file meanwhile.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._timeout_s = 0.0
        self._ends_at = 0.0
        self._bytes_left = 0
        self.abandoned = False
        self.is_sent = False
        """Whether a byte of the request may have left."""
        self.is_kept = False
        """Whether the connection is one that an earlier attempt has opened."""
        self.received = b""
        """What was read last."""

    def begin(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._ends_at = self._monotonic() + timeout_s
        self.start_over()

    def start_over(self) -> None:
        """Forget how far it came; what is left of the time stays what it is."""
        self.is_sent = False
        self.is_kept = True
        self.allow(HEAD_BYTES_MAX)

    def allow(self, bytes_max: int) -> None:
        """Read so many bytes from now on, and not one more."""
        self._bytes_left = bytes_max

    def left_s(self) -> float:
        """The time that is left, above 0. Raises NoAnswer or NotConnected if there is none."""
        left_s = self._ends_at - self._monotonic()
        if left_s <= 0.0:
            raise self.late()
        return left_s

    def late(self) -> TransportError:
        """The error of an attempt that has used up its time."""
        if self.is_sent:
            return NoAnswer(f"no complete answer within {self._timeout_s:g} s")
        return NotConnected(f"not connected within {self._timeout_s:g} s; nothing was sent")

    def failed(self, why: str) -> TransportError:
        """The error of an attempt that has failed for another reason."""
        return ConnectionCut(why) if self.is_sent else NotConnected(f"{why}; nothing was sent")

    def count(self, received: bytes) -> None:
        """Take off what was read, whatever it is: interim answers and the sizes of chunks, too."""
        self.received = received
        self._bytes_left -= len(received)
        if self._bytes_left < 0:
            raise self.failed("the answer is longer than is read of one")

    def use(self, opened: Callable[[], socket.socket]) -> socket.socket:
        """Go on with the socket that `opened` returns at once. Raises if the attempt was abandoned."""
        with self._lock:
            used = opened()
            if not self.abandoned:
                self._socket = used
                return used
            used.close()
        raise self.failed("the connection was closed by its owner")

    def close(self, used: socket.socket) -> None:
        """Close a socket. Only the thread that uses it may."""
        with self._lock:
            if self._socket is used:
                self._socket = None
            used.close()

    def abandon(self) -> None:
        """End the attempt from another thread, also what it does next.

        Shutting a socket down wakes whoever reads from it; closing it would not, and would set its number
        free while it is still in use. The method of the plain socket is called: that of a TLS socket first
        forgets the encryption, so that what is sent next might go out in clear.
        """
        with self._lock:
            self.abandoned = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
