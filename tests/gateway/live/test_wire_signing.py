"""How requests are signed, and that the venue takes what we sign."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from gateway.live.errors import VenueError
from gateway.live.venue.signing import ApiKey, authorization
from tests.gateway.live.desk import NOW, Desk, on_the_desk, our_key, raised

VECTOR_BODY = '{"jsonrpc":"2.0","id":7,"method":"private/get_positions","params":{"currency":"ETH"}}'
VECTOR_SIGNATURE = "41574817c80994d0e55f933f0d946cc2daa5d093536772eb52b25e1b747fc7f6"


def test_the_signature_is_that_of_the_vector() -> None:
    header = authorization(
        ApiKey(SecretStr("AKEY"), SecretStr("SECRET")),
        at_ms=1_789_000_000_000,
        nonce="0a1b2c3d4e5f6071",
        method="POST",
        uri="/api/v2/private/get_positions",
        body=VECTOR_BODY,
    )
    assert header == (
        f"deri-hmac-sha256 id=AKEY,ts=1789000000000,nonce=0a1b2c3d4e5f6071,sig={VECTOR_SIGNATURE}"
    )


def test_the_venue_takes_our_signatures(tmp_path: Path) -> None:
    async def play(desk: Desk) -> datetime:
        await desk.sources.start(desk.by())
        return await desk.sources.venue_time(desk.by())

    assert on_the_desk(tmp_path, play, key=our_key()) >= NOW


def test_a_wrong_secret_is_refused_and_every_tool_with_it(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[Exception, str | None]:
        error = await raised(desk.sources.venue_time(desk.by()))
        return error, desk.sources.latch

    error, latch = on_the_desk(tmp_path, play, key=our_key("another-secret"))
    assert isinstance(error, VenueError)
    assert error.code == 13009
    assert latch == "13009 unauthorized: invalid_signature"


def test_a_clock_that_is_an_hour_off_is_put_right_by_the_refusal(tmp_path: Path) -> None:
    """The venue refuses the stale signature and says its time with that; the read is repeated once."""

    async def play(desk: Desk) -> tuple[float, str | None]:
        await raised(desk.sources.venue_time(desk.by()))
        return desk.sources.clock.offset_s, desk.sources.latch

    offset_s, latch = on_the_desk(tmp_path, play, key=our_key(), venue_ahead_s=3600.0)
    assert round(offset_s) == 3600
    assert latch is None


def test_a_clock_that_jumps_later_is_put_right_too(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[float, str | None]:
        for _ in range(9):
            await desk.sources.venue_time(desk.by())
        before = desk.venue.wall_s
        desk.venue.wall_s = lambda: before() + 300.0
        error = await raised(desk.sources.venue_time(desk.by()))
        assert "clock" in str(error)
        return desk.sources.clock.offset_s, desk.sources.latch

    offset_s, latch = on_the_desk(tmp_path, play, key=our_key())
    assert round(offset_s) == 300
    assert latch is None
