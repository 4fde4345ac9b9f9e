"""What the gateway can't do: dial other hosts, call methods that move money, or tell a secret."""

from __future__ import annotations

import io
import logging
import re
import traceback
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

GATEWAY = "http://gateway"
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


def test_a_state_folder_belongs_to_one_gateway_and_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = StateFolder(folder)
    with pytest.raises(InputError, match="another gateway"):
        StateFolder(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "gateway.db").stat().st_mode & 0o077 == 0
    first.close()
    StateFolder(folder).close()
