"""A data folder held by something that listens like an engine and does what a test says."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread

from actors.control.wire import ControlAnswer, ControlRequest, encode, read_request
from reading.engine_lock import LOCK


@contextlib.contextmanager
def held_folder(data_dir: Path, answers: Sequence[ControlAnswer] | None) -> Iterator[list[ControlRequest]]:
    """Each connection gets these answers to its first line, and then ends; None: it is never answered.

    Gives the requests that were answered, in order.
    """
    asked: list[ControlRequest] = []
    path = data_dir / "s"
    with (data_dir / LOCK).open("w", encoding="utf-8") as lock, socket.socket(socket.AF_UNIX) as listener:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": os.getpid(), "socket": str(path)}))
        lock.flush()
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=_serve, args=(listener, answers, asked), daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10.0)


def _serve(
    listener: socket.socket, answers: Sequence[ControlAnswer] | None, asked: list[ControlRequest]
) -> None:
    with contextlib.ExitStack() as connections, contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connections.enter_context(connection)
            if answers is not None:
                asked.append(read_request(connection.makefile("rb").readline()))
                connection.sendall(b"".join(map(encode, answers)))
                connection.shutdown(socket.SHUT_WR)
