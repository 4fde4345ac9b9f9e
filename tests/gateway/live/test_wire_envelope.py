"""One call of the venue: what is made of whatever comes back."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

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
from gateway.live.venue.clock import VenueClock
from gateway.live.venue.methods import Method
from gateway.live.venue.wire import ANSWER_BYTES_MAX, DeribitWire, RpcAnswer, http_client
from tests.gateway.live.virtual import in_no_time

BASE = "https://test.deribit.com"
NOW_S = 1_789_000_000.0


def called(
    answer: httpx.Response | Exception, *, clock: VenueClock | None = None, latches: list[str] | None = None
) -> RpcAnswer:
    """What one call of `public/get_time` makes of an answer; the venue's envelope has the id 1."""

    def answering(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
        )

    async def play(_: object) -> RpcAnswer:
        client = http_client(httpx.MockTransport(answering))
        wire = DeribitWire(
            client,
            BASE,
            True,
            clock or VenueClock(lambda: NOW_S),
            wall_s=lambda: NOW_S,
            on_wrong_environment=([] if latches is None else latches).append,
        )
        async with client:
            return await wire.call(Method.GET_TIME, {}, Deadline.within(5.0))

    return in_no_time(play)


def said(status: int = 200, **envelope: object) -> httpx.Response:
    """An answer of the venue."""
    whole = {"jsonrpc": "2.0", "id": 1, "testnet": True, "usIn": 1, "usOut": 2} | envelope
    return httpx.Response(status, json=whole)


def test_the_result_comes_with_the_venues_time() -> None:
    assert called(said(result=5, usIn=6_000_000, usOut=6_000_100)) == RpcAnswer(5, 6_000_100)


@pytest.mark.parametrize(
    ("us_in", "us_out"),
    [(0, 1), (-5, 3), (2, 1), (10**22, 10**22), (5, 10**16), (True, 5), (1.5, 3), ("1", "2"), (None, 2)],
)
def test_a_time_that_can_not_be_one_is_as_none_and_moves_no_clock(us_in: object, us_out: object) -> None:
    clock = VenueClock(lambda: NOW_S)
    assert called(said(result=5, usIn=us_in, usOut=us_out), clock=clock) == RpcAnswer(5, 0)
    assert clock.offset_s == 0.0


def test_floats_arrive_as_decimals() -> None:
    text = b'{"id":1,"result":[1e-05,0.00035000000000000005,3]}'
    assert called(httpx.Response(200, content=text)).result == [
        Decimal("0.00001"),
        Decimal("0.00035000000000000005"),
        3,
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(id=2, result=5), UnknownOutcomeError),
        (httpx.Response(200, json={"jsonrpc": "2.0", "result": 5}), UnknownOutcomeError),
        (httpx.Response(200, content=b"<html>"), UnknownOutcomeError),
        (httpx.Response(200, content=b'{"id":1,"result":{"a"'), UnknownOutcomeError),
        (httpx.Response(200, content=b'{"id":1,"result":1e99999999999999999999}'), UnknownOutcomeError),
        (httpx.Response(200, json=[1]), UnknownOutcomeError),
        (httpx.Response(502, content=b"<html>bad gateway"), UnknownOutcomeError),
        (said(503, result=5), UnknownOutcomeError),
        (httpx.Response(408), UnknownOutcomeError),
        (httpx.Response(307, headers={"location": "https://elsewhere.example/"}), UnknownOutcomeError),
        (httpx.Response(403, content=b"forbidden"), EdgeRefusedError),
        (httpx.Response(451), EdgeRefusedError),
        (httpx.Response(429), BusyError),
        (said(429, error={"code": 1, "message": "slow down"}), BusyError),
        (said(400, error={"code": 10028, "message": "too_many_requests", "data": None}), BusyError),
        (said(400, error={"code": 10047, "message": "matching_engine_queue_full"}), BusyError),
        (said(400, error={"code": 10066, "message": "too_many_requests"}), BusyError),
        (said(400, error={"code": 13020, "message": "not_found"}), VenueError),
        (said(400, error={"message": "without a number"}), UnknownOutcomeError),
        (said(testnet=False, result=5), AnomalyError),
        (httpx.ConnectError("refused"), NotSentError),
        (httpx.ConnectTimeout("slow"), NotSentError),
    ],
)
def test_whatever_comes_back_is_one_of_the_errors(
    answer: httpx.Response | Exception, error: type[OutsideError]
) -> None:
    with pytest.raises(OutsideError) as raised:
        called(answer)
    assert type(raised.value) is error


def test_an_answer_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(OutsideError, match="8,388,608 bytes"):
        called(httpx.Response(200, content=b" " * (ANSWER_BYTES_MAX + 1)))


def test_an_answer_of_the_other_environment_is_told_to_whom_it_concerns() -> None:
    latches: list[str] = []
    with pytest.raises(AnomalyError):
        called(said(testnet=False, result=5), latches=latches)
    assert latches == ["testnet: expected the answers of testnet, found testnet=false"]


def test_the_venues_clock_is_read_off_every_answer_errors_too() -> None:
    clock = VenueClock(lambda: NOW_S)
    ahead = int((NOW_S + 3.0) * 1_000_000)
    with pytest.raises(VenueError):
        called(said(400, error={"code": 13020, "message": "not_found"}, usIn=ahead, usOut=ahead), clock=clock)
    assert clock.offset_s == pytest.approx(3.0)


def test_no_proxy_of_the_environment_and_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    client = http_client()
    assert not client.follow_redirects
    assert not client.trust_env


def test_the_log_says_how_a_call_ended(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="gateway.live.venue.wire"):
        called(said(result=5))
        with pytest.raises(VenueError):
            called(said(400, error={"code": 13020, "message": "not_found", "data": {"reason": "gone"}}))
    first, second = (record.getMessage() for record in caplog.records)
    assert "public/get_time: answered" in first
    assert "13020 not_found: gone" in second


@pytest.mark.parametrize("name", ["http_get_time", "http_test", "ws_error"])
def test_recorded_envelopes_are_read(deribit_responses: Path, name: str) -> None:
    recorded = json.loads((deribit_responses / "recorded" / f"{name}.json").read_text("utf-8"))
    answer = httpx.Response(400 if "error" in recorded else 200, json=recorded)
    if name == "ws_error":
        with pytest.raises(BusyError):
            called(answer)
    else:
        assert called(answer).result == recorded["result"]
