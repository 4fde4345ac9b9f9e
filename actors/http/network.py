"""The network as httpcore sees it: each step gets the time that is left to the attempt, each byte counts.

Source of the interface: httpcore 1.0, `httpcore.NetworkBackend` and `httpcore.NetworkStream`.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterable

import httpcore

from actors.http.attempt import Attempt
from actors.http.look_up import Endpoint, LookUps
from actors.http.port import NotConnected

_ANSWER_BEGINS = b"HTTP/1."
_TLS_ALERT = 0x15
"""The first byte with which TLS refuses what is no TLS (RFC 8446, section 5.1)."""
_TLS_HINT = (
    "an authority of your own is named by CERBERO_BITE_CA_FILE (beside the public ones) or SSL_CERT_FILE "
    "(instead of them)"
)


class DeadlineStream(httpcore.NetworkStream):
    """One connection. What is written is kept until an answer is read, so that a request leaves in one piece.

    Therefore it is known whether any of it was sent, and an answer that came before it is not taken for its.
    """

    def __init__(self, opened: socket.socket, attempt: Attempt, where: str) -> None:
        self._socket = opened
        self._attempt = attempt
        self._where = where
        self._unsent = bytearray()
        self._is_tls = isinstance(opened, ssl.SSLSocket)
        self._begins = 0
        """How many bytes of the answer have been read, until it is known that it begins as one."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        if self._unsent:
            self._flush()
        attempt = self._attempt
        self._socket.settimeout(attempt.left_s())
        try:
            received = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise attempt.late() from error
        except OSError as error:
            raise attempt.failed(f"{self._where} broke the connection: {_words(error)}") from error
        attempt.count(received)
        if self._begins < len(_ANSWER_BEGINS):
            self._check_beginning(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._unsent += buffer

    def close(self) -> None:
        self._attempt.close(self._socket)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> DeadlineStream:
        """The same connection, encrypted. Nothing of a request has been sent before it is."""
        attempt, plain, where = self._attempt, self._socket, self._where
        try:
            encrypted = attempt.use(
                lambda: ssl_context.wrap_socket(
                    plain,
                    server_hostname=server_hostname,
                    do_handshake_on_connect=False,
                    # An end without TLS's own goodbye may have been made by somebody in between.
                    suppress_ragged_eofs=False,
                )
            )
            assert isinstance(encrypted, ssl.SSLSocket)
            self._socket = encrypted
            # One deadline for the whole handshake: the ssl module counts it down itself.
            encrypted.settimeout(attempt.left_s())
            encrypted.do_handshake()
        except BaseException as error:
            self.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                why = f"the certificate of {where} is not trusted: {error.verify_message}; {_TLS_HINT}"
                raise NotConnected(f"{why}; nothing was sent") from error
            if isinstance(error, TimeoutError):
                raise NotConnected(
                    f"{where} did not end the TLS handshake in time; nothing was sent"
                ) from error
            if isinstance(error, OSError | ValueError):
                why = f"no TLS with {where}: {_words(error)}; perhaps it speaks http://, not https://"
                raise NotConnected(f"{why}; nothing was sent") from error
            raise
        return DeadlineStream(encrypted, attempt, where)

    def get_extra_info(self, info: str) -> object:
        """httpcore asks whether an idle connection is readable: then it has ended, or is out of step."""
        return self._is_readable() if info == "is_readable" else None

    def _flush(self) -> None:
        """Send the request. Raises NotConnected if not a byte of it was taken."""
        attempt = self._attempt
        # A new TLS connection is readable when the server has sent session tickets.
        if (attempt.is_kept or not self._is_tls) and self._is_readable():
            raise NotConnected(f"{self._where} answered or hung up before it was asked; nothing was sent")
        # Part of a TLS record may have left even if the call fails; a plain socket says how much it took.
        attempt.is_sent = attempt.is_sent or self._is_tls
        unsent = memoryview(bytes(self._unsent))
        self._unsent.clear()
        self._begins = 0
        try:
            while unsent:
                self._socket.settimeout(attempt.left_s())
                taken = self._socket.send(unsent)
                attempt.is_sent = True
                unsent = unsent[taken:]
        except TimeoutError as error:
            raise attempt.late() from error
        except OSError as error:
            raise attempt.failed(f"{self._where} broke the connection: {_words(error)}") from error

    def _check_beginning(self, received: bytes) -> None:
        """Raise ConnectionCut unless the answer begins as one: the rest of an earlier one does not."""
        expected = _ANSWER_BEGINS[self._begins : self._begins + len(received)]
        if not received:
            raise self._attempt.failed(f"{self._where} hung up without an answer")
        if not received.startswith(expected):
            hint = "; it speaks TLS: perhaps https:// is meant" if received[0] == _TLS_ALERT else ""
            raise self._attempt.failed(f"{self._where} does not answer in HTTP/1{hint}")
        self._begins += len(received)

    def _is_readable(self) -> bool:
        if self._socket.fileno() < 0:
            return True
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


class DeadlineNetwork(httpcore.NetworkBackend):
    """Opens connections for the attempts of one transport."""

    def __init__(self, attempt: Attempt, look_ups: LookUps) -> None:
        self._attempt = attempt
        self._look_ups = look_ups

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> DeadlineStream:
        """Try each address of the host, none for longer than its share of the time."""
        attempt = self._attempt
        attempt.is_kept = False
        endpoints = self._look_ups.endpoints(host, port, attempt.left_s())
        where = f"{host}:{port}"
        error: OSError = OSError("no address")
        for number, endpoint in enumerate(endpoints):
            share_s = attempt.left_s() / (len(endpoints) - number)
            try:
                return DeadlineStream(self._connected(endpoint, share_s), attempt, where)
            except OSError as failure:
                error = failure
        raise NotConnected(f"{_refusal(where, error)}; nothing was sent") from error

    def _connected(self, endpoint: Endpoint, timeout_s: float) -> socket.socket:
        opened = self._attempt.use(lambda: socket.socket(endpoint.family, socket.SOCK_STREAM))
        try:
            opened.settimeout(timeout_s)
            opened.connect(endpoint.address)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            self._attempt.close(opened)
            raise
        return opened


def _refusal(where: str, error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refused the connection: nothing listens there"
    if isinstance(error, TimeoutError):
        return f"{where} did not accept a connection in time"
    return f"{where} can't be reached: {_words(error)}"


def _words(error: Exception) -> str:
    """What the system says, without numbers and module names."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
