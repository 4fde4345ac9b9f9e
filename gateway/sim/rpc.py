"""The simulated venue's HTTP side: JSON-RPC by POST, or by GET with a query; errors leave as HTTP 400."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, assert_never

from starlette.requests import Request
from starlette.responses import Response

from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.faults import Fault, SimFault
from gateway.sim.venue import SimVenue

API: Final = "/api/v2/"
BODY_BYTES_MAX: Final = 32_000
INTEGERS: Final = frozenset(
    {"depth", "start_timestamp", "end_timestamp", "timestamp", "count", "offset", "since", "valid_until"}
)
"""What a query has as text, and a body as a number."""
NUMBERS: Final = frozenset({"amount", "price"})
FLAGS: Final = {"true": True, "false": False}
EDGE: Final = "<html><body>502 Bad Gateway</body></html>"
MESSAGES: Final = {
    10028: "too_many_requests",
    10040: "retry",
    10041: "settlement_in_progress",
    11051: "system_maintenance",
    13009: "unauthorized",
    13021: "forbidden",
    13888: "timed_out",
}
"""The words of the codes that are played most; the others say that they were played."""


class RpcDoor:
    """Reads requests and wraps answers."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue

    async def answer(self, request: Request) -> Response:
        """`GET` or `POST /api/v2/{method}`, as long as it takes: whoever asked may be gone by then."""
        body = (await request.body()).decode("utf-8", "replace")
        return await asyncio.shield(asyncio.ensure_future(self._played(request, body)))

    async def _played(self, request: Request, body: str) -> Response:
        fault = self._venue.faults.strike(request.url.path.removeprefix(API))
        if fault is None:
            return self._answered(request, body)
        match fault.kind:
            case SimFault.SLOW:
                await self._venue.faults.pause(fault.number)
                return self._answered(request, body)
            case SimFault.SLOW_AFTER:
                answer = self._answered(request, body)
                await self._venue.faults.pause(fault.number)
                return answer
            case SimFault.TWICE:
                self._answered(request, body)
                return self._answered(request, body)
            case SimFault.REFUSE:
                return self._refused(body, fault)
            case SimFault.REFUSE_AFTER:
                self._answered(request, body)
                return self._refused(body, fault)
            case SimFault.CUT | SimFault.HTML | SimFault.TOO_MANY:
                return self._edge(fault, None)
            case SimFault.CUT_AFTER | SimFault.HTML_AFTER:
                return self._edge(fault, self._answered(request, body))
            case _:
                assert_never(fault.kind)

    def _answered(self, request: Request, body: str) -> Response:
        us_in = self._now_us()
        asked: object = None
        try:
            method = request.url.path.removeprefix(API)
            if request.method == "POST":
                asked, method, params = _spoken(body, method)
            else:
                params = {name: _typed(name, value) for name, value in request.query_params.items()}
            uri = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            header = request.headers.get("authorization", "")
            caller = self._venue.keys.caller(header, request.method, uri, body, us_in // 1000)
            told = {"result": self._venue.call(method, params, caller)}
            status = 200
        except RpcError as error:
            told, status = {"error": error.as_json()}, 400
        return self._enveloped(asked, told, status, us_in)

    def _enveloped(self, asked: object, told: dict[str, Any], status: int, us_in: int) -> Response:
        us_out = self._now_us()
        envelope: dict[str, object] = {"jsonrpc": "2.0"}
        if asked is not None:
            envelope["id"] = asked
        envelope |= told
        envelope |= {
            "usIn": us_in,
            "usOut": us_out,
            "usDiff": us_out - us_in,
            "testnet": self._venue.testnet,
        }
        return Response(json.dumps(envelope), status, media_type="application/json")

    def _refused(self, body: str, fault: Fault) -> Response:
        code = int(fault.number)
        error = RpcError(code, MESSAGES.get(code, "played"))
        return self._enveloped(
            json.loads(body or "{}").get("id"), {"error": error.as_json()}, 400, self._now_us()
        )

    @staticmethod
    def _edge(fault: Fault, answer: Response | None) -> Response:
        """What somebody between caller and venue says, or a body that ends in the middle."""
        if fault.kind is SimFault.TOO_MANY:
            return Response("slow down", 429)
        if fault.kind in (SimFault.HTML, SimFault.HTML_AFTER):
            return Response(EDGE, 502, media_type="text/html")
        whole = b'{"jsonrpc":"2.0","id":1}' if answer is None else bytes(answer.body)
        return Response(whole[: len(whole) // 2], 200, media_type="application/json")

    def _now_us(self) -> int:
        return int(self._venue.wall_s() * 1_000_000)


def _typed(name: str, value: str) -> object:
    """A parameter of a query as the JSON of a body has it."""
    if name in INTEGERS and value.lstrip("-").isdigit():
        return int(value)
    if name in NUMBERS:
        try:
            return float(value)
        except ValueError:
            return value
    return FLAGS.get(value, value)


def _spoken(body: str, path: str) -> tuple[object, str, dict[str, Any]]:
    """Id, method and parameters of a POST. Raises `RpcError`; the method must stand in the body, too."""
    if len(body) > BODY_BYTES_MAX:
        raise RpcError(11050, "bad_request", reason="body too long")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RpcError(-32700, "Parse error") from error
    if not isinstance(found, dict) or "method" not in found:
        raise RpcError(11050, "bad_request", reason="method is missing")
    if found["method"] != path:
        raise RpcError(11050, "bad_request", reason="method differs from the path")
    params = found.get("params") or {}
    if not isinstance(params, dict):
        raise invalid_params("params", "must be an object")
    return found.get("id"), path, params
