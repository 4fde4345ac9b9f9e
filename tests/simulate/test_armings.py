"""When an arming that was acknowledged holds, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lab.invariants.effects import Armings

START = datetime(2026, 1, 19, 14, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_it_holds_from_its_acknowledgement_until_a_disarming_is_told() -> None:
    armings = Armings()
    acknowledged = armings.asked()
    held = [armings.hold]
    acknowledged(at(1))
    held.append(armings.hold)
    assert [armings.cover(at(second)) for second in (0.5, 1, 1.5)] == [False, False, True]
    armings.disarming(at(2))
    assert [*held, armings.hold] == [False, True, False]
    assert [armings.cover(at(second)) for second in (1.5, 2, 3)] == [True, False, False]


def test_a_disarming_that_was_refused_ends_none() -> None:
    armings = Armings()
    armings.asked()(at(1))
    armings.disarming(at(2))()
    assert armings.hold
    assert armings.cover(at(3))


def test_one_that_is_acknowledged_while_a_later_disarming_is_carried_out_may_be_over() -> None:
    """Found in a simulation: the disarming was told 0.05 s after `KILL` lay, and ended after both."""
    armings = Armings()
    acknowledged = armings.asked()
    armings.disarming(at(1))
    acknowledged(at(1.5))
    assert not armings.hold
    assert not armings.cover(at(2))


def test_one_that_was_asked_for_after_the_disarming_outlasts_it() -> None:
    armings = Armings()
    armings.disarming(at(1))
    armings.asked()(at(1.5))
    assert armings.hold
    assert armings.cover(at(2))


def test_of_several_one_that_holds_is_enough() -> None:
    armings = Armings()
    first, second = armings.asked(), armings.asked()
    first(at(1))
    armings.disarming(at(2))
    second(at(3))
    armings.asked()(at(4))
    assert armings.hold
    assert [armings.cover(at(second)) for second in (1.5, 3.5, 4.5)] == [True, False, True]
