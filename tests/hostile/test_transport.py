"""The transport alone against each misbehaviour of the wire, all at once and with a short deadline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from actors.http import ConnectionCut, HttpTransport, NoAnswer, Response, TransportError
from tests.hostile.misbehaviours import DRIPS, FLOODS, FRAMES, PRICE, STATUSES, End, Misbehaviour
from tests.hostile.server import Exchange, HostileServer

DEADLINE_S = 1.5
HANDED_ON = {"a status that there is not"}
"""Whole answers: what a status means is not the transport's business."""
HANGS_S = 20.0
"""Nothing takes so long that does not hang."""


def outcome(misbehaviour: Misbehaviour, *, timeout_s: float = DEADLINE_S) -> Response | TransportError:
    """What becomes of one request that is answered so."""
    with (
        HostileServer.alone(PRICE, misbehaviour.act) as server,
        closing(HttpTransport(server.url)) as transport,
    ):
        try:
            return transport.send("POST", "/tools/x", {}, b"{}", timeout_s)
        except TransportError as error:
            return error


def outcomes(
    misbehaviours: tuple[Misbehaviour, ...], timeout_s: float = DEADLINE_S
) -> dict[str, Response | TransportError]:
    pool = ThreadPoolExecutor(len(misbehaviours))
    tried = {each.name: pool.submit(outcome, each, timeout_s=timeout_s) for each in misbehaviours}
    found = {name: future.result(HANGS_S) for name, future in tried.items()}
    pool.shutdown()
    return found


def test_whatever_drips_ends_with_the_deadline_of_the_attempt() -> None:
    found = outcomes(DRIPS)
    assert {name: type(end) for name, end in found.items()} == dict.fromkeys(found, NoAnswer)


def test_what_is_longer_than_an_answer_may_be_or_packed_is_not_read() -> None:
    found = outcomes(FLOODS, timeout_s=HANGS_S)
    assert {name: type(end) for name, end in found.items()} == dict.fromkeys(found, ConnectionCut)


def test_an_answer_whose_frame_is_broken_is_no_answer() -> None:
    broken = tuple(each for each in FRAMES if each.end is End.RETRIED and each.name not in HANDED_ON)
    found = outcomes(broken, timeout_s=HANGS_S)
    assert {name: type(end) for name, end in found.items()} == dict.fromkeys(found, ConnectionCut)


@pytest.mark.parametrize("misbehaviour", STATUSES, ids=str)
def test_a_status_is_handed_on_and_no_redirect_is_followed(misbehaviour: Misbehaviour) -> None:
    asked: list[str] = []

    def act(exchange: Exchange) -> None:
        asked.append(exchange.path)
        misbehaviour.act(exchange)

    end = outcome(Misbehaviour(misbehaviour.name, act, misbehaviour.end))
    assert isinstance(end, Response)
    assert end.status != 200
    assert asked == ["/tools/x"]
