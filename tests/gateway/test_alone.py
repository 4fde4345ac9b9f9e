"""Gateways, venues and sweeps are alone in their folders, although the file of their lock is gone."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from cli.data_folder import locked
from core.errors import InputError
from gateway.live import store
from gateway.live.store import StateFolder
from gateway.paper import process
from gateway.shell.alone import AloneIn
from gateway.sim import kept
from gateway.sim.kept import SimFolder
from lab.research import journal
from lab.research.journal import SweepJournal


class Closed(Protocol):
    def close(self) -> None: ...


HOLDERS = {
    store.LOCK: StateFolder,
    kept.LOCK: lambda folder: SimFolder(folder, "model seed 7"),
    process.LOCK: lambda folder: process.alone_in(folder, within_s=0.0),
    journal.LOCK: SweepJournal,
}


@pytest.mark.parametrize(("name", "hold"), HOLDERS.items(), ids=HOLDERS)
def test_a_second_one_is_refused_whatever_became_of_the_file(
    tmp_path: Path, name: str, hold: Callable[[Path], Closed]
) -> None:
    with closing(hold(tmp_path)):
        lock = tmp_path / name
        for spoil in (lock.stat, lock.unlink, lock.touch):
            spoil()
            with pytest.raises(InputError, match="another"):
                hold(tmp_path)
    hold(tmp_path).close()


def test_a_process_of_an_older_version_is_met_by_the_file(tmp_path: Path) -> None:
    with (tmp_path / "some.lock").open("w", encoding="utf-8") as older:
        fcntl.flock(older, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            AloneIn(tmp_path, "some.lock")
    with (
        closing(AloneIn(tmp_path, "some.lock")),
        (tmp_path / "some.lock").open("a", encoding="utf-8") as older,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(older, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_engine_and_another_kind_may_have_the_folder_meanwhile(tmp_path: Path) -> None:
    with (
        locked(tmp_path, lambda: Path("a.sock")),
        closing(AloneIn(tmp_path, "gateway.lock")),
        closing(AloneIn(tmp_path, "venue.lock")) as alone,
    ):
        alone.note("12")
        assert (tmp_path / "venue.lock").read_text("utf-8") == "12"
