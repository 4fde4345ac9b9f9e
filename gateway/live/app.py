"""The live gateway's HTTP side: each request within its time, each refusal as the contract spells it."""

from __future__ import annotations

import logging
from functools import cache
from typing import Final

from fastapi import FastAPI
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.contract import HealthAnswer, OrderAnswer, Router
from core.errors import InputError
from gateway.live.deadline import Deadline
from gateway.live.errors import (
    AnomalyError,
    BusyError,
    DoubtError,
    OutsideError,
    UnknownOutcomeError,
    VenueError,
)
from gateway.live.sources import LiveSources
from gateway.live.tools import TOOLBOX
from gateway.live.venue.codes import INVALID_PARAMS, LATCHED, NOT_FOUND, OUR_FAULT, REFUSED
from gateway.live.version import VERSION
from gateway.shell.bodies import HttpAnswer, answer_json, answered, failure, soft
from gateway.shell.breakdowns import Breakdowns
from gateway.shell.door import HEALTH, LOOPBACK_NAMES, Door, tool_in
from gateway.shell.openapi import contract_openapi
from gateway.shell.refusals import LabelTakenError, MalformedRequestError, SoftRefusalError
from gateway.shell.request_body import whole_body

logger = logging.getLogger(__name__)

UNTOLD: Final = "the router can't be used now; why, is told to who shows the token"


class LiveGateway:
    """Turns HTTP requests into calls of the toolbox."""

    def __init__(self, sources: LiveSources) -> None:
        self._sources = sources
        settings = sources.settings
        names = None if settings.exposed else LOOPBACK_NAMES
        self._door = Door(settings.token.get_secret_value(), TOOLBOX, names)
        self._breakdowns = Breakdowns()

    async def tool(self, request: Request) -> Response:
        """`POST /mcp-{router}/tools/{tool}`."""
        return await self._answer(request, request.path_params["router"], tool_in(request.path_params))

    async def health(self, request: Request) -> Response:
        """`GET /mcp-{router}/health`."""
        return await self._answer(request, request.path_params["router"], HEALTH)

    async def _answer(self, request: Request, router: str, tool: str) -> Response:
        answer = self._door.refused(router, tool, request.headers)
        if answer is None:
            deadline = Deadline.within(clock=self._sources.monotonic_s)
            try:
                answer = await self._called(request, Router(router), tool, deadline)
            except Exception as error:
                self._breakdowns.log(error, f"{router}/{tool}")
                answer = failure(500, f"the gateway broke down: {type(error).__name__}")
        return Response(
            answer.body, answer.status, headers=dict(answer.headers), media_type="application/json"
        )

    async def _called(self, request: Request, router: Router, tool: str, deadline: Deadline) -> HttpAnswer:
        try:
            if tool == HEALTH:
                return await self._health(router, deadline, tells=self._door.is_authorised(request.headers))
            if router is Router.DERIBIT and self._sources.latch is not None:
                return soft(self._sources.latch)
            body = await whole_body(request)
            if isinstance(body, HttpAnswer):
                return body
            return answered(await TOOLBOX[router, tool](self._sources, body, deadline))
        except OutsideError as error:
            return refused_outside(error)
        except SoftRefusalError as error:
            return soft(str(error))
        except LabelTakenError as error:
            return HttpAnswer(409, {}, answer_json(OrderAnswer(order=error.order)))
        except (MalformedRequestError, InputError) as error:
            return failure(422, str(error))
        except ValidationError as error:
            # An answer of the venue that is well-formed and beyond what the contract carries.
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return failure(503, f"anomaly: {error.title}.{where}: {first['msg']}")

    async def _health(self, router: Router, deadline: Deadline, *, tells: bool) -> HttpAnswer:
        """Whether the router can be used; why not, and what a person should know of it, only if it `tells`:
        both may be about the account."""
        unwell = await self._sources.unwell(router, deadline)
        if unwell is not None:
            return failure(503, unwell if tells else UNTOLD)
        health = HealthAnswer(
            status="ok",
            version=VERSION,
            environment=self._sources.settings.environment,
            warnings=tuple(self._sources.warnings_of(router)) if tells else (),
        )
        return answered(answer_json(health))


def refused_outside(error: OutsideError) -> HttpAnswer:
    """What a read is answered with if a host outside did not answer as it should."""
    if isinstance(error, BusyError):
        return failure(429, str(error), {"Retry-After": str(error.retry_after_s)})
    if isinstance(error, VenueError):
        return _refused_by_venue(error)
    if isinstance(error, DoubtError):
        return failure(504, str(error))
    if isinstance(error, AnomalyError):
        return failure(503, f"anomaly: {error}")
    if isinstance(error, UnknownOutcomeError):
        return failure(503, f"no answer: {error}")
    return failure(503, str(error))


def _refused_by_venue(error: VenueError) -> HttpAnswer:
    if error.code == INVALID_PARAMS and "instrument" in error.reason:
        return failure(422, f"instrument: the venue does not know it: {error}")
    if error.code == INVALID_PARAMS or error.code in OUR_FAULT:
        logger.error("the venue took a request for none: %s", error)
        return failure(500, str(error))
    if error.code in LATCHED | NOT_FOUND | REFUSED:
        return soft(str(error))
    # The venue is shut, or a number that may mean anything.
    return failure(503, str(error))


def make_app(sources: LiveSources) -> FastAPI:
    """The ASGI application. Its OpenAPI page comes from the contract's models alone."""
    gateway = LiveGateway(sources)
    app = FastAPI(
        title="Cerbero MCP V2, live gateway",
        version=VERSION,
        routes=[
            Route("/mcp-{router}/tools/{tool}", gateway.tool, methods=["POST"]),
            Route("/mcp-{router}/health", gateway.health, methods=["GET"]),
        ],
    )
    # It takes longer than the rest of a start, and hardly anybody asks for it.
    app.openapi = cache(lambda: contract_openapi(VERSION))  # type: ignore[method-assign]
    return app
