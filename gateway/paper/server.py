"""The HTTP shell: FastAPI on loopback over `Dispatch`, with the OpenAPI page of the contract.

Every request runs to its end on the one event loop, so the venue sees one request at a time. In driven mode
the market time comes with each request (`X-Paper-Now`), and timing faults are only reported in headers; in
real time the wall clock is the market's, and the shell plays them. In both a `cut` answer really ends in the
middle. A venue whose store fails answers 500 and ends, because it could not keep what it does afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.paper.dispatch import FAULT_HEADER, TOOK_HEADER, VERSION, Dispatch
from gateway.paper.faults import FaultKind
from gateway.paper.ledger import LEDGER_PATH, Ledger
from gateway.paper.store import StoreFailedError
from gateway.shell.bodies import HttpAnswer, failure
from gateway.shell.breakdowns import Breakdowns
from gateway.shell.door import HEALTH, tool_in
from gateway.shell.openapi import contract_openapi
from gateway.shell.request_body import whole_body

NOW_HEADER: Final = "x-paper-now"


class CutResponse(Response):
    """Announces the length of the whole body and ends in the middle of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


class Shell:
    """Turns HTTP requests into calls of `Dispatch`."""

    def __init__(
        self,
        dispatch: Dispatch,
        ledger: Callable[[], Ledger],
        *,
        driven: bool,
        on_store_failed: Callable[[StoreFailedError], None],
    ) -> None:
        self._dispatch = dispatch
        self._ledger = ledger
        self._driven = driven
        self._on_store_failed = on_store_failed
        self._breakdowns = Breakdowns()

    async def tool(self, request: Request) -> Response:
        """`POST /mcp-{router}/tools/{tool}`."""
        return await self._answer(request, request.path_params["router"], tool_in(request.path_params))

    async def health(self, request: Request) -> Response:
        """`GET /mcp-{router}/health`."""
        return await self._answer(request, request.path_params["router"], HEALTH)

    async def ledger(self, request: Request) -> Response:
        """`GET /paper/ledger`, for whoever holds the token."""
        if not self._dispatch.is_authorised(request.headers):
            return _refusal(401, "Authorization: the bearer token is missing or wrong")
        return Response(self._ledger().model_dump_json(), media_type="application/json")

    async def _answer(self, request: Request, router: str, tool: str) -> Response:
        now = self._now(request.headers)
        if isinstance(now, Response):
            return now
        body = await whole_body(request)
        if isinstance(body, HttpAnswer):
            return _response(body)
        try:
            answer = self._dispatch(now, router, tool, request.headers, body)
        except StoreFailedError as error:
            self._on_store_failed(error)
            return _refusal(500, str(error))
        except Exception as error:
            self._breakdowns.log(error, f"{router}/{tool}")
            return _refusal(500, f"the venue broke down: {type(error).__name__}")
        if not self._driven and TOOK_HEADER in answer.headers:
            await asyncio.sleep(float(answer.headers[TOOK_HEADER]))
        return _response(answer)

    def _now(self, headers: Mapping[str, str]) -> datetime | Response:
        text = headers.get(NOW_HEADER)
        if not self._driven:
            if text is not None:
                return _refusal(422, "X-Paper-Now: this venue runs in real time")
            return datetime.now(UTC)
        try:
            now = datetime.fromisoformat(text or "")
        except ValueError:
            return _refusal(422, f"X-Paper-Now: expected an ISO-8601 UTC time, found {text!r}")
        if now.tzinfo is None:
            return _refusal(422, f"X-Paper-Now: expected a time with its zone, found {text!r}")
        return now.astimezone(UTC)


def make_app(
    dispatch: Dispatch,
    ledger: Callable[[], Ledger],
    *,
    driven: bool,
    on_store_failed: Callable[[StoreFailedError], None],
) -> FastAPI:
    """The ASGI application. Its OpenAPI page comes from the contract's models alone.

    `on_store_failed` is called for each request that fails because of the store; it should end the venue.
    """
    shell = Shell(dispatch, ledger, driven=driven, on_store_failed=on_store_failed)
    app = FastAPI(
        title="Cerbero MCP V2, paper venue",
        version=VERSION,
        routes=[
            Route("/mcp-{router}/tools/{tool}", shell.tool, methods=["POST"]),
            Route("/mcp-{router}/health", shell.health, methods=["GET"]),
            Route(LEDGER_PATH, shell.ledger, methods=["GET"]),
        ],
    )
    document = contract_openapi(VERSION)
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


def _response(answer: HttpAnswer) -> Response:
    headers = dict(answer.headers)
    kind = CutResponse if headers.get(FAULT_HEADER) == FaultKind.CUT else Response
    return kind(answer.body, status_code=answer.status, headers=headers, media_type="application/json")


def _refusal(status: int, detail: str) -> Response:
    return _response(failure(status, detail))
