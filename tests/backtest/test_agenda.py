"""What is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lab.backtest.agenda import NEVER, Agenda, Process, Signal, Wait

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def run(agenda: Agenda, end: datetime = BEGIN + timedelta(hours=1)) -> None:
    while agenda.due(end) is not None:
        agenda.run_next()


def test_what_is_due_at_one_moment_goes_by_rank_then_as_it_was_planned() -> None:
    agenda, seen = Agenda(BEGIN), list[str]()

    def says(name: str) -> Process:
        seen.append(name)
        yield from ()

    for name, rank in (("late", 2), ("first", 1), ("second", 1)):
        agenda.start(says(name), rank, BEGIN + MINUTE)
    run(agenda)
    assert seen == ["first", "second", "late"]
    assert agenda.now == BEGIN + MINUTE


def test_a_signal_wakes_who_waits_and_the_moment_does_not_wake_them_again() -> None:
    agenda, signal, woken = Agenda(BEGIN), Signal(), list[datetime]()

    def waits() -> Process:
        yield Wait(BEGIN + 10 * MINUTE, signal)
        woken.append(agenda.now)
        yield Wait(NEVER)

    def gives() -> Process:
        yield Wait(BEGIN + 3 * MINUTE)
        agenda.give(signal)
        agenda.give(signal)

    agenda.start(waits(), 1)
    agenda.start(gives(), 1)
    run(agenda)
    assert woken == [BEGIN + 3 * MINUTE]


def test_without_the_signal_the_moment_comes() -> None:
    agenda, signal, woken = Agenda(BEGIN), Signal(), list[datetime]()

    def waits() -> Process:
        yield Wait(BEGIN + 10 * MINUTE, signal)
        woken.append(agenda.now)

    agenda.start(waits(), 1)
    assert agenda.due(BEGIN + 10 * MINUTE) is None
    run(agenda)
    agenda.give(signal)
    run(agenda)
    assert woken == [BEGIN + 10 * MINUTE]
