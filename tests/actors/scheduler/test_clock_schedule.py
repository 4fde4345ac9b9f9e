"""The grid: differential against stock `schedule`, and what stock can't do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest
import schedule
from hypothesis import given
from hypothesis import strategies as st

from actors.scheduler.clock_schedule import MISSED_SLOTS_MAX, ClockJob, ClockScheduler

START = datetime(2026, 1, 5, tzinfo=UTC)
MOMENTS = st.integers(-366 * 86_400, 730 * 86_400).map(lambda s: START + timedelta(seconds=s))
TIMES = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class _NaiveDatetime(datetime):
    """`datetime` as stock schedule reads it, standing at a moment."""

    moment = START

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.combine(cls.moment.date(), cls.moment.time())


def stock_next_run(moment: datetime, weekday: str | None, at: str) -> datetime:
    """What stock schedule answers when its wall clock reads `moment`."""
    _NaiveDatetime.moment = moment
    patch = pytest.MonkeyPatch()
    patch.setattr("schedule.datetime.datetime", _NaiveDatetime)
    try:
        every = schedule.Scheduler().every()
        job = (every.day if weekday is None else getattr(every, weekday)).at(at).do(lambda: None)
        return datetime.fromisoformat(job.next_run.isoformat()).replace(tzinfo=UTC)
    finally:
        patch.undo()


def grid(clock: Clock, weekday: str | None, *ats: str) -> ClockJob:
    job: ClockJob = ClockScheduler(clock).every().day
    if weekday is not None:
        job.unit, job.start_day = "weeks", weekday
    for at in ats:
        job.at(at)
    return job.do(lambda slot, misfired: None)


@given(MOMENTS, st.none() | st.sampled_from(WEEKDAYS), TIMES)
def test_daily_and_weekly_slots_are_those_of_stock_schedule(
    moment: datetime, weekday: str | None, at: str
) -> None:
    """The one thing stock gets right, the next slot from a given moment, is the same here."""
    assert grid(Clock(moment), weekday, at).due_at == stock_next_run(moment, weekday, at)


@given(MOMENTS, st.lists(TIMES, min_size=2, max_size=4, unique=True))
def test_several_times_a_day_are_the_earliest_of_each(moment: datetime, ats: list[str]) -> None:
    """One job at several times equals several stock jobs taken together."""
    assert grid(Clock(moment), None, *ats).due_at == min(stock_next_run(moment, None, at) for at in ats)


@given(MOMENTS, st.sampled_from((1, 5, 15, 60, 90, 1440)))
def test_minutes_lie_on_a_grid_that_does_not_depend_on_the_start(moment: datetime, minutes: int) -> None:
    """Stock counts from whenever it was started; here two starts agree."""
    slot = ClockScheduler(Clock(moment)).every(minutes).minutes.do(lambda slot, misfired: None).due_at
    assert moment < slot <= moment + timedelta(minutes=minutes)
    assert (slot - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(minutes=minutes) == timedelta(0)


def test_a_day_of_the_month_is_kept_over_the_end_of_the_year() -> None:
    clock = Clock(datetime(2025, 12, 1, 0, 30, tzinfo=UTC))
    job = ClockScheduler(clock).every().day.at("00:30").on_day_of_month(1).do(lambda slot, misfired: None)
    assert job.due_at == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


def run_at(clock: Clock, job: ClockJob, now: datetime) -> None:
    clock.now = now
    assert job.scheduler is not None
    job.scheduler.run_pending()


def recorded_job(clock: Clock, *, grace_s: float | None, tell_missed: bool) -> tuple[ClockJob, list[object]]:
    told: list[object] = []
    job = ClockScheduler(clock).every().day.at("12:00").grace(grace_s, tell_missed=tell_missed)
    return job.do(lambda slot, misfired: told.append((slot, misfired))), told


def noon(day: int) -> datetime:
    return START + timedelta(days=day, hours=12)


def test_a_slot_within_its_grace_runs() -> None:
    clock = Clock()
    job, told = recorded_job(clock, grace_s=300.0, tell_missed=True)
    run_at(clock, job, noon(0) + timedelta(seconds=300))
    assert told == [(noon(0), False)]


def test_a_slot_beyond_its_grace_is_told_as_misfired() -> None:
    clock = Clock()
    job, told = recorded_job(clock, grace_s=300.0, tell_missed=True)
    run_at(clock, job, noon(0) + timedelta(seconds=301))
    assert told == [(noon(0), True)]


def test_the_latest_of_several_missed_slots_runs_and_the_older_ones_misfired() -> None:
    clock = Clock()
    job, told = recorded_job(clock, grace_s=None, tell_missed=True)
    run_at(clock, job, noon(2) + timedelta(hours=5))
    assert told == [(noon(0), True), (noon(1), True), (noon(2), False)]


def test_missed_slots_of_a_job_without_rows_are_not_told() -> None:
    clock = Clock()
    job, told = recorded_job(clock, grace_s=300.0, tell_missed=False)
    run_at(clock, job, noon(2) + timedelta(hours=5))
    assert told == []
    assert job.due_at == noon(3)


def test_an_outage_of_a_year_is_told_of_up_to_a_limit() -> None:
    clock = Clock()
    job, told = recorded_job(clock, grace_s=None, tell_missed=True)
    run_at(clock, job, noon(365))
    assert len(told) == MISSED_SLOTS_MAX + 1
    assert told[-1] == (noon(365), False)


def test_a_raising_job_neither_starves_the_others_nor_runs_again() -> None:
    """Stock stops at the first raise and would run the same slot again."""
    clock = Clock()
    scheduler = ClockScheduler(clock)
    told: list[datetime] = []

    def raises(slot: datetime, misfired: bool) -> None:
        raise RuntimeError(f"at {slot}")

    broken = scheduler.every().day.at("12:00").do(raises)
    scheduler.every().day.at("12:00").do(lambda slot, misfired: told.append(slot))
    clock.now = noon(0)
    with pytest.raises(ExceptionGroup):
        scheduler.run_pending()
    assert told == [noon(0)]
    assert broken.due_at == noon(1)


def test_a_resumed_slot_that_left_the_grid_moves_on_to_the_next() -> None:
    job = grid(Clock(), None, "12:00")
    job.resume_at(noon(3) - timedelta(hours=1))
    assert job.due_at == noon(3)


@pytest.mark.parametrize(
    "use",
    [
        lambda job: job.day.at("12:00", "Europe/Rome"),
        lambda job: job.day.at("25:00"),
        lambda job: job.minutes.at(":30"),
        lambda job: job.days.to(3),
        lambda job: job.day.until(timedelta(days=1)),
        lambda job: job.day.on_day_of_month(31),
        lambda job: job.day.do(lambda slot, misfired: None),
    ],
)
def test_what_has_no_fixed_grid_is_refused(use: object) -> None:
    with pytest.raises(schedule.ScheduleValueError):
        use(ClockScheduler(Clock()).every())  # type: ignore[operator]
