"""The routes of the page. Every one but the way in and the scripts needs the cookie of a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp

from core.errors import InputError
from page.door.access import Access
from page.door.guard import Guard, comes_from_here
from page.door.headers import ALONE
from page.door.hosts import Hosts
from page.drawn import DrawnChart, in_script
from page.panels.shown import plain
from page.static_files import StaticFile, all_files, part_of, styles

if TYPE_CHECKING:
    from page.sweep import SweepPages
    from page.view import View

BODY_BYTES_MAX: Final = 8192
BODY_S_MAX: Final = 5.0
REASON_CHARS_MAX: Final = 500
CYCLE_CHARS_MAX: Final = 100
YEAR_S: Final = 31_536_000
ARMING: Final = frozenset({"arm.html", "armed.html"})
SCRIPT: Final = "text/javascript; charset=utf-8"
T = TypeVar("T")


class Views(Protocol):
    """Where the views come from."""

    def view(self, cycle_id: str | None = None) -> View: ...

    def forget(self) -> None: ...


@dataclass(frozen=True)
class ArmingTold:
    """How an arming ended: what is true then, in sentences; `certain` only if it is armed for sure."""

    certain: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """What the page is made of: the views of an engine or a run, or a sweep, the other is None.

    `arm` takes up to 6 s; None where there is no engine to stop."""

    views: Views | None
    access: Access
    hosts: Hosts
    cookie: str
    secure: bool
    arm: Callable[[str], ArmingTold] | None
    sweep: SweepPages | None = None


def make_app(page: Page) -> ASGIApp:
    """The page as ASGI. Raises InputError without plotly's script."""
    return _Routes(page).app()


class _Routes:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._files = all_files()
        self._addresses = {name: file.url for name, file in self._files.items()}
        # Few threads: each keeps memory of its own. An arming has one, so that no look delays it.
        self._looking = ThreadPoolExecutor(2, thread_name_prefix="page-view")
        self._arming = ThreadPoolExecutor(4, thread_name_prefix="page-arms")
        self._pressed: dict[tuple[str, str], asyncio.Future[ArmingTold]] = {}

    def app(self) -> ASGIApp:
        sweep = self._page.sweep
        shown = self._of_engine() if sweep is None else self._of_sweep(sweep)
        routes = Starlette(
            routes=[
                *shown,
                Route("/enter", self._enter, methods=["GET"]),
                Route("/static/{digest}/{name}", self._static, methods=["GET"]),
                Route("/health", self._alive, methods=["GET"]),
            ],
        )
        # Not as a middleware of Starlette's, which puts its answer to what nobody caught outside of them.
        return Guard(routes, self._page.hosts)

    @property
    def _views(self) -> Views:
        """Those that the routes of an engine are for."""
        assert self._page.views is not None
        return self._page.views

    def _of_engine(self) -> list[Route]:
        return [
            Route("/", self._let_in(self._whole), methods=["GET"]),
            Route("/live", self._let_in(self._live), methods=["GET"]),
            Route("/chart/{name}.json", self._let_in(self._chart), methods=["GET"]),
            Route("/arm", self._let_in(self._ask_to_arm), methods=["GET"]),
            Route("/arm", self._let_in(self._arm), methods=["POST"]),
        ]

    def _of_sweep(self, sweep: SweepPages) -> list[Route]:
        async def whole(_request: Request) -> Response:
            return self._shown("sweep.html", 200, view=sweep.view)

        async def chart(request: Request) -> Response:
            return _figure(request, sweep.view.chart(request.path_params["name"]))

        async def report(request: Request) -> Response:
            name = request.path_params["name"]
            try:
                view = await self._on_thread(self._looking, lambda: sweep.report(name))
            except InputError as error:
                return PlainTextResponse(f"{plain(str(error))}\n", 500)
            if view is None:
                return PlainTextResponse("this sweep has no such report\n", 404)
            charts = [each for listed in view.charts.values() for each in listed]
            return self._shown("swept_run.html", 200, view=view, can_arm=False, charts=charts)

        return [
            Route("/", self._let_in(whole), methods=["GET"]),
            Route("/chart/{name}.json", self._let_in(chart), methods=["GET"]),
            Route("/report/{name}", self._let_in(report), methods=["GET"]),
        ]

    def _let_in(
        self, handle: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            if not self._page.access.is_in(request.cookies.get(self._page.cookie)):
                return self._shown("closed.html", 401, link_problem="")
            return await handle(request)

        return checked

    async def _whole(self, request: Request) -> Response:
        view = await self._view(request)
        return self._shown("page.html", 200, view=view, can_arm=self._page.arm is not None)

    async def _live(self, request: Request) -> Response:
        """What changes, for the script."""
        view = await self._view(request)
        return self._shown("live.html", 200, view=view, can_arm=self._page.arm is not None)

    async def _view(self, request: Request) -> View:
        cycle_id = request.query_params.get("cycle")
        if cycle_id is not None and len(cycle_id) > CYCLE_CHARS_MAX:
            cycle_id = None
        return await self._on_thread(self._looking, lambda: self._views.view(cycle_id))

    async def _chart(self, request: Request) -> Response:
        view = await self._on_thread(self._looking, self._views.view)
        return _figure(request, view.chart(request.path_params["name"]))

    async def _ask_to_arm(self, request: Request) -> Response:
        if self._page.arm is None:
            return self._shown(
                "armed.html", 404, certain=False, sentences=("there is no engine to stop here",)
            )
        session = request.cookies[self._page.cookie]
        view = await self._on_thread(self._looking, self._views.view)
        return self._shown("arm.html", 200, view=view, token=self._page.access.new_form(session), problem="")

    async def _arm(self, request: Request) -> Response:
        """Only what this page has asked a person to confirm."""
        arm = self._page.arm
        if not comes_from_here(request, self._page.hosts):
            return self._refused(403, "nothing was armed: the request did not come from this page")
        try:
            fields = await asyncio.wait_for(_fields(request), BODY_S_MAX)
        except (TimeoutError, ClientDisconnect):
            return self._refused(408, "nothing was armed: the request was not whole in time")
        if arm is None:
            return self._refused(404, "there is no engine to stop here")
        if fields is None:
            return self._refused(403, "nothing was armed: this is not the form of the page")
        pressed = (request.cookies[self._page.cookie], fields.get("token", ""))
        # Of two presses at once a browser shows the answer to the second: both are told how the arming ends.
        running = self._pressed.get(pressed)
        if running is None:
            if not self._page.access.spend_form(*pressed):
                return self._refused(
                    403,
                    "this form does nothing: it was sent before, or is too old. The page says whether the "
                    "switch is armed",
                )
            reason = fields.get("reason", "").strip()[:REASON_CHARS_MAX] or "armed on the page"
            running = asyncio.ensure_future(self._on_thread(self._arming, lambda: arm(reason)))
            self._pressed[pressed] = running
            running.add_done_callback(lambda _: self._pressed.pop(pressed))
        found = await asyncio.shield(running)
        self._views.forget()
        return self._shown(
            "armed.html", 200 if found.certain else 500, certain=found.certain, sentences=found.sentences
        )

    def _refused(self, status: int, why: str) -> Response:
        return self._shown("armed.html", status, certain=False, sentences=(why,))

    async def _enter(self, request: Request) -> Response:
        """A link's token becomes a cookie, and leaves the address."""
        if request.method != "GET":
            # What looks whether there is anything, as a preview does, must not use the link up.
            return PlainTextResponse("expected GET\n", 405, {"Allow": "GET"})
        session = self._page.access.enter(request.query_params.get("token", ""))
        if session is None:
            why = "this link was used before or is older than 10 minutes"
            return self._shown("closed.html", 401, link_problem=why)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._page.cookie, session, path="/", httponly=True, samesite="strict", secure=self._page.secure
        )
        return answer

    async def _static(self, request: Request) -> Response:
        """Scripts hold nothing of anybody; what is under a digest never changes."""
        found = self._files.get(request.path_params["name"])
        if found is None or found.digest != request.path_params["digest"]:
            return Response("no such file\n", 404, media_type="text/plain")
        headers = {"Cache-Control": f"public, max-age={YEAR_S}, immutable", "Vary": "Accept-Encoding"}
        packed = None
        if "gzip" in request.headers.get("accept-encoding", ""):
            # A full disk has no room for it, and is a night on which the page is needed.
            with suppress(OSError):
                packed = await self._on_thread(self._looking, lambda: found.packed)
        if packed is not None:
            headers["Content-Encoding"] = "gzip"
        return StreamingResponse(self._parts(found, packed), 200, headers, SCRIPT)

    async def _parts(self, file: StaticFile, packed: int | None) -> AsyncIterator[bytes]:
        """A file as it is sent: whoever reads slowly holds one part of it."""
        with file.path.open("rb") as plain:
            start, descriptor = 0, plain.fileno() if packed is None else packed
            while part := await self._on_thread(self._looking, partial(part_of, descriptor, start)):
                start += len(part)
                yield part

    async def _alive(self, request: Request) -> Response:  # noqa: ARG002  (the route gives it)
        """Whether the page itself runs, for who supervises it. It says nothing of the engine."""
        return Response("ok\n", media_type="text/plain")

    def _shown(self, template: str, status: int, **values: object) -> Response:
        made = _templates().get_template(template)
        headers = ALONE if template in ARMING else None
        return HTMLResponse(made.render(static=self._addresses, **values), status, headers)

    async def _on_thread(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _figure(request: Request, found: DrawnChart | None) -> Response:
    if found is None:
        return JSONResponse({"error": "there is no such chart now"}, 404)
    # Nothing is kept by the browser: the script itself says which figure it has.
    tag = f'"{found.tag}"'
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, {"ETag": tag})
    return Response(found.figure, 200, {"ETag": tag}, "application/json")


async def _fields(request: Request) -> dict[str, str] | None:
    """The fields of a form; None if it is too large or none."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=8)
    except ValueError:
        return None
    return {name: values[0] for name, values in found.items()}


@cache
def _templates() -> Environment:
    """Whatever is put into them is escaped, and what is not there is an error; compiled once in a process."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["styles"] = styles()
    made.filters["in_script"] = in_script
    return made
