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

from actors.control.wire import ControlAnswer, encode
from reading.engine_lock import LOCK


@contextlib.contextmanager
def held_folder(data_dir: Path, answers: Sequence[ControlAnswer] | None) -> Iterator[None]:
    """Each connection gets these answers to its first line; None: it is accepted and never answered."""
    path = data_dir / "s"
    with (data_dir / LOCK).open("w", encoding="utf-8") as lock, socket.socket(socket.AF_UNIX) as listener:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": os.getpid(), "socket": str(path)}))
        lock.flush()
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=_serve, args=(listener, answers), daemon=True)
        thread.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10.0)


def _serve(listener: socket.socket, answers: Sequence[ControlAnswer] | None) -> None:
    with contextlib.ExitStack() as connections, contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connections.enter_context(connection)
            if answers is not None:
                connection.makefile("rb").readline()
                connection.sendall(b"".join(map(encode, answers)))
