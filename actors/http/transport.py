"""The transport over HTTP: one connection, one attempt, one deadline and one bound on bytes for all of it.

httpx's transport is used without its client: redirects, cookies and proxies from the environment are not
wanted, and the client would be slow for the two thousand small requests of a simulated day in a paper run.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from threading import Event, Lock
from typing import Final

import httpcore
import httpx

from actors.http.attempt import Attempt
from actors.http.look_up import LookUps
from actors.http.network import DeadlineNetwork
from actors.http.port import ConnectionCut, NotConnected, Response, TransportError
from actors.http.trust import public_authorities

ANSWER_BYTES_MAX = 8 * 1024 * 1024
"""Of one answer's body, as it travels. The longest that is asked for, a year of hours, has 1.3 MB."""
KEEP_ALIVE_S = 2.0
"""An idle connection is closed before the server closes it (usually after 5 s), so that no order is sent on a
connection that is just being closed."""
_LOOK_UPS: Final = LookUps()
"""One for the process, so that a resolver that hangs costs a thread for each host, not for each transport."""
_TAIL = 64
_END = b"\r\n\r\n"
"""How an answer ends that is in chunks or has no body."""
_ASKED_FOR = {"Accept-Encoding": "identity"}


class HttpTransport:
    """Made once per incarnation of an actor. `monotonic` is process time in seconds.

    `tls` says whose certificates are trusted: by default those of the public authorities.
    """

    def __init__(
        self,
        base_url: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        look_ups: LookUps = _LOOK_UPS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._answer_bytes_max = answer_bytes_max
        self._lock = Lock()
        self._closed = Event()
        self._busy = False
        # One per path, that is per tool: httpx would parse a string again at each request.
        self._urls: dict[str, httpx.URL] = {}
        self._attempt = Attempt(monotonic)
        self._http = _Http(DeadlineNetwork(self._attempt, look_ups), self._context(tls))

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        """One attempt, within `timeout_s` from this call to the last byte of the answer."""
        with self._lock:
            if self._closed.is_set():
                # It would connect again, but it was closed because its owner was replaced.
                raise NotConnected(
                    f"{method} {path}: the connection was closed by its owner; nothing was sent"
                )
            self._busy = True
        try:
            self._attempt.begin(timeout_s)
            return self._sent(method, path, headers, body)
        except TransportError as error:
            raise type(error)(f"{method} {path}: {error}") from error
        finally:
            with self._lock:
                self._busy = False
            if self._closed.is_set():
                self._http.close()

    def close(self) -> None:
        """Let the connection go. A `send` under way closes it itself, as soon as it has been woken."""
        with self._lock:
            self._closed.set()
            busy = self._busy
        if busy:
            self._attempt.abandon()
        else:
            self._http.close()

    def _sent(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        attempt = self._attempt
        try:
            return self._once(method, path, headers, body)
        except NotConnected:
            if not attempt.is_kept or attempt.abandoned:
                raise
        # Nothing was sent, and the connection was an old one: it had ended, or something was left in it.
        self._http.close()
        attempt.start_over()
        return self._once(method, path, headers, body)

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        attempt = self._attempt
        request = httpx.Request(method, self._url(path), headers={**headers, **_ASKED_FOR}, content=body)
        try:
            with closing(self._http.handle_request(request)) as answer:
                if not attempt.is_sent:
                    raise NotConnected("the rest of an earlier answer was left; nothing was sent")
                self._check(answer)
                attempt.allow(self._answer_bytes_max)
                read = b"".join(answer.stream)  # type: ignore[arg-type]  # That of a transport is synchronous.
        except (httpx.TransportError, RuntimeError) as error:
            # RuntimeError: httpcore says so of a connection whose state is not what it expects.
            raise attempt.failed(_words(error)) from error
        tail = read[-_TAIL:] if "content-length" in answer.headers else b""
        if not attempt.received.endswith(tail or _END):
            # More has come than the answer: the next one must not begin with it.
            self._http.close()
        return Response(answer.status_code, _headers(answer), read)

    def _check(self, answer: httpx.Response) -> None:
        """Raise ConnectionCut for an answer whose length or meaning is in doubt, before its body is read."""
        headers = answer.headers
        if answer.status_code < 200:
            raise ConnectionCut(f"expected an answer, found the interim status {answer.status_code}")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            raise ConnectionCut(f"expected an answer that is not encoded, found {encoding[:40]!r}")
        length = headers.get("content-length")
        if length is not None and "transfer-encoding" in headers:
            raise ConnectionCut("expected one length of the answer, found Content-Length and chunks")
        if length is not None and int(length) > self._answer_bytes_max:
            raise ConnectionCut(f"expected at most {self._answer_bytes_max} bytes, found {length} announced")

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            try:
                url = self._urls[path] = httpx.URL(self._base_url + path)
            except httpx.InvalidURL:
                # The error quotes the URL, in which Telegram's token stands.
                raise NotConnected("the URL can't be used; nothing was sent") from None
        return url

    def _context(self, tls: ssl.SSLContext | None) -> ssl.SSLContext:
        if tls is not None:
            return tls
        if self._base_url.lower().startswith("https:"):
            return public_authorities()
        # Never used; httpx would read all public certificates for nothing.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Http(httpx.HTTPTransport):
    """httpx's transport over our own network. httpx has no public way to give it one; httpcore has."""

    def __init__(self, network: httpcore.NetworkBackend, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_connections=1, keepalive_expiry=KEEP_ALIVE_S, network_backend=network
        )


def _words(error: Exception) -> str:
    """What h11 says, without the bytes that it quotes: the host may have put the token into them."""
    return str(error).partition(": ")[0][:200] or type(error).__name__


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}
