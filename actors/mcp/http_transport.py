"""The transport over HTTP: one httpx connection, one attempt, one deadline for all of it.

httpx's transport is used without its client: redirects, cookies and proxies from the environment are not
wanted, and the client would be slow for the two thousand small requests of a simulated day in a paper run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

import httpx

from actors.mcp.transport import ANSWER_BYTES_MAX, ConnectionCut, NoAnswer, NotConnected, Response

KEEP_ALIVE_S = 2.0
"""An idle connection is closed before the server closes it (usually after 5 s), so that no order is sent on a
connection that is just being closed."""


class HttpTransport:
    """Made once per incarnation of an actor. `monotonic` is process time in seconds."""

    def __init__(self, base_url: str, *, monotonic: Callable[[], float]) -> None:
        self._base_url = base_url.rstrip("/")
        self._monotonic = monotonic
        self._closed = False
        # One per path, that is per tool: httpx would parse a string again at each request.
        self._urls: dict[str, httpx.URL] = {}
        self._http = httpx.HTTPTransport(
            trust_env=False, limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE_S)
        )

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        """One attempt. httpx limits each step alone, so the time left is checked while the body arrives."""
        if self._closed:
            # httpx's transport would connect again, but this one was closed because its owner was replaced.
            raise ConnectionCut(f"{method} {path}: the connection was closed")
        ends_at = self._monotonic() + timeout_s
        request = httpx.Request(
            method,
            self._url(path),
            headers={**headers, "Accept-Encoding": "gzip, deflate"},
            content=body,
            extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
        )
        try:
            with closing(self._http.handle_request(request)) as answer:
                answer.request = request
                return Response(
                    status=answer.status_code,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=self._read(answer, ends_at),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotConnected(f"{method} {path}: {type(error).__name__}") from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"{method} {path}: no answer within {timeout_s:g} s") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise ConnectionCut(f"{method} {path}: {type(error).__name__}") from error
        except RuntimeError as error:
            # httpx raises this if another thread closes the transport meanwhile: its owner was replaced.
            raise ConnectionCut(f"{method} {path}: the connection was closed") from error

    def close(self) -> None:
        self._closed = True
        self._http.close()

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(self._base_url + path)
        return url

    def _read(self, answer: httpx.Response, ends_at: float) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise ConnectionCut(f"answer longer than {ANSWER_BYTES_MAX} bytes")
            if self._monotonic() > ends_at:
                raise NoAnswer("the answer did not end within the deadline")
        return bytes(body)
