"""One call of Deribit over HTTP: a POST with a JSON-RPC body, and the envelope that comes back.

No call is repeated here, whatever happens to it. Source: Deribit's API v2, "JSON-RPC over HTTP"; each
envelope carries `usIn`, `usOut` and `testnet`. All errors of the venue come as HTTP 400 with a JSON-RPC
body.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import monotonic, time
from typing import Any, Final

import httpx

from core.contract.scalars import YEAR_MAX
from gateway.live.deadline import Deadline
from gateway.live.errors import (
    AnomalyError,
    BusyError,
    EdgeRefusedError,
    NotSentError,
    OutsideError,
    UnknownOutcomeError,
    VenueError,
)
from gateway.live.fields import exact_json
from gateway.live.venue.clock import VenueClock
from gateway.live.venue.codes import TOO_MANY
from gateway.live.venue.methods import Method
from gateway.live.venue.signing import ApiKey, authorization

logger = logging.getLogger(__name__)
ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
BODY_BYTES_MAX: Final = 32_000
"""The venue takes no longer request."""
CONNECTIONS_MAX: Final = 8
"""The venue allows 32 from one address, and refuses the next."""
KEPT_S: Final = 30.0
"""The venue drops a connection after 15 min; one that it has dropped turns a refusal into an unknown."""
CONNECT_WITHIN_S: Final = 2.0
CONNECTING: Final = "connection.connect_"
"""How the names of a new connection's first events begin."""
_US_MAX: Final = int(datetime(YEAR_MAX + 1, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """What all hosts outside are reached with: no proxy of the environment, no redirect, TLS verified."""
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        transport=transport,
        limits=httpx.Limits(
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEPT_S,
        ),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "cerbero-bite"},
    )


async def bytes_of(
    client: httpx.AsyncClient, request: httpx.Request, deadline: Deadline
) -> tuple[int, bytes]:
    """Status and body of one request, the whole of it within the deadline.

    Raises `NotSentError` if nothing of it was written, `UnknownOutcomeError` if what it did is unknown.
    """
    host, left_s, is_sent, is_connecting = request.url.host, deadline.left_s, False, False

    async def trace(event: str, _: object) -> None:
        nonlocal is_sent, is_connecting
        is_sent = is_sent or event.endswith("send_request_headers.started")
        is_connecting = is_connecting or event.startswith(CONNECTING)

    def failed(why: str, *, never_connected: bool = False) -> OutsideError:
        # Only what is known to have ended before the first byte was not sent.
        if not is_sent and (never_connected or is_connecting):
            return NotSentError(f"{host}: {why}; nothing was sent")
        return UnknownOutcomeError(f"{host}: {why}")

    request.extensions["trace"] = trace
    request.extensions["timeout"] = httpx.Timeout(left_s, connect=min(CONNECT_WITHIN_S, left_s)).as_dict()
    try:
        async with asyncio.timeout(left_s):
            answer = await client.send(request, stream=True)
            try:
                return answer.status_code, await _body(answer)
            finally:
                await answer.aclose()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise failed(str(error) or type(error).__name__, never_connected=True) from error
    except (httpx.HTTPError, _TooLongError) as error:
        raise failed(str(error) or type(error).__name__) from error
    except TimeoutError as error:
        raise failed(f"no whole answer within {left_s:.1f} s") from error


class _TooLongError(Exception):
    """The answer is longer than is read of one."""


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise _TooLongError(f"expected at most {ANSWER_BYTES_MAX:,} bytes of an answer, found more")
    return bytes(body)


@dataclass(frozen=True)
class RpcAnswer:
    """What came back: the result, and the venue's time when it left (us since 1970; 0 if it was not said)."""

    result: Any
    us_out: int


@dataclass
class DeribitWire:
    """Calls one environment of Deribit; signs if it has a key.

    `base` is scheme and host; `testnet` is what every envelope must say of itself.
    """

    client: httpx.AsyncClient
    base: str
    testnet: bool
    clock: VenueClock
    key: ApiKey | None = None
    wall_s: Callable[[], float] = time
    on_wrong_environment: Callable[[str], None] = lambda _: None
    _ids: Any = field(default_factory=lambda: count(1), init=False)

    async def call(self, method: Method, params: Mapping[str, object], deadline: Deadline) -> RpcAnswer:
        """One call. Raises an `OutsideError`; `VenueError` if the venue itself refused."""
        asked = next(self._ids)
        path = f"/api/v2/{method.value}"
        body = json.dumps(
            {"jsonrpc": "2.0", "id": asked, "method": method.value, "params": dict(params)},
            separators=(",", ":"),
        )
        if len(body) > BODY_BYTES_MAX:
            raise NotSentError(
                f"{method}: expected at most {BODY_BYTES_MAX:,} bytes of a request, found {len(body):,}"
            )
        headers = {"Content-Type": "application/json"}
        if self.key is not None:
            headers["Authorization"] = authorization(
                self.key,
                at_ms=self.clock.now_ms(),
                nonce=secrets.token_hex(8),
                method="POST",
                uri=path,
                body=body,
            )
        request = self.client.build_request("POST", f"{self.base}{path}", content=body, headers=headers)
        began, sent_s = monotonic(), self.wall_s()
        told = "given up"
        try:
            status, raw = await bytes_of(self.client, request, deadline)
            answer = self._read(method, asked, status, raw, sent_s)
            told = "answered"
            return answer
        except OutsideError as error:
            told = str(error)
            raise
        finally:
            logger.info("%s: %s after %.3f s", method, told, monotonic() - began)

    def _read(self, method: Method, asked: int, status: int, raw: bytes, sent_s: float) -> RpcAnswer:
        host = httpx.URL(self.base).host
        try:
            found = exact_json(raw)
        except ValueError as error:
            raise self._no_envelope(host, status, "an answer that is no JSON") from error
        if not isinstance(found, dict) or ("result" not in found and "error" not in found):
            raise self._no_envelope(host, status, "an answer that is no JSON-RPC")
        if status == _TOO_MANY or status >= _SERVER_ERROR:
            raise self._no_envelope(host, status, "an envelope")
        # Whoever could not read the request can't know its id.
        if found.get("id") != asked and not (found.get("id") is None and "error" in found):
            raise UnknownOutcomeError(
                f"{method}: expected the answer to request {asked}, found {found.get('id')!r}"
            )
        us_out = self._note_time(found, sent_s)
        self._check_environment(found)
        if found.get("error") is not None:
            raise _venue_error(found["error"])
        return RpcAnswer(found.get("result"), us_out)

    def _note_time(self, found: Mapping[str, Any], sent_s: float) -> int:
        """When the answer left, us; 0 if it says no time that can be one, which no clock is to follow."""
        us_in, us_out = found.get("usIn"), found.get("usOut")
        # A truth value is an `int`, too.
        if type(us_in) is not int or type(us_out) is not int or not 0 < us_in <= us_out < _US_MAX:
            return 0
        self.clock.note(sent_s, self.wall_s(), us_in, us_out)
        return us_out

    def _check_environment(self, found: Mapping[str, Any]) -> None:
        said = found.get("testnet")
        if isinstance(said, bool) and said != self.testnet:
            wanted = "testnet" if self.testnet else "mainnet"
            text = f"testnet: expected the answers of {wanted}, found testnet={str(said).lower()}"
            self.on_wrong_environment(text)
            raise AnomalyError(text)

    @staticmethod
    def _no_envelope(host: str, status: int, what: str) -> OutsideError:
        if status == _TOO_MANY:
            return BusyError(f"{host}: HTTP {status}")
        if status in (401, 403, 404, 405, 413, 451):
            return EdgeRefusedError(host, status)
        return UnknownOutcomeError(f"{host}: expected a JSON-RPC answer, found HTTP {status} with {what}")


def _venue_error(error: object) -> OutsideError:
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return UnknownOutcomeError(f"error: expected an object with a code, found {str(error)[:80]!r}")
    code, message = error["code"], str(error.get("message", ""))[:120]
    data = error.get("data")
    reason = ""
    if isinstance(data, dict):
        said = [str(data[name]) for name in ("param", "reason") if name in data]
        reason = " ".join(said)[:120]
    if code in TOO_MANY:
        return BusyError(f"{code} {message}")
    return VenueError(code, message, reason)
