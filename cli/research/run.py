"""Runs a sweep, shows how far it is, and ends with what it found."""

from __future__ import annotations

import json
from collections.abc import Callable

from cli.backtest.interruptions import INTERRUPTED, interruptions
from cli.exit_codes import ExitCode
from cli.research.options import SweepOptions
from cli.research.progress import SweepProgress
from cli.research.show import show_answer, show_walks
from cli.views.say import say
from core.errors import InputError
from core.statistics.folds import Walk
from lab.research.answer import Answer, answer_json, answer_of
from lab.research.confirm import require_actors
from lab.research.executor import Executor, Task
from lab.research.folder import SweepFolder
from lab.research.found import Found
from lab.research.journal import Journal
from lab.research.max_t import require_numpy
from lab.research.null_rate import measured_rate
from lab.research.processes import Processes
from lab.research.sweep import NoReports, Swept, conduct, held, tasks_of
from lab.research.tried import Tried
from lab.research.walk import Walked, purge_weeks, walked


def run(options: SweepOptions) -> None:
    """Exit code 1 if a point could not be run, 130 if a person ended it."""
    require_numpy()
    if options.confirm is not None:
        require_actors()
    journal = Journal(options.out)
    try:
        if journal.dropped:
            say("the journal's last line was torn, and is dropped: that point runs again", err=True)
        with interruptions() as interrupted:
            _whole(options, journal, interrupted)
            if interrupted():
                raise SystemExit(INTERRUPTED)
    finally:
        journal.close()


def _whole(options: SweepOptions, journal: Journal, interrupted: Callable[[], bool]) -> None:
    tasks = tasks_of(options.points, held(options.markets), options.span, reports=options.out is not None)
    tried = Tried().add(task.key for task in tasks)
    swept = _swept(options, tasks, journal, interrupted)
    answer = answer_of(options.axes, options.points, swept, tried)
    rate = measured_rate()
    show_answer(answer, swept, options.points, options.impossible, rate)
    _write(options, answer, swept, ())
    if options.walk is not None and answer is not None and swept.is_whole:
        walks = _walks(options, swept, options.walk)
        show_walks(walks, options.points)
        _write(options, answer, swept, walks)
    if swept.failed and not interrupted():
        raise SystemExit(ExitCode.FOUND_WRONG)


def _swept(
    options: SweepOptions, tasks: tuple[Task, ...], journal: Journal, interrupted: Callable[[], bool]
) -> Swept:
    progress = SweepProgress()

    def told(done: int, total: int, newest: Found | None) -> bool:
        progress.tell(done, total, newest)
        return not interrupted()

    def executor() -> Executor:
        if options.cluster is None:
            return Processes(options.jobs)
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
            f"--cluster {address}: expected distributed, found none; pip install 'cerbero-bite[cluster]'"
        ) from None
    return Cluster(address)


def _walks(options: SweepOptions, swept: Swept, walk: Walk) -> tuple[Walked, ...]:
    purge = purge_weeks(options.points)
    return tuple(walked(walk, swept.by_point, purge, anchored=anchored) for anchored in (False, True))


def _write(options: SweepOptions, answer: Answer | None, swept: Swept, walks: tuple[Walked, ...]) -> None:
    document = answer_json(
        answer,
        axes=options.axes,
        points=options.points,
        impossible=options.impossible,
        swept=swept,
        rate=measured_rate(),
        reports=options.out is not None,
        walks=walks,
    )
    if options.out is not None:
        SweepFolder(options.out).answer(document)
    if options.json_file is not None:
        try:
            options.json_file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"--json {options.json_file}: the file can't be written: {error.strerror}"
            ) from None
