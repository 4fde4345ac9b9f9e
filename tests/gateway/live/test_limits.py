"""How often the venue is asked: never above the grant, orders before all else."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import GetInstruments
from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, WarmingError
from gateway.live.market.chain import OptionChains
from gateway.live.venue.limits import GRANTS, Limits, Priority
from gateway.live.venue.methods import Bucket
from lab.virtual_loop import VirtualLoop
from tests.gateway.live.desk import NO_SUMMARY, Desk, on_the_desk
from tests.gateway.live.virtual import in_no_time, pass_s

VENUE_SIZE, VENUE_PER_S = 100, 20.0
"""What the venue grants of reads; ours is less."""


def busiest(times_s: list[float], span_s: float) -> int:
    """The most calls within any span of that length."""
    ordered, first, most = sorted(times_s), 0, 0
    for last, at in enumerate(ordered):
        while ordered[first] <= at - span_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_no_span_of_time_holds_more_than_its_grant() -> None:
    passed: list[float] = []

    async def play(loop: VirtualLoop) -> None:
        limits = Limits(loop.time)

        async def ask(priority: Priority) -> None:
            await limits.room(Bucket.READS, priority, Deadline.within(120.0, loop.time))
            passed.append(loop.time())

        async with asyncio.TaskGroup() as group:
            for number in range(900):
                group.create_task(ask(Priority(number % 4)))

    in_no_time(play)
    grant = GRANTS[Bucket.READS]
    assert len(passed) == 900
    for span_s in (1.0, 10.0):
        assert busiest(passed, span_s) <= grant.size + grant.per_s * span_s + 1
        assert busiest(passed, span_s) <= VENUE_SIZE + VENUE_PER_S * span_s


def test_orders_pass_at_once_while_a_chain_waits() -> None:
    waited: list[float] = []

    async def play(loop: VirtualLoop) -> None:
        limits = Limits(loop.time)

        async def chain() -> None:
            await limits.room(Bucket.READS, Priority.CHAIN, Deadline.within(60.0, loop.time))

        chains = [asyncio.create_task(chain()) for _ in range(300)]
        for _ in range(10):
            await pass_s(1.0)
            began = loop.time()
            await limits.room(Bucket.READS, Priority.ORDERS, Deadline.within(5.0, loop.time))
            waited.append(loop.time() - began)
        await asyncio.gather(*chains)

    in_no_time(play)
    assert max(waited) == 0.0


def test_who_waits_longer_than_the_request_lasts_is_told_to_come_again() -> None:
    async def play(loop: VirtualLoop) -> float:
        limits = Limits(loop.time)
        await limits.room(Bucket.INSTRUMENTS, Priority.HISTORY, Deadline.within(5.0, loop.time))
        began = loop.time()
        with pytest.raises(BusyError):
            await limits.room(Bucket.INSTRUMENTS, Priority.HISTORY, Deadline.within(5.0, loop.time))
        return loop.time() - began

    assert in_no_time(play) == pytest.approx(5.0)


def test_a_refusal_halves_the_rate_for_a_minute() -> None:
    async def passed_in(loop: VirtualLoop, limits: Limits, seconds: float) -> int:
        ends, count = loop.time() + seconds, 0
        while True:
            try:
                await limits.room(
                    Bucket.READS, Priority.CHAIN, Deadline.within(ends - loop.time(), loop.time)
                )
            except BusyError:
                return count
            count += 1

    async def play(loop: VirtualLoop) -> tuple[int, int]:
        limits = Limits(loop.time)
        limits.refused(Bucket.READS)
        # What is kept for orders comes back first.
        await pass_s(GRANTS[Bucket.READS].kept_for_orders / 6)
        slow = await passed_in(loop, limits, 50.0)
        await pass_s(10.0)
        await passed_in(loop, limits, 1.0)
        return slow, await passed_in(loop, limits, 50.0)

    slow, fast = in_no_time(play)
    assert slow == pytest.approx(300, abs=2)
    assert fast == pytest.approx(600, abs=2)


def test_a_cold_chain_of_220_is_there_in_two_tries_and_the_venue_refuses_nothing(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[int, list[str], int]:
        market = desk.sources.market
        listed = (await market.instruments(GetInstruments(), desk.by())).instruments[:220]
        chains = OptionChains(desk.sources.reads, _index_usd, desk.loop.time)
        await pass_s(60.0)
        told: list[str] = []
        for _ in range(2):
            began = desk.loop.time()
            try:
                quotes = await chains.chain(listed, desk.by())
            except WarmingError as error:
                told.append(str(error))
                assert desk.loop.time() - began <= 7.0
                await pass_s(1.0)
            else:
                return len(quotes), told, desk.venue.credits.refusals
        raise AssertionError(f"expected the chain at the second try, found {told}")

    quotes, told, refusals = on_the_desk(tmp_path, play, latency_s=0.1, instead=NO_SUMMARY)
    assert quotes == 220
    assert len(told) == 1
    assert refusals == 0


async def _index_usd(_: Deadline) -> Decimal:
    return Decimal(3000)
