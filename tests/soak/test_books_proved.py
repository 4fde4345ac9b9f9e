"""Five weeks of faults and kills in the laboratory: the books are what the log makes of them, always."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import ArmKillSwitch, DisarmKillSwitch
from reading.proof import books_proved
from tests.scenarios.playing import BEGIN, Play, assert_laws_hold, copied

DAYS = 35
LIVES = 8
MARKETS = (13, 20, 1)
FAULTS = (
    "deribit:http_500:0.02",
    "deribit:partial_silent:0.2",
    "deribit:fill_after_cancel:0.2",
    "venue:timeout_after:0.1",
)

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("market", MARKETS)
def test_the_books_are_what_the_log_makes_of_them_after_weeks_of_faults_and_kills(
    tmp_path: Path, market: int
) -> None:
    chance = Random(f"books {market}")
    data_dir, now = tmp_path / "life-1", BEGIN
    for life in range(1, LIVES):
        under_way = Play(data_dir, seed=market, life=life, begin=now, market=market, faults=FAULTS)
        disarm(under_way)
        under_way.run_until(now + timedelta(days=DAYS / LIVES, seconds=chance.uniform(-90_000, 90_000)))
        arm(under_way)
        now = max(under_way.venue.venue.clock, now) + timedelta(seconds=chance.uniform(300, 400))
        under_way.run_until(now)
        left = copied(data_dir, tmp_path / f"life-{life + 1}")
        under_way.abandon()
        shutil.rmtree(data_dir)
        data_dir = left
        assert books_proved(data_dir).lines() == ()
    last = Play(data_dir, seed=market, life=LIVES, begin=now, market=market, faults=FAULTS)
    disarm(last)
    last.run_until(max(now, BEGIN + timedelta(days=DAYS)))
    assert_laws_hold(last.stop())


def arm(under_way: Play) -> None:
    command = ArmKillSwitch(cause=ArmCause.OPERATOR, reason="a person's test", who="tester")
    under_way.engine.system.addresses["kill_switch"].tell(command)


def disarm(under_way: Play) -> None:
    """A minute after the start, so that the row is known; refused where nothing was armed."""
    under_way.run_until(under_way.engine.runtime.now() + timedelta(minutes=1))
    command = DisarmKillSwitch(reason="the test goes on", who="tester")
    under_way.engine.system.addresses["kill_switch"].tell(command)
