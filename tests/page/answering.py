"""Answers on the control socket of a folder as an engine in a known state would."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from threading import Thread

from actors.control.socket_path import choose_socket
from actors.control.wire import ControlAnswer, RequestName, answer_of, encode, read_request
from cli.data_folder import locked
from core.messages.engine_status import EngineStatus


@contextmanager
def engine_in(data_dir: Path, status: EngineStatus, *, once: bool = False) -> Iterator[None]:
    """While the block runs the folder is held as by an engine; each `status` is answered with this one.

    With `once` only the first is answered, as by an engine that hangs from then on.
    """
    with (
        locked(data_dir, lambda: choose_socket(data_dir, os.environ)) as held,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        path = held.socket
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen()
        answers = repeat(encode(answer_of(status)), *([1] if once else []))
        accepting = Thread(target=_accept, args=(listening, answers), daemon=True)
        accepting.start()
        try:
            yield
        finally:
            # A close alone would leave `accept` waiting.
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(5.0)
            path.unlink(missing_ok=True)


def _accept(listening: socket.socket, answers: Iterator[bytes]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            Thread(target=_serve, args=(connection, answers), daemon=True).start()


def _serve(connection: socket.socket, answers: Iterator[bytes]) -> None:
    with connection, connection.makefile("rb") as lines, suppress(OSError):
        for line in lines:
            asked = read_request(line).request
            refused = ControlAnswer(ok=False, error=f"{asked}: this engine tells its status alone")
            said = next(answers, None) if asked is RequestName.STATUS else encode(refused)
            # Whoever is told nothing waits, until it gives up and closes.
            if said is not None:
                connection.sendall(said)
