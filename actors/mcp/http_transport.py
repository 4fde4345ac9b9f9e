"""The transport over HTTP: one httpx client, one attempt, one deadline for all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from actors.mcp.transport import ANSWER_BYTES_MAX, ConnectionCut, NoAnswer, NotConnected, Response

KEEP_ALIVE_S = 2.0
"""Dropped before a usual server (5 s) drops an idle connection: an order must not meet a closing one."""


class HttpTransport:
    """Made once per incarnation of an actor. `monotonic` is process time in seconds."""

    def __init__(self, base_url: str, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._client = httpx.Client(
            base_url=base_url,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_ALIVE_S),
        )

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        """One attempt. httpx limits each step alone, so the time left is checked while the body arrives."""
        ends_at = self._monotonic() + timeout_s
        try:
            with self._client.stream(
                method, path, headers=dict(headers), content=body, timeout=httpx.Timeout(timeout_s)
            ) as answer:
                return Response(
                    status=answer.status_code,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=self._read(answer, ends_at),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotConnected(f"{method} {path}: {type(error).__name__}") from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"{method} {path}: no answer within {timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise ConnectionCut(f"{method} {path}: {type(error).__name__}") from error
        except RuntimeError as error:
            # httpx says so where another thread closed the client: this incarnation was replaced.
            raise ConnectionCut(f"{method} {path}: the client was closed") from error

    def close(self) -> None:
        self._client.close()

    def _read(self, answer: httpx.Response, ends_at: float) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise ConnectionCut(f"answer longer than {ANSWER_BYTES_MAX} bytes")
            if self._monotonic() > ends_at:
                raise NoAnswer("the answer did not end within the deadline")
        return bytes(body)
