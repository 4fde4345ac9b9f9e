"""What the gateway can't do: dial other hosts, call methods that move money, or tell a secret."""

from __future__ import annotations

import io
import logging
import re
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.errors import InputError
from gateway.live.app import make_app
from gateway.live.other_hosts.outside import Host
from gateway.live.settings import URLS
from gateway.live.store import StateFolder
from gateway.live.venue.methods import Method
from gateway.live.venue.wire import CONNECTIONS_MAX
from tests.gateway.live.desk import SIM_KEY, TOKEN, Desk, on_the_desk, our_key, raised
from tests.gateway.live.virtual import pass_s

GATEWAY = "http://127.0.0.1"
LIVE = Path("gateway/live")
METHOD = r'"((?:public|private)/\w+)"'
FORBIDDEN = re.compile(
    r"(public|private)/\w*(withdraw|transfer|api_key|password|subaccount|email|address_book|custody)\w*"
)


def test_the_methods_are_a_closed_list_without_any_that_moves_money() -> None:
    named = {found for path in LIVE.rglob("*.py") for found in re.findall(METHOD, path.read_text("utf-8"))}
    assert named == {method.value for method in Method}
    assert not [name for name in named if FORBIDDEN.fullmatch(name)]


def test_the_hosts_are_a_closed_list() -> None:
    named = {
        found
        for path in LIVE.rglob("*.py")
        for found in re.findall(r"https://[\w.-]+", path.read_text("utf-8"))
    }
    assert named == {host.value for host in Host} | {url for urls in URLS.values() for url in urls}


def test_one_client_dials_with_verified_certificates_and_few_connections(tmp_path: Path) -> None:
    made = {path.name for path in LIVE.rglob("*.py") if "AsyncClient(" in path.read_text("utf-8")}
    assert made == {"wire.py"}
    assert CONNECTIONS_MAX <= 32
    assert "verify" not in (LIVE / "venue" / "wire.py").read_text("utf-8")


def test_neither_log_nor_error_tells_a_secret(tmp_path: Path) -> None:
    """Whatever goes wrong: a refused key, an answer that is none, a breakdown."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    secret = "wrong-secret-that-nobody-may-see"

    async def play(desk: Desk) -> None:
        for call in (desk.sources.venue_time, desk.sources.start):
            error = await raised(call(desk.by()))
            told.write("".join(traceback.format_exception(error)))
            told.write(repr(error))
        told.write(repr(desk.sources.settings) + repr(desk.sources.reads.wire))
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers=headers) as client:
            for path in ("/mcp-deribit/tools/get_index_price", "/mcp-deribit/tools/get_options_chain"):
                told.write((await client.post(path, json={})).text)
            told.write((await client.get("/mcp-deribit/health")).text)

    try:
        on_the_desk(tmp_path, play, key=our_key(secret), latency_s=0.0)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    text = told.getvalue()
    assert "13009 unauthorized" in text
    assert secret not in text
    assert TOKEN not in text
    assert "sig=" not in text
    assert SIM_KEY.client_id not in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong", "X-Bot-Tag": "test"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 422),
        ({"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}, 200),
    ],
)
def test_nobody_is_answered_without_the_token(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def play(desk: Desk) -> int:
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers=headers) as client:
            return (await client.post("/mcp-deribit/tools/get_index_price", json={})).status_code

    assert on_the_desk(tmp_path, play) == status


@pytest.mark.parametrize("path", ["/mcp-deribit/tools/health", "/mcp-macro/tools/health"])
def test_a_health_page_is_no_tool(tmp_path: Path, path: str) -> None:
    """It needs no token, which no path below `tools` is free of."""
    token = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}

    async def play(desk: Desk) -> list[int]:
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY) as client:
            return [(await client.post(path, json={}, headers=each)).status_code for each in ({}, token)]

    assert on_the_desk(tmp_path, play) == [401, 404]


def test_a_health_page_tells_of_the_account_only_who_shows_the_token(tmp_path: Path) -> None:
    """Whoever has none learns whether the router can be used, and nothing that the venue said."""
    shown = {"Authorization": f"Bearer {TOKEN}"}
    path, latched = "/mcp-deribit/health", "13009 unauthorized: your account 1234"

    async def play(desk: Desk) -> list[httpx.Response]:
        desk.sources.limits.refusals = 1
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY) as client:
            well = [await client.get(path, headers=each) for each in ({}, shown)]
            desk.sources.latch = latched
            return well + [await client.get(path, headers=each) for each in ({}, shown)]

    well, well_shown, unwell, unwell_shown = on_the_desk(tmp_path, play)
    assert well.status_code == 200
    assert well.json()["warnings"] == []
    assert "asked too often" in well_shown.json()["warnings"][0]
    assert [unwell.status_code, unwell_shown.status_code] == [503, 503]
    assert "the token" in unwell.json()["detail"]
    assert "1234" not in unwell.text
    assert unwell_shown.json() == {"detail": latched}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8790", 200),
        ("LOCALHOST:8790", 200),
        ("[::1]:8790", 200),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:8790", 421),
        ("", 421),
    ],
)
def test_who_asks_for_another_host_is_refused_even_the_health_page(
    tmp_path: Path, host: str, status: int
) -> None:
    """A page of the web may have a name of its own lead to this machine."""

    async def play(desk: Desk) -> int:
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers={"Host": host}) as client:
            return (await client.get("/mcp-macro/health")).status_code

    assert on_the_desk(tmp_path, play) == status
    if status == 421:
        # Where other machines may reach it, its name is its owner's choice.
        assert on_the_desk(tmp_path, play, host="10.0.0.7") == 200


def test_a_body_is_small_and_comes_in_time(tmp_path: Path) -> None:
    async def asked(desk: Desk, *parts: float | bytes, length: str | None = None) -> tuple[int, float, str]:
        """Status, seconds, and words; a number is a pause before the next part of the body."""

        async def content() -> AsyncIterator[bytes]:
            for part in parts:
                if isinstance(part, bytes):
                    yield part
                else:
                    await pass_s(part)

        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}
        headers |= {} if length is None else {"Content-Length": length}
        began_s = desk.loop.time()
        transport = httpx.ASGITransport(make_app(desk.sources))
        async with httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers=headers) as client:
            answer = await client.post("/mcp-macro/tools/get_calendar", content=content())
        return answer.status_code, desk.loop.time() - began_s, answer.text

    async def play(desk: Desk) -> None:
        late = "body: expected within 3 s, found 1 bytes of it"
        for slow in (asked(desk, b"{", 60.0, b"}"), asked(desk, b"{", 2.9, b"", 2.9, b"}")):
            status, took_s, words = await slow
            assert (status, round(took_s, 3), late in words) == (408, 3.0, True)
        status, took_s, words = await asked(desk, 60.0, length="10000000000")
        assert (status, took_s, "found 10,000,000,000" in words) == (422, 0.0, True)
        assert (await asked(desk, *(9 * [b" " * 8192])))[0] == 422
        assert (await asked(desk, b"{", 2.0, b"}"))[0] == 422, "it was read, and says nothing"

    on_the_desk(tmp_path, play)


def test_a_state_folder_belongs_to_one_gateway_and_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = StateFolder(folder)
    with pytest.raises(InputError, match="another gateway"):
        StateFolder(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "gateway.db").stat().st_mode & 0o077 == 0
    first.close()
    StateFolder(folder).close()
