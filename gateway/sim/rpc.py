"""The simulated venue's HTTP side: JSON-RPC by POST, or by GET with a query; errors leave as HTTP 400."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.venue import SimVenue

API: Final = "/api/v2/"
BODY_BYTES_MAX: Final = 32_000
INTEGERS: Final = frozenset(
    {"depth", "start_timestamp", "end_timestamp", "timestamp", "count", "offset", "since"}
)
"""What a query has as text, and a body as a number."""


class RpcDoor:
    """Reads requests and wraps answers."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue

    async def answer(self, request: Request) -> Response:
        """`GET` or `POST /api/v2/{method}`."""
        us_in = self._now_us()
        body = (await request.body()).decode("utf-8", "replace")
        asked: object = None
        try:
            method = request.url.path.removeprefix(API)
            if request.method == "POST":
                asked, method, params = _spoken(body, method)
            else:
                params = {
                    name: int(value) if name in INTEGERS and value.lstrip("-").isdigit() else value
                    for name, value in request.query_params.items()
                }
            uri = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            header = request.headers.get("authorization", "")
            caller = self._venue.keys.caller(header, request.method, uri, body, us_in // 1000)
            told = {"result": self._venue.call(method, params, caller)}
            status = 200
        except RpcError as error:
            told, status = {"error": error.as_json()}, 400
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

    def _now_us(self) -> int:
        return int(self._venue.wall_s() * 1_000_000)


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
