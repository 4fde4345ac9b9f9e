"""The control socket: JSON lines over a Unix socket, from this user's processes only."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic
from typing import assert_never

from pydantic import BaseModel

from actors.control.lines import Lines
from actors.control.socket_path import make_private_folder
from actors.control.trust import peer_uid
from actors.control.wire import (
    ControlAnswer,
    ControlRequest,
    RequestName,
    answer_of,
    answer_without_secrets,
    encode,
    read_request,
    without_secrets,
)
from actors.runtime import Address, Question, RuntimeFault, ask
from core.errors import InputError
from core.messages.alerting import TryChannels
from core.messages.base import Refused
from core.messages.control import (
    AwaitEnded,
    AwaitInject,
    GetDump,
    GetHealthcheck,
    GetStatus,
    GetTrace,
    InjectAccepted,
    InjectDone,
    InjectMessage,
    InjectWaits,
    PingEngine,
    SocketLost,
    StopEngine,
)
from core.messages.protocols import ControlProtocol
from core.messages.scheduler import GetJobs
from core.redaction import Redactor

CONNECTIONS_MAX = 8
WAITING_MAX = 32
"""Connections that only wait for the end of a message: counted apart, so that they keep nobody out."""
FIRST_LINE_S = 5.0
"""A client sends its request, whole, right after it has connected."""
IDLE_S = 30.0
LOOK_S = 20.0
"""Without a new connection for this long, whether the socket's file is still there."""
ANSWER_S = 15.0
ACCEPT_S = 30.0
"""An injected message waits this long for state to have it on disk."""
PERHAPS_TAKEN = (
    "it is not known whether the message was taken; if it was, it is carried out, and an alert tells its end"
)


class _Place:
    """One of the places for connections, left once, however often it is asked to."""

    def __init__(self, capacity: BoundedSemaphore) -> None:
        self._capacity = capacity
        self.is_held = True

    def leave(self) -> None:
        if self.is_held:
            self.is_held = False
            self._capacity.release()


class ControlServer:
    """Listens from `open` to `close`; a thread accepts, and each connection has its own."""

    def __init__(
        self,
        path: Path,
        control: Address[ControlProtocol],
        operation: Callable[[], AbstractContextManager[None]],
        redact: Redactor,
    ) -> None:
        self._path = path
        self._control = control
        self._operation = operation
        self._redact = redact
        self._listener: socket.socket | None = None
        self._bound_as: tuple[int, int] | None = None
        """Device and inode of the socket file that is ours."""
        self._capacity = BoundedSemaphore(CONNECTIONS_MAX)
        self._waiting = BoundedSemaphore(WAITING_MAX)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._closed = False
        self._numbers = count(1)

    def open(self) -> None:
        """Bind and listen. A socket file is removed first: as we hold the data folder's lock, its engine is
        dead."""
        self._listener = self._bind()
        Thread(target=self._accept, args=(self._listener,), name="control-accept", daemon=True).start()

    def close(self) -> None:
        """Stop listening and cut every connection; safe to call twice and from another thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            ended = list(self._connections)
            if self._listener is not None:
                ended.append(self._listener)
        for one in ended:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        if self._is_in_place():
            self._path.unlink()

    def _look(self) -> None:
        """Bind the socket again if its file is gone or another's, and tell control; nothing if all is well.

        Whoever cleans up a temporary folder must not leave an engine that no command reaches any more.
        """
        if self._is_in_place():
            return
        try:
            listener = self._bind()
        except (OSError, InputError) as error:
            self._control.tell(SocketLost(path=str(self._path), error=str(error)))
            return
        with self._lock:
            if self._closed:
                listener.close()
                self._path.unlink()
                return
            gone, self._listener = self._listener, listener
        if gone is not None:
            gone.close()
        self._control.tell(SocketLost(path=str(self._path), error=None))

    def _bind(self) -> socket.socket:
        make_private_folder(self._path.parent)
        self._make_way()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen(CONNECTIONS_MAX)
            listener.settimeout(LOOK_S)
        except OSError:
            listener.close()
            raise
        found = self._path.lstat()
        self._bound_as = (found.st_dev, found.st_ino)
        return listener

    def _make_way(self) -> None:
        """Remove what lies where the socket goes; a folder is moved aside with what is in it."""
        if self._path.is_dir() and not self._path.is_symlink():
            self._path.rename(tempfile.mkdtemp(prefix=f"{self._path.name}-", dir=self._path.parent))
        else:
            self._path.unlink(missing_ok=True)

    def _is_in_place(self) -> bool:
        try:
            found = self._path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._bound_as

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                self._look()
                if self._listener is not None:
                    listener = self._listener
                continue
            except OSError:
                return  # Closed: this is how the thread ends.
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._connections.add(connection)
            if self._capacity.acquire(blocking=False):
                Thread(target=self._serve, args=(connection,), name="control-client", daemon=True).start()
            else:
                with contextlib.suppress(OSError):
                    self._send(connection, _failed(f"control: {CONNECTIONS_MAX} connections are in use"))
                self._drop(connection)

    def _serve(self, connection: socket.socket) -> None:
        place = _Place(self._capacity)
        try:
            if peer_uid(connection) != os.getuid():
                self._send(connection, _failed("control: this socket serves its own user only"))
                return
            lines, within_s = Lines(connection), FIRST_LINE_S
            while place.is_held and (line := lines.next(monotonic() + within_s)):
                connection.settimeout(IDLE_S)
                self._handle(connection, line, place)
                within_s = IDLE_S
        except OSError:
            return  # The client went away, was idle for too long, or the server was closed.
        finally:
            self._drop(connection)
            place.leave()

    def _drop(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)
        connection.close()

    def _handle(self, connection: socket.socket, line: bytes, place: _Place) -> None:
        try:
            request = without_secrets(read_request(line), self._redact)
        except ValueError as error:
            self._send(connection, _failed(str(error)))
            return
        try:
            if request.request is RequestName.INJECT:
                self._inject(connection, request, place)
            else:
                with self._operation():
                    answer = ask(_question(request, self._control), timeout_s=ANSWER_S)
                self._send(connection, _answered(answer))
        except RuntimeFault as error:
            self._send(connection, _failed(f"control: {type(error).__name__}: {error}"))

    def _inject(self, connection: socket.socket, request: ControlRequest, place: _Place) -> None:
        """Inject a message; if the request awaits its end, control learns whether that reached the person.

        Whoever waits, perhaps for hours and perhaps gone already, leaves its place to others: it must not
        keep a stop or an arming out. The connection ends with the wait. If too many wait, an alert tells the
        end.
        """
        asker = f"socket-{next(self._numbers)}" if request.wait_s > 0 else ""
        told = False
        try:
            accepted = self._accepted(connection, request, asker)
            if accepted is not None and self._waiting.acquire(blocking=False):
                place.leave()
                try:
                    told = self._await_end(connection, accepted, request.wait_s)
                finally:
                    self._waiting.release()
            elif accepted is not None:
                self._send(connection, answer_of(accepted))
        finally:
            if asker and not self._closed:
                self._control.tell(AwaitEnded(asker=asker, told=told))

    def _accepted(
        self, connection: socket.socket, request: ControlRequest, asker: str
    ) -> InjectAccepted | None:
        """Inject the message, and send what became of that. Returns the acceptance if its end is awaited.

        Jumping market time stands still until the message is durable and delivered. It goes on while the
        effect is awaited, because the effect may need it to.
        """
        inject = InjectMessage(
            message=request.message, body=json.dumps(request.body), who=request.who, asker=asker
        )
        try:
            with self._operation():
                accepted = ask(inject.to(self._control), timeout_s=ACCEPT_S)
        except RuntimeFault as error:
            self._send(connection, _failed(f"control: {type(error).__name__}: {error}; {PERHAPS_TAKEN}"))
            return None
        if not asker or not isinstance(accepted, InjectAccepted):
            self._send(connection, _answered(accepted))
            return None
        self._send(connection, answer_of(accepted, more=True))
        return accepted

    def _await_end(self, connection: socket.socket, accepted: InjectAccepted, wait_s: float) -> bool:
        """Send each word of what the message waits for, then its end; False if that does not come in time."""
        ends_at, seen = monotonic() + wait_s, 0
        while True:
            outcome = AwaitInject(request_id=accepted.request_id, seen=seen)
            answer: InjectDone | InjectWaits | InjectAccepted | Refused
            try:
                answer = ask(outcome.to(self._control), timeout_s=max(0.0, ends_at - monotonic()))
            except RuntimeFault:
                # Too late, or control restarts: the message goes on, and an alert will tell its end.
                answer = accepted
            if not isinstance(answer, InjectWaits):
                self._send(connection, _answered(answer))
                return isinstance(answer, InjectDone)
            seen = answer.number
            self._send(connection, answer_of(answer, more=True))

    def _send(self, connection: socket.socket, answer: ControlAnswer) -> None:
        connection.sendall(encode(answer_without_secrets(answer, self._redact)))


def _question(request: ControlRequest, control: Address[ControlProtocol]) -> Question[BaseModel]:
    match request.request:
        case RequestName.STATUS:
            return GetStatus().to(control)
        case RequestName.PING:
            return PingEngine().to(control)
        case RequestName.STOP:
            return StopEngine(reason=request.reason or f"asked by {request.who}").to(control)
        case RequestName.HEALTHCHECK:
            return GetHealthcheck().to(control)
        case RequestName.JOBS:
            return GetJobs().to(control)
        case RequestName.DUMP:
            return GetDump().to(control)
        case RequestName.TRACE:
            return GetTrace(correlation=request.correlation).to(control)
        case RequestName.TRY_CHANNELS:
            return TryChannels().to(control)
        case RequestName.INJECT:
            raise ValueError("inject is answered in two lines and handled on its own")
        case _:
            assert_never(request.request)


def _answered(answer: BaseModel) -> ControlAnswer:
    if isinstance(answer, Refused):
        return _failed("; ".join(answer.reasons))
    return answer_of(answer)


def _failed(error: str) -> ControlAnswer:
    return ControlAnswer(ok=False, error=error)
