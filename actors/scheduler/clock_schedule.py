"""`schedule` on a given clock: aware UTC, a fixed grid, no slot run twice, none lost, none starved.

The stock library reads the wall clock in naive local time, counts intervals from the last run, forgets missed
runs, and does not run the other jobs if one raises. It is subclassed, not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Self

import schedule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The grid of jobs by the minute or hour is counted from here, so that it does not depend on the start."""
MISSED_SLOTS_MAX = 100
"""At most this many missed slots of a job are told after an outage; older ones are dropped."""
_DAYS_AHEAD_MAX = 62
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ClockScheduler(schedule.Scheduler):
    """Jobs by a clock that is given: `clock()` is the current time, aware UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock

    def every(self, interval: int = 1) -> ClockJob:
        return ClockJob(interval, self)

    def run_pending(self) -> None:
        """Run every due job, earliest first. All exceptions are raised together, as a group, at the end."""
        errors: list[Exception] = []
        for job in sorted(job for job in self.jobs if job.should_run):
            try:
                self._run_job(job)
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("jobs failed", errors)

    @property
    def idle_seconds(self) -> float | None:
        next_run = self.get_next_run()
        return None if next_run is None else (next_run - self.clock()).total_seconds()


class ClockJob(schedule.Job):
    """A job on a fixed grid. Its function gets the slot and whether it misfired (came later than `grace`).

    `at` may be repeated for several times of day. Time zones, random intervals and deadlines, which stock
    `schedule` offers (`tz`, `to`, `until`), are refused.
    """

    def __init__(self, interval: int, scheduler: ClockScheduler) -> None:
        super().__init__(interval, scheduler)
        self._clock = scheduler.clock
        self.planned_from: datetime | None = None
        """The next run is the first slot after this time, by whatever clock it was."""
        self._times: tuple[time, ...] = ()
        self._day_of_month: int | None = None
        self._grace: timedelta | None = None
        self._tell_missed = False

    def at(self, time_str: str, tz: str | None = None) -> Self:
        """Add a UTC time of day; the format is checked by `schedule`."""
        if tz is not None:
            raise schedule.ScheduleValueError(f"times are UTC: expected no time zone, found {tz!r}")
        if self.unit not in ("days", "weeks"):
            raise schedule.ScheduleValueError("at(): expected a daily or weekly job")
        super().at(time_str)
        if self.at_time is None:
            raise schedule.ScheduleValueError(f"at(): {time_str!r} is no time of day")
        self._times = tuple(sorted({*self._times, self.at_time}))
        return self

    def on_day_of_month(self, day: int) -> Self:
        """Restrict a daily job to this day of each month."""
        if self.unit != "days" or not 1 <= day <= 28:
            raise schedule.ScheduleValueError(
                f"on_day_of_month(): expected a daily job, 1 to 28, found {day}"
            )
        self._day_of_month = day
        return self

    def grace(self, grace_s: float | None, *, tell_missed: bool) -> Self:
        """Set how late a slot may still run, in seconds; None sets no limit.

        With `tell_missed`, each older slot that was missed is given to the function too, as misfired.
        """
        self._grace = None if grace_s is None else timedelta(seconds=grace_s)
        self._tell_missed = tell_missed
        return self

    def to(self, latest: int) -> Self:
        raise schedule.ScheduleValueError(f"to({latest}): a random interval has no fixed grid")

    def until(self, until_time: object) -> Self:
        raise schedule.ScheduleValueError(f"until({until_time}): jobs have no end")

    def do(self, job_func: Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Schedule `job_func(*args, slot, misfired)` from the next slot on."""
        self.job_func = partial(job_func, *args, **kwargs)
        self._schedule_next_run()
        if self.scheduler is None:
            raise schedule.ScheduleError("the job belongs to no scheduler")
        self.scheduler.jobs.append(self)
        return self

    @property
    def should_run(self) -> bool:
        return self.due_at <= self._clock()

    @property
    def due_at(self) -> datetime:
        """The next slot, aware UTC."""
        if self.next_run is None:
            raise schedule.ScheduleError("the job has no next run: call do() first")
        return self.next_run

    def resume_at(self, slot: datetime) -> None:
        """Take up `slot`, the next one by the books, if it is still on the grid.

        A slot that is off the grid (the times were changed since) moves on to the next one after it.
        """
        if slot.tzinfo is None:
            raise schedule.ScheduleValueError(f"expected an aware slot, found the naive {slot.isoformat()}")
        moment = slot.astimezone(UTC)
        self._plan(moment - timedelta(microseconds=1))

    def run(self) -> None:
        """Run the latest due slot. The next is set first, so that an exception can't make it run twice."""
        now = self._clock()
        slots = self._due_slots(now)
        self._plan(now)
        self.last_run = now
        if self.job_func is None:
            raise schedule.ScheduleError("the job does nothing: call do() first")
        if self._tell_missed:
            for missed in slots[:-1]:
                self.job_func(missed, True)
        latest = slots[-1]
        misfired = self._grace is not None and now - latest > self._grace
        if not misfired or self._tell_missed:
            self.job_func(latest, misfired)

    def slot_after(self, moment: datetime) -> datetime:
        """The first slot of the grid after `moment`."""
        if self.unit in ("seconds", "minutes", "hours"):
            period = timedelta(**{self.unit: self.interval})
            return EPOCH + ((moment - EPOCH) // period + 1) * period
        if self.unit not in ("days", "weeks") or self.interval != 1 or not self._times:
            raise schedule.ScheduleValueError(
                f"expected every day or weekday with at(), found every {self.interval} {self.unit}"
            )
        for ahead in range(_DAYS_AHEAD_MAX):
            day = moment.date() + timedelta(days=ahead)
            if self._is_day(day):
                for at in self._times:
                    slot = datetime.combine(day, at, tzinfo=UTC)
                    if slot > moment:
                        return slot
        raise schedule.ScheduleValueError(f"no slot within {_DAYS_AHEAD_MAX} days of {moment.isoformat()}")

    def _schedule_next_run(self) -> None:
        self._plan(self._clock())

    def _plan(self, moment: datetime) -> None:
        self.next_run, self.planned_from = self.slot_after(moment), moment

    def _is_day(self, day: date) -> bool:
        if self.start_day is not None and _WEEKDAYS[day.weekday()] != self.start_day:
            return False
        return self._day_of_month is None or day.day == self._day_of_month

    def _due_slots(self, now: datetime) -> list[datetime]:
        """The due slots, oldest first; without `tell_missed` the latest only, else up to
        `MISSED_SLOTS_MAX` + 1."""
        slots: list[datetime] = [self.due_at]
        if not self._tell_missed:
            return [self._latest_due(now)]
        while (following := self.slot_after(slots[-1])) <= now:
            slots.append(following)
            del slots[: -MISSED_SLOTS_MAX - 1]
        return slots

    def _latest_due(self, now: datetime) -> datetime:
        slot = self.due_at
        if self.unit in ("seconds", "minutes", "hours"):
            period = timedelta(**{self.unit: self.interval})
            return max(slot, EPOCH + (now - EPOCH) // period * period)
        while (following := self.slot_after(slot)) <= now:
            slot = following
        return slot
