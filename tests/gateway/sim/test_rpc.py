"""The simulated venue over HTTP: who may ask, how often, and how it refuses."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gateway.sim.credits import CREDITS_A_CALL, CREDITS_MAX, CREDITS_PER_S
from gateway.sim.keys import SimKey
from gateway.sim.server import make_app
from gateway.sim.venue import SimVenue
from tests.gateway.live.desk import NOW, model_market
from tests.gateway.live.virtual import in_no_time

KEY = SimKey("an-id", "a-secret")
Play = Callable[[httpx.AsyncClient, SimVenue, list[float]], Awaitable[Any]]


def played(play: Play) -> Any:
    """Play against a venue whose time is the only entry of a list."""

    async def run(_: object) -> Any:
        clock = [NOW.timestamp()]
        venue = SimVenue(model_market(), lambda: clock[0], keys=[KEY])
        transport = httpx.ASGITransport(make_app(venue))
        async with httpx.AsyncClient(transport=transport, base_url="http://venue") as client:
            return await play(client, venue, clock)

    return in_no_time(run)


def signed(
    verb: str, uri: str, body: str, at: float, nonce: str = "n1", secret: str = KEY.secret
) -> dict[str, str]:
    """A header that another program would send."""
    ts = int(at * 1000)
    text = f"{ts}\n{nonce}\n{verb}\n{uri}\n{body}\n"
    sig = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"Authorization": f"deri-hmac-sha256 id={KEY.client_id},sig={sig},ts={ts},nonce={nonce}"}


def test_get_with_a_query_and_post_with_a_body_say_the_same() -> None:
    async def play(client: httpx.AsyncClient, *_: Any) -> tuple[Any, Any]:
        body = {"jsonrpc": "2.0", "id": 9, "method": "public/get_time", "params": {}}
        got = await client.get("/api/v2/public/get_time")
        return got.json(), (await client.post("/api/v2/public/get_time", json=body)).json()

    got, posted = played(play)
    assert got["result"] == posted["result"] == int(NOW.timestamp() * 1000)
    assert (posted["id"], posted["testnet"], posted["usDiff"]) == (9, True, posted["usOut"] - posted["usIn"])


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("public/get_time", {"id": 1, "params": {}}, 11050),
        ("public/get_time", {"id": 1, "method": "public/test"}, 11050),
        ("public/no_such", {"id": 1, "method": "public/no_such"}, -32601),
        ("public/ticker", {"id": 1, "method": "public/ticker", "params": {"instrument_name": "X"}}, -32602),
        (
            "public/ticker",
            {"id": 1, "method": "public/ticker", "params": {"instrument_name": "ETH-16JAN26-3001-P"}},
            13020,
        ),
        ("public/get_index_price", {"id": 1, "method": "public/get_index_price", "params": {}}, -32602),
    ],
)
def test_errors_leave_as_http_400_with_a_number(path: str, body: dict[str, Any], code: int) -> None:
    async def play(client: httpx.AsyncClient, *_: Any) -> httpx.Response:
        return await client.post(f"/api/v2/{path}", json=body)

    answer = played(play)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert "usOut" in answer.json()


def test_signatures_over_get_and_over_post_are_taken_once() -> None:
    uri, body = "/api/v2/public/get_time", '{"id":1,"method":"public/get_time"}'

    async def play(client: httpx.AsyncClient, _: Any, clock: list[float]) -> list[int]:
        query = f"{uri}?a=b"
        sent = [
            await client.get(query, headers=signed("GET", query, "", clock[0], "n1")),
            await client.post(uri, content=body, headers=signed("POST", uri, body, clock[0], "n2")),
            await client.post(uri, content=body, headers=signed("POST", uri, body, clock[0], "n2")),
            await client.post(uri, content=body, headers=signed("POST", uri, body, clock[0] - 61, "n3")),
            await client.post(uri, content=body + " ", headers=signed("POST", uri, body, clock[0], "n4")),
            await client.post(uri, content=body, headers=signed("POST", uri, body, clock[0], "n5", "other")),
        ]
        return [each.json().get("error", {"code": 0})["code"] for each in sent]

    assert played(play) == [0, 0, 13009, 13009, 13009, 13009]


def test_a_token_lives_900_s_and_a_new_one_ends_the_old() -> None:
    async def play(client: httpx.AsyncClient, venue: SimVenue, clock: list[float]) -> list[bool]:
        ts = venue.now_ms()
        sig = hmac.new(KEY.secret.encode(), f"{ts}\nn\n".encode(), hashlib.sha256).hexdigest()
        asked = {"grant_type": "client_signature", "client_id": KEY.client_id, "timestamp": ts}
        first = venue.call("public/auth", asked | {"nonce": "n", "signature": sig, "data": ""}, None)
        again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}  # type: ignore[index]
        second = venue.call("public/auth", again, None)
        taken = []
        for token, wait_s in ((first, 0.0), (second, 0.0), (second, 901.0)):
            clock[0] += wait_s
            header = {"Authorization": f"Bearer {token['access_token']}"}  # type: ignore[index]
            taken.append((await client.get("/api/v2/public/get_time", headers=header)).is_success)
        return taken

    assert played(play) == [False, True, False]


def test_credits_run_out_and_come_back() -> None:
    async def play(client: httpx.AsyncClient, venue: SimVenue, clock: list[float]) -> tuple[int, int]:
        async def until_refused() -> int:
            for count in range(1000):
                answer = (await client.get("/api/v2/public/test")).json()
                if "error" in answer:
                    assert answer["error"] == {"code": 10028, "message": "too_many_requests", "data": None}
                    return count
            raise AssertionError("never refused")

        first = await until_refused()
        clock[0] += 1.0
        return first, await until_refused()

    assert played(play) == (CREDITS_MAX / CREDITS_A_CALL, CREDITS_PER_S / CREDITS_A_CALL)


def test_instruments_have_a_limit_of_their_own() -> None:
    async def play(client: httpx.AsyncClient, _: Any, clock: list[float]) -> list[bool]:
        path, taken = "/api/v2/public/get_instruments?currency=ETH&kind=option", []
        for wait_s in (0.0, 5.0, 5.0):
            clock[0] += wait_s
            taken.append("result" in json.loads((await client.get(path)).text))
        return taken

    assert played(play) == [True, False, True]
