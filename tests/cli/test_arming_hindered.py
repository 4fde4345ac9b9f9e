"""`kill-switch arm` whatever the locks of the folder and the threads of the process are."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from cli.data_folder import locked
from reading.engine_lock import LOCK
from reading.switch.arming import ANSWERED_WITHIN_S
from tests.cli.test_arming import Passing, engine_is_asked, kill, told


@pytest.mark.parametrize("spoilt", ["removed", "a folder", "a pipe", "a link"])
def test_it_arms_whatever_the_lock_of_a_running_engine_is(tmp_path: Path, spoilt: str) -> None:
    with locked(tmp_path, lambda: tmp_path / "none.sock"):
        lock = tmp_path / LOCK
        lock.unlink()
        if spoilt == "a folder":
            lock.mkdir()
        elif spoilt == "a pipe":
            os.mkfifo(lock)
        elif spoilt == "a link":
            lock.symlink_to("nowhere")
        patience = Passing(engine_is_asked)
        text, _ = told(tmp_path, patience)
        assert text.startswith("armed: ")
        assert patience.now_s - 100.0 <= ANSWERED_WITHIN_S
        assert kill(tmp_path).exists()


def test_it_arms_if_there_can_be_no_thread_to_ask_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).touch()

    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr("reading.switch.arming.Thread", NoThread)
    text, _ = told(tmp_path)
    assert text.startswith("armed: ")
    assert "it could not be asked: can't start new thread" in text
    assert kill(tmp_path).exists()
