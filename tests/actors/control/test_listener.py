"""The socket is bound again whatever lies where it goes, and nothing that lies there is lost."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest

from actors.control.listener import Listener
from core.errors import InputError
from tests.without_root import NOBODY


def a_file(run: Path) -> None:
    run.write_text("precious", "utf-8")


def a_link_to_a_folder(run: Path) -> None:
    elsewhere = run.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "control.sock").write_text("precious", "utf-8")
    run.symlink_to(elsewhere)


def a_link_to_nowhere(run: Path) -> None:
    run.symlink_to("nowhere")


def a_pipe(run: Path) -> None:
    os.mkfifo(run)


def another_users_folder(run: Path) -> None:
    run.mkdir()
    if os.geteuid() == 0:
        os.chown(run, NOBODY, NOBODY)


@pytest.mark.parametrize(
    "laid", [None, a_file, a_link_to_a_folder, a_link_to_nowhere, a_pipe, another_users_folder]
)
def test_the_folder_of_the_socket_is_made_again(tmp_path: Path, laid: Callable[[Path], None] | None) -> None:
    path = tmp_path / "run" / "control.sock"
    listener = Listener(path)
    listener.bind()
    path.unlink()
    path.parent.rmdir()
    if laid is not None:
        laid(path.parent)
    listener.bind()
    try:
        assert listener.is_in_place()
        assert not path.parent.is_symlink()
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(path))
    finally:
        listener.close()
        listener.let_go()
    kept = [each.read_text("utf-8") for each in tmp_path.rglob("*") if each.is_file()]
    assert kept == ([] if laid not in (a_file, a_link_to_a_folder) else ["precious"])


def test_a_folder_that_cant_be_moved_aside_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run" / "control.sock"
    path.parent.write_text("", "utf-8")

    def refused(_path: Path, _target: Path) -> Path:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises((OSError, InputError)):
        Listener(path).bind()
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def test_closing_ends_a_wait_at_once(tmp_path: Path) -> None:
    """One that went on until its time was over took a connection of the next listener, and dropped it."""
    listener = Listener(tmp_path / "run" / "control.sock")
    listener.bind()
    ended: SimpleQueue[Exception] = SimpleQueue()

    def wait() -> None:
        try:
            listener.accept(30.0)
        except OSError as error:
            ended.put(error)
        listener.let_go()

    waiting = Thread(target=wait)
    waiting.start()
    listener.close()
    error = ended.get(timeout=10.0)
    waiting.join()
    assert not isinstance(error, TimeoutError)
    assert not listener.path.exists()


def test_closing_goes_on_where_the_socket_file_cant_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may have been taken away or closed meanwhile. Who connects is refused all the same."""
    listener = Listener(tmp_path / "run" / "control.sock")
    listener.bind()

    def refused(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    listener.close()
    with closing(socket.socket(socket.AF_UNIX)) as client, pytest.raises(ConnectionRefusedError):
        client.connect(str(listener.path))
    listener.let_go()
