"""The page without a browser: a client with a cookie, and what its answers show."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from core.messages.engine_status import EngineStatus
from page.app import ArmingTold, Page, Views, make_app
from page.compose import armed
from page.door.access import Access, cookie_name
from page.door.hosts import Hosts
from page.view import Viewer
from reading.engine_status import engine_status
from reading.trading_books import trading_report

NOW = datetime(2026, 1, 7, 14, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:9470"


def page_of(
    data_dir: Path,
    *,
    ask: Callable[[], EngineStatus] | None = None,
    views: Views | None = None,
    access: Access | None = None,
    hosts: Hosts | None = None,
    arm: Callable[[str], ArmingTold] | None = None,
    instance: str = "of-the-test",
) -> Page:
    """The page of a folder, as `run.py page` makes it, but for the report: it is made in this process."""
    return Page(
        views=views
        or Viewer(
            data_dir,
            instance,
            ask or (lambda: engine_status(data_dir)),
            lambda: NOW,
            partial(trading_report, from_copy=True),
        ),
        access=access or Access(),
        hosts=hosts or Hosts(),
        cookie=cookie_name(instance, str(data_dir), secure=False),
        secure=False,
        arm=arm or (lambda reason: armed(data_dir, reason)),
    )


class Browser:
    """Sends requests as a browser does that keeps cookies, follows nothing and runs no script."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app = app
        self._base = base
        self.cookies: dict[str, str] = {}

    def opened(self) -> httpx.AsyncClient:
        """For several requests at once, with the cookies of those before."""
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=self._base, cookies=self.cookies)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.send("GET", path, headers=headers)

    def post(
        self,
        path: str,
        *,
        data: Mapping[str, str] | None = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self.send("POST", path, data=data, content=content, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        *,
        data: Mapping[str, str] | None = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request, with the cookies of those before."""

        async def sent() -> httpx.Response:
            async with self.opened() as client:
                answer = await client.request(method, path, data=data, content=content, headers=headers)
                self.cookies.update(answer.cookies)
                return answer

        return asyncio.run(sent())


def outside(page: Page, base: str = BASE) -> Browser:
    """Somebody without a cookie."""
    return Browser(make_app(page), base)


def inside(page: Page, base: str = BASE) -> Browser:
    """Somebody who was let in by a link."""
    client = outside(page, base)
    answer = client.get(f"/enter?token={page.access.new_link()}")
    assert answer.status_code == 303
    return client


def words(html: str) -> str:
    """What stands there for a reader: without tags, on one line."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def panel(html: str, name: str) -> str:
    """The words of one panel."""
    found = re.search(rf'<section id="{name}".*?</section>', html, flags=re.DOTALL)
    assert found is not None, f"no panel {name}"
    return words(found[0])


def form_token(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found is not None
    return found[1]
