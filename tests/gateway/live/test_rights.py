"""A key that may do more than is needed does not start the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from tests.gateway.live.desk import SIM_KEY, Desk, on_the_desk, our_key, raised

NARROW = {"account:read", "trade:read_write", "wallet:none"}


async def started(desk: Desk) -> frozenset[str]:
    await desk.sources.start(desk.by())
    return desk.sources.rights


async def refused(desk: Desk) -> Exception:
    return await raised(desk.sources.start(desk.by()))


def test_the_rights_are_those_that_the_venue_names(tmp_path: Path) -> None:
    assert on_the_desk(tmp_path, started, key=our_key()) >= NARROW


def test_without_a_key_there_are_none(tmp_path: Path) -> None:
    assert on_the_desk(tmp_path, started) == frozenset()


@pytest.mark.parametrize("right", ["wallet", "account", "block_trade", "block_rfq", "custody"])
def test_a_right_that_is_too_much_is_named(tmp_path: Path, right: str) -> None:
    wide = SIM_KEY._replace(scope=f"trade:read_write {right}:read_write")
    error = on_the_desk(tmp_path, refused, key=our_key(), keys=[wide])
    assert isinstance(error, InputError)
    assert f"found {right}:read_write" in str(error)
    assert SIM_KEY.client_id not in str(error)
