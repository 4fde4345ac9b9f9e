"""Runs a sweep, shows how far it is, and ends with what it found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.collector import look_again
from cli.exit_codes import ExitCode
from cli.interruptions import interruptions
from cli.research.options import Holdout, SweepOptions
from cli.research.progress import SweepProgress
from cli.research.show import show_answer, show_confirmed, show_walks
from cli.result_files import write_result
from cli.start import INTERRUPTED
from cli.views.say import say
from core.errors import InputError
from core.statistics.folds import Walk
from lab.processes import Processes
from lab.research.answer import Answer, answer_json, answer_of
from lab.research.confirm import Confirmed, best_numbers, confirm, look_behind
from lab.research.executor import Executor, PointTask
from lab.research.folder import SweepFolder
from lab.research.found import FoundRun
from lab.research.journal import SweepJournal
from lab.research.max_t import require_numpy
from lab.research.null_rate import measured_rate
from lab.research.running import point_runner
from lab.research.sweep import HeldMarket, NoReports, SweepSpan, Swept, conduct, held, tasks_of
from lab.research.tried import Tried
from lab.research.walk import Walked, purge_weeks, walked


@dataclass(frozen=True)
class Looks:
    """Where looks behind a holdout are put on record; `read_before`: how far sweeps had read the market."""

    journal: SweepJournal
    tried: Tried
    read_before: datetime | None


def run(options: SweepOptions, clock: Callable[[], datetime]) -> None:
    """Exit code 1 if a point could not be run or confirmed, 130 if a person ended it."""
    require_numpy()
    look_again()
    journal = SweepJournal(options.out)
    try:
        if journal.dropped:
            say("the journal's last line was torn, and is dropped: that point runs again", err=True)
        with interruptions() as interrupted:
            _whole(options, journal, interrupted, clock)
            if interrupted():
                raise SystemExit(INTERRUPTED)
    finally:
        journal.close()


def _whole(
    options: SweepOptions,
    journal: SweepJournal,
    interrupted: Callable[[], bool],
    clock: Callable[[], datetime],
) -> None:
    markets = held(options.markets)
    tasks = tasks_of(options.points, markets, options.span, reports=options.out is not None)
    tried = Tried(markets)
    points_tried, read_before = tried.add_points(task.key for task in tasks), tried.read_to()
    swept = _swept(options, tasks, journal, interrupted)
    if swept.by_point:
        tried.add_read(max(found.ended for runs in swept.by_point.values() for found in runs))
    answer = answer_of(options.axes, options.points, swept, points_tried)
    rate = measured_rate()
    show_answer(answer, swept, options.axes, options.points, options.impossible, rate)
    _write(options, answer, swept, (), ())
    walks: tuple[Walked, ...] = ()
    if options.walk is not None and answer is not None and swept.is_whole:
        walks = _walks(options, swept, options.walk)
        show_walks(walks, options.axes, options.points)
        _write(options, answer, swept, walks, ())
    confirmed: list[Confirmed] = []
    if options.confirm is not None and answer is not None and swept.is_whole:
        looks = Looks(journal, tried, read_before)
        confirmed = _confirmed(options, answer, options.confirm, markets, looks, interrupted, clock)
        show_confirmed(confirmed)
        _write(options, answer, swept, walks, confirmed)
    if not interrupted() and (swept.failed or any(each.differences for each in confirmed)):
        raise SystemExit(ExitCode.FOUND_WRONG)


def _confirmed(
    options: SweepOptions,
    answer: Answer,
    most: int,
    markets: tuple[HeldMarket, ...],
    looks: Looks,
    interrupted: Callable[[], bool],
    clock: Callable[[], datetime],
) -> list[Confirmed]:
    """The best points through the engine: over the span of the sweep, then behind the holdout."""
    by_number = {point.number: point for point in options.points}
    best = [by_number[number] for number in best_numbers(answer.figures, most)]

    def goes_on() -> bool:
        return not interrupted()

    made = confirm(best, markets, options.span, behind_holdout=False, goes_on=goes_on)
    if options.holdout is not None and goes_on():
        behind = SweepSpan(options.holdout.began, options.holdout.ended, options.span.resume_after)
        look_behind(looks.journal, best, markets, behind, clock())
        say("", *_told_of_look(options, options.holdout, looks, clock()))
        made += confirm(best, markets, behind, behind_holdout=True, goes_on=goes_on)
    return made


def _told_of_look(options: SweepOptions, holdout: Holdout, looks: Looks, now: datetime) -> Iterator[str]:
    """Which look it is, in whatever folder, and whether a sweep has seen before what lies there."""
    assert options.out is not None
    day = f"{holdout.began:%Y-%m-%d}"
    made = looks.tried.add_look(now, holdout.began, options.out)
    yield f"look {len(made)} behind a holdout of this market, this one behind {day}; it is on record"
    elsewhere = sum(each.folder != made[-1].folder for each in made)
    if elsewhere:
        yield f"{elsewhere} of them from other folders"
    if len(made) > 1:
        yield "who looks again and takes the best has chosen by what lies there: it proves nothing any more"
    if looks.read_before is not None and looks.read_before > holdout.began:
        yield (
            f"sweeps have read this market up to {looks.read_before:%Y-%m-%d} before: what lies behind {day} "
            "was seen when the points were chosen, and is no holdout"
        )


def _swept(
    options: SweepOptions,
    tasks: tuple[PointTask, ...],
    journal: SweepJournal,
    interrupted: Callable[[], bool],
) -> Swept:
    progress = SweepProgress()

    def told(done: int, total: int, newest: FoundRun | None) -> bool:
        progress.tell(done, total, newest)
        return not interrupted()

    def executor() -> Executor:
        if options.cluster is None:
            return Processes(options.jobs, point_runner)
        return _cluster(options.cluster)

    reports = NoReports() if options.out is None else SweepFolder(options.out)
    swept = conduct(options.points, tasks, journal, reports, executor, told)
    progress.end()
    return swept


def _cluster(address: str) -> Executor:
    """Raises `InputError` without the extra, or without a scheduler that answers."""
    try:
        # Slow to import, and not needed on one machine.
        from lab.research.cluster import Cluster
    except ImportError:
        raise InputError(
            f"--cluster {address}: expected distributed, found none; make venv-research, or "
            "pip install 'cerbero-bite[cluster]'"
        ) from None
    return Cluster(address)


def _walks(options: SweepOptions, swept: Swept, walk: Walk) -> tuple[Walked, ...]:
    purge = purge_weeks(options.points)
    return tuple(walked(walk, swept.by_point, purge, anchored=anchored) for anchored in (False, True))


def _write(
    options: SweepOptions,
    answer: Answer | None,
    swept: Swept,
    walks: Sequence[Walked],
    confirmed: Sequence[Confirmed],
) -> None:
    document = answer_json(
        answer,
        axes=options.axes,
        points=options.points,
        impossible=options.impossible,
        swept=swept,
        rate=measured_rate(),
        reports=options.out is not None,
        walks=walks,
        confirmed=confirmed,
    )
    if options.out is not None:
        SweepFolder(options.out).answer(document)
    if options.json_file is not None:
        write_result("--json", options.json_file, json.dumps(document, indent=1) + "\n")
