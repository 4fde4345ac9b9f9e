"""A real scheduler and real workers on this machine: the same results, and nothing lost whatever dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import distributed
import pytest

from core.errors import InputError
from lab.processes import Done, Raised
from lab.research.cluster import Cluster
from lab.research.executor import PointEnd, PointTask
from lab.research.running import Runner
from lab.research.sweep import SweepSpan
from tests.research.swept import ROOT, points, tasks

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]
"""Other people's code warns as it likes."""
MONTHS = SweepSpan(None, datetime(2026, 7, 1, tzinfo=UTC), timedelta(days=30))
DECADES = SweepSpan(None, datetime(2046, 1, 1, tzinfo=UTC), timedelta(days=1))


OF_WORKERS = "OF_WORKERS"
START_S = 240.0
"""A scheduler and three workers import a lot, and the machine may be busy."""


SLOW_S = 8.0
"""What a machine may add that others use; of these processes alone it is under two."""


class House:
    """A scheduler with workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        arguments = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        return self._started("dask_scheduler", *arguments)

    def start_worker(self, *, code: str = "", threads: int = 1) -> subprocess.Popen[bytes]:
        arguments = [
            "--no-nanny",
            "--nthreads",
            str(threads),
            "--no-dashboard",
            "--local-directory",
            str(self._folder),
        ]
        return self._started("dask_worker", self.address, *arguments, code=code)

    def _started(self, module: str, *arguments: str, code: str = "") -> subprocess.Popen[bytes]:
        program = f"{code}\nfrom distributed.cli.{module} import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT), OF_WORKERS: "yes" if module == "dask_worker" else ""},
        )
        self.processes.append(process)
        return process

    def connected(self, workers: int) -> Cluster:
        """An executor, once so many workers are there."""
        until_s = monotonic() + START_S
        while True:
            with suppress(InputError):
                cluster = Cluster(self.address, reconnect_s=90.0)
                if len(cluster._client.nthreads()) >= workers:
                    return cluster
                cluster.close()
            assert monotonic() < until_s

    def end(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(20)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.end()


def ended(cluster: Cluster, listed: Sequence[PointTask]) -> dict[int, PointEnd]:
    for task in listed:
        cluster.submit(task)
    found = [each for each in cluster.as_completed() if each is not None]
    cluster.close()
    assert len({each.task.number for each in found}) == len(found)
    return {each.task.number: each for each in found}


POINTS = points("exits.profit_of_credit=0.4,0.5,0.6", "strikes.delta_target=0.18,0.2")


def test_a_cluster_finds_what_one_run_here_finds(house: House) -> None:
    house.start_worker()
    house.start_worker()
    listed = tasks(POINTS, 1)
    here = Runner()
    assert ended(house.connected(2), listed) == {task.number: Done(task, here.run(task)) for task in listed}


def test_each_worker_gets_the_points_of_one_market(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start_worker()
    house.start_worker()
    asked: dict[int, str] = {}
    start = Cluster._start

    def noted(cluster: Cluster, under_way: Any, worker: str) -> None:
        asked.setdefault(under_way.task.number, worker)  # A late one is asked of another one, too.
        start(cluster, under_way, worker)

    monkeypatch.setattr(Cluster, "_start", noted)
    listed = tasks(POINTS, 1, 2)
    assert len(ended(house.connected(2), listed)) == len(listed)
    first, second = (
        [asked[task.number] for task in listed[at : at + len(POINTS)]] for at in (0, len(POINTS))
    )
    # One that is through with its own helps the other, from the end.
    assert len(set(first[:2])) == len(set(second[:2])) == 1
    assert first[0] != second[0]


def test_a_worker_that_is_killed_loses_nothing(house: House) -> None:
    first = house.start_worker()
    house.start_worker()
    cluster = house.connected(2)
    threading.Timer(1.0, first.kill).start()
    found = ended(cluster, tasks(POINTS, 1, span=MONTHS))
    assert [type(each) for each in found.values()] == [Done] * len(POINTS)
    assert first.wait(20) == -9


def test_what_the_last_worker_ran_runs_on_the_next_one(house: House) -> None:
    last = house.start_worker()
    cluster = house.connected(1)
    listed = tasks(POINTS[:2], 1, span=MONTHS)
    for task in listed:
        cluster.submit(task)
    events = cluster.as_completed()
    while not running(house):
        assert next(events) is None
    last.kill()
    last.wait(20)
    house.start_worker()
    found = [each for each in events if each is not None]
    cluster.close()
    assert sorted(each.task.number for each in found) == [0, 1]
    assert all(isinstance(each, Done) for each in found)


def test_a_scheduler_without_workers_ends_the_sweep_with_a_word(house: House) -> None:
    house.connected(0).close()
    cluster = Cluster(house.address, reconnect_s=1.0)
    cluster.submit(tasks(POINTS[:1], 1)[0])
    with pytest.raises(InputError, match="expected a worker that takes points, found none for 1 s"):
        list(cluster.as_completed())


class Deadly:
    """What kills the worker that reads it. The scheduler reads it, too, and hands it on."""

    def __reduce__(self) -> tuple[object, ...]:
        return read, ()


def read() -> Deadly:
    if os.environ.get(OF_WORKERS):
        os.kill(os.getpid(), signal.SIGKILL)
    return Deadly()


def test_a_point_that_two_workers_died_of_is_named(house: House) -> None:
    for _ in range(3):
        house.start_worker()
    good, deadly = tasks(points("exits.profit_of_credit=0.4,0.5"))
    found = ended(house.connected(3), [good, replace(deadly, values=Deadly())])  # type: ignore[arg-type]
    raised = found[deadly.number]
    assert isinstance(raised, Raised)
    assert raised.why.startswith("2 workers died while they ran it, the last tcp://127.0.0.1:")
    assert isinstance(found[good.number], Done)


def test_only_the_point_that_kills_is_named_whatever_ran_beside_it(house: House) -> None:
    for _ in range(3):
        house.start_worker(threads=3)
    deadly, *others = tasks(POINTS, 1, span=MONTHS)
    found = ended(house.connected(3), [replace(deadly, values=Deadly()), *others])  # type: ignore[arg-type]
    assert [number for number, each in found.items() if isinstance(each, Raised)] == [deadly.number]


def test_a_scheduler_that_comes_back_is_given_again_what_it_had(house: House) -> None:
    house.start_worker()
    cluster = house.connected(1)
    for task in tasks(POINTS, 1, span=MONTHS):
        cluster.submit(task)
    found = []
    for each in cluster.as_completed():
        if each is None:
            continue
        found.append(each)
        if len(found) == 2:
            house.scheduler.kill()
            house.scheduler.wait(20)
            house.scheduler = house.start_scheduler()
            house.start_worker()
    cluster.close()
    assert sorted(each.task.number for each in found) == list(range(len(POINTS)))
    assert all(isinstance(each, Done) for each in found)


def test_a_scheduler_that_stays_away_ends_the_sweep_with_a_word(house: House) -> None:
    house.start_worker()
    house.connected(1).close()
    cluster = Cluster(house.address, reconnect_s=1.0)
    cluster.submit(tasks(POINTS, 1, span=DECADES)[0])
    events = cluster.as_completed()
    assert next(events) is None
    house.scheduler.kill()
    with pytest.raises(InputError, match="the scheduler is gone, and did not come back within 1 s"):
        list(events)


def test_a_late_point_runs_elsewhere_too_and_the_first_answer_wins(house: House) -> None:
    stopped = house.start_worker()
    house.start_worker()
    cluster = house.connected(2)
    stopped.send_signal(signal.SIGSTOP)
    found = ended(cluster, tasks(points("exits.profit_of_credit=0.3,0.35,0.4,0.45,0.5,0.55,0.6,0.65")))
    assert [type(each) for each in found.values()] == [Done] * 8


def test_a_few_points_do_not_wait_for_one_whose_worker_is_frozen(house: House) -> None:
    frozen = house.start_worker()
    house.start_worker()
    cluster = house.connected(2)
    frozen.send_signal(signal.SIGSTOP)
    found = ended(cluster, tasks(POINTS[:3]))
    assert [type(each) for each in found.values()] == [Done] * 3


def running(house: House) -> int:
    """How many tasks the workers run, by what they say themselves."""
    connect: Any = distributed.Client
    client = connect(house.address, timeout=START_S, set_as_default=False)
    found: dict[str, int] = client.run(lambda dask_worker: len(dask_worker.active_threads))
    client.close()
    return sum(found.values())


def test_closing_ends_what_workers_run_within_two_seconds(house: House) -> None:
    house.start_worker()
    cluster = house.connected(1)
    cluster.submit(tasks(POINTS, 1, span=DECADES)[0])
    events = cluster.as_completed()
    while not running(house):
        assert next(events) is None
    began = monotonic()
    cluster.close()
    assert monotonic() - began < 2.0 + SLOW_S
    while running(house):
        assert monotonic() - began < 2.0 + SLOW_S


def test_a_scheduler_that_hangs_keeps_nobody_from_ending_the_sweep(house: House) -> None:
    house.start_worker()
    cluster = house.connected(1)
    for task in tasks(POINTS, 1, span=DECADES):
        cluster.submit(task)
    events = cluster.as_completed()
    assert next(events) is None
    house.scheduler.send_signal(signal.SIGSTOP)
    began = monotonic()
    assert next(events) is None
    cluster.close()
    assert monotonic() - began < 2.0 + SLOW_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_that_is_ended_leaves_idle_workers_and_goes_on(
    house: House, tmp_path: Path, number: signal.Signals
) -> None:
    house.start_worker()
    house.connected(1).close()
    command = [sys.executable, "run.py", "sweep", "--model", "--seeds", "1:2", "--cluster", house.address]
    command += ["--out", str(tmp_path / "out"), "--resume-after-days", "30", "--to", "2028-01-01"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    journal = tmp_path / "out" / "journal.jsonl"
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        while not journal.is_file() or not journal.read_bytes():
            assert process.poll() is None
        while not running(house):
            assert process.poll() is None
        began = monotonic()
        process.send_signal(number)
        assert process.wait(30) == (130 if number is signal.SIGINT else -number)
        assert monotonic() - began < 2.0 + SLOW_S
        while running(house):
            assert monotonic() - began < 2.0 + SLOW_S
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert "2 asked, 1 on record before, 1 run now" in ran
    assert len(journal.read_text("utf-8").splitlines()) == 2


def test_a_worker_of_other_code_is_refused(house: House) -> None:
    other = "import config; config.code_version = lambda: 'other'"
    house.start_worker(code=other)
    until_s = monotonic() + 60.0
    said = ""
    while "found other+" not in said:
        assert monotonic() < until_s, said
        try:
            Cluster(house.address).close()
        except InputError as error:
            said = str(error)
    assert "expected workers of code" in said


def test_a_worker_without_the_program_is_refused(house: House) -> None:
    house.start_worker(code="import sys; sys.modules['lab'] = None")
    until_s = monotonic() + START_S
    said = ""
    while "found ModuleNotFoundError" not in said:
        assert monotonic() < until_s, said
        try:
            Cluster(house.address).close()
        except InputError as error:
            said = str(error)
    assert "expected workers of code" in said


@pytest.mark.parametrize(
    "code",
    [
        "import config; config.code_version = lambda: 'other'",
        "import lab.research.identity as identity; identity.data_hash = lambda market: 'other'",
        "import sys; sys.modules['lab'] = None",
    ],
)
def test_a_worker_that_can_run_nothing_and_comes_later_leaves_the_points_to_the_others(
    house: House, code: str
) -> None:
    house.start_worker()
    cluster = house.connected(1)
    listed = tasks(POINTS, 1, 2, span=MONTHS)
    for task in listed:
        cluster.submit(task)
    found = []
    for each in cluster.as_completed():
        if each is None:
            continue
        found.append(each)
        if len(found) == 1:
            house.start_worker(code=code)
            while len(cluster._client.nthreads()) < 2:
                assert house.processes[-1].poll() is None
    cluster.close()
    assert sorted(each.task.number for each in found) == list(range(len(listed)))
    assert all(isinstance(each, Done) for each in found)


def test_data_of_another_digest_is_refused_point_by_point(house: House) -> None:
    house.start_worker()
    (task,) = tasks(points())
    other = replace(task, key=task.key._replace(data="0" * 32))
    raised = ended(house.connected(1), [other])[task.number]
    assert isinstance(raised, Raised)
    assert raised.why.startswith(f"the worker's model seed 1: expected data {'0' * 32}, found ")
