"""A page whose process had no thread or no file left for a moment asks and reads again afterwards."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from shutil import copytree
from threading import Thread

import pytest

from core.messages.engine_status import EngineStatus
from page.sources import engine, folder
from page.sources.engine import AGAIN_AFTER_S, EngineWatch
from page.sources.folder import FolderWatch
from reading.trading_books import trading_report
from tests.fakes.engine_status import STATES


class NoThread(Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_an_engine_is_asked_again_after_there_was_no_thread_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    watch = EngineWatch(lambda: STATES["condor"], clock=lambda: now_s[0])
    with monkeypatch.context() as patch:
        patch.setattr(engine, "Thread", NoThread)
        assert watch.look().problem == "the engine could not be asked: can't start new thread"
    now_s[0] += AGAIN_AFTER_S
    assert watch.look().status == STATES["condor"]


def test_an_engine_is_asked_again_after_an_asking_that_failed_in_a_way_nobody_thought_of() -> None:
    answers: list[EngineStatus | OSError] = [OSError(24, "Too many open files"), STATES["condor"]]

    def ask() -> EngineStatus:
        said = answers.pop(0)
        if isinstance(said, OSError):
            raise said
        return said

    ticks = count(100.0, 0.05)
    watch = EngineWatch(ask, clock=lambda: next(ticks))
    assert watch.look().problem == "the engine could not be asked: [Errno 24] Too many open files"
    while next(ticks) < 200.0:
        pass
    assert watch.look().status == STATES["condor"]


def test_a_folder_is_read_again_after_there_was_no_thread_for_it(
    one_trade: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = FolderWatch(copytree(one_trade, tmp_path / "data"), trading_report)
    with monkeypatch.context() as patch:
        patch.setattr(folder, "Thread", NoThread)
        assert not watch.look().read
    assert watch.look().read
