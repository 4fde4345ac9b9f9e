"""Answers that are kept: one call for all who ask, and nothing for ever."""

from __future__ import annotations

import asyncio

import pytest

from gateway.live.deadline import Deadline
from gateway.live.errors import StaleError
from gateway.live.kept import Kept
from lab.virtual_loop import VirtualLoop
from tests.gateway.live.virtual import in_no_time, pass_s


def test_who_asks_for_what_is_on_its_way_waits_for_the_same_call() -> None:
    calls = []

    async def play(loop: VirtualLoop) -> list[int]:
        async def fetch(key: int, _: Deadline) -> int:
            calls.append(key)
            await pass_s(1.0)
            return key * 2

        kept = Kept(fetch, 10.0, loop.time)
        by = Deadline.within(5.0, loop.time)
        return list(await asyncio.gather(kept.get(1, by), kept.get(1, by), kept.get(2, by)))

    assert in_no_time(play) == [2, 2, 4]
    assert calls == [1, 2]


def test_a_call_goes_on_when_the_one_who_asked_has_no_time_left() -> None:
    async def play(loop: VirtualLoop) -> int | None:
        async def fetch(key: int, _: Deadline) -> int:
            await pass_s(3.0)
            return key

        kept = Kept(fetch, 10.0, loop.time)
        with pytest.raises(StaleError):
            await kept.get(1, Deadline.within(1.0, loop.time))
        await pass_s(3.0)
        return kept.peek(1)

    assert in_no_time(play) == 1


def test_what_nobody_asks_for_any_more_is_dropped() -> None:
    async def play(loop: VirtualLoop) -> int:
        async def fetch(key: int, _: Deadline) -> int:
            return key

        kept = Kept(fetch, 60.0, loop.time)
        for key in range(1000):
            await pass_s(10.0)
            await kept.get(key, Deadline.within(1.0, loop.time))
        return len(kept)

    assert in_no_time(play) <= 12
