"""The control socket: JSON lines over a Unix socket, from this user's processes only."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic
from typing import assert_never

from pydantic import BaseModel

from actors.control.folder_lock import FolderLock, LockLoss
from actors.control.lines import Lines
from actors.control.listener import Listener
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
    LockLookedAt,
    PingEngine,
    SocketDeaf,
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
"""Between two looks whether the socket's file and the folder's lock are still there."""
RETRY_S = 1.0
"""After a connection that could not be taken."""
SHORTEST_WAIT_S = 0.01
NOT_LISTENING = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})
"""What `accept` says of a socket that will never have another connection."""
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
        folder_lock: FolderLock | None = None,
    ) -> None:
        self._listener = Listener(path)
        self._control = control
        self._operation = operation
        self._redact = redact
        self._folder_lock = folder_lock
        self._lock_is_well = True
        self._capacity = BoundedSemaphore(CONNECTIONS_MAX)
        self._waiting = BoundedSemaphore(WAITING_MAX)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._closed = Event()
        self._deaf_told_s: float | None = None
        """When control was last told that no connection could be taken, as `monotonic` counts."""
        self._numbers = count(1)

    def open(self) -> None:
        """Bind and listen. Raises OSError, InputError, and RuntimeError if there can be no thread for it."""
        self._listener.bind()
        try:
            Thread(target=self._accept, name="control-accept", daemon=True).start()
        except BaseException:
            self._listener.close()
            self._listener.let_go()
            raise

    def close(self) -> None:
        """Stop listening and cut every connection; safe to call twice and from another thread.

        Each descriptor is closed by the thread that uses it.
        """
        with self._lock:
            self._closed.set()
            ended = list(self._connections)
        self._listener.close()
        for one in ended:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _look(self) -> None:
        """Look after what leads commands here: the socket's file, and the lock that names it."""
        if not self._listener.is_in_place():
            self._bind_again()
        if self._folder_lock is None:
            return
        found = self._folder_lock.look()
        if found is not None or not self._lock_is_well:
            self._lock_is_well = found is None
            found = found or LockLoss()
            self._control.tell(LockLookedAt(lock=found.lock, error=found.error, folder=found.folder))

    def _bind_again(self) -> None:
        """Whoever cleans up a temporary folder must not leave an engine that no command reaches any more."""
        path = str(self._listener.path)
        try:
            self._listener.bind()
        except (OSError, InputError) as error:
            self._control.tell(SocketLost(path=path, error=str(error)))
        else:
            if not self._closed.is_set():
                self._control.tell(SocketLost(path=path, error=None))

    def _accept(self) -> None:
        """Take connections until the end, whatever fails: else nobody could reach this engine any more."""
        look_at_s = monotonic() + LOOK_S
        while not self._closed.is_set():
            try:
                if monotonic() >= look_at_s:
                    look_at_s = monotonic() + LOOK_S
                    self._look()
                self._take(self._listener.accept(max(look_at_s - monotonic(), SHORTEST_WAIT_S)))
                self._hears()
            except TimeoutError:
                continue
            except ConnectionAbortedError:
                continue  # The client went away before it was its turn.
            except Exception as error:
                if not self._closed.is_set():
                    self._deaf(error)
        self._listener.let_go()

    def _take(self, connection: socket.socket) -> None:
        """Serve the connection in a thread of its own, if there is a place."""
        with self._lock:
            if self._closed.is_set():
                connection.close()
                return
            self._connections.add(connection)
        if not self._capacity.acquire(blocking=False):
            self._refuse(connection, f"{CONNECTIONS_MAX} connections are in use")
            return
        try:
            Thread(target=self._serve, args=(connection,), name="control-client", daemon=True).start()
        except BaseException as error:
            self._capacity.release()
            self._refuse(connection, f"it can't be served now: {error}")
            raise

    def _refuse(self, connection: socket.socket, why: str) -> None:
        with contextlib.suppress(OSError):
            self._send(connection, _failed(f"control: {why}"))
        self._drop(connection)

    def _deaf(self, error: Exception) -> None:
        """Say that no connection can be taken, not each time, and leave what is short a moment to be there.

        Files, memory and threads of the process or the machine may be used up; who waits to be taken goes on
        waiting. A listening socket that is none any more is bound anew.
        """
        if self._deaf_told_s is None or monotonic() - self._deaf_told_s >= LOOK_S:
            self._deaf_told_s = monotonic()
            self._control.tell(SocketDeaf(error=str(error) or type(error).__name__))
        self._closed.wait(RETRY_S)
        if isinstance(error, OSError) and error.errno in NOT_LISTENING:
            self._bind_again()

    def _hears(self) -> None:
        if self._deaf_told_s is not None:
            self._deaf_told_s = None
            self._control.tell(SocketDeaf(error=None))

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
            if asker and not self._closed.is_set():
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
