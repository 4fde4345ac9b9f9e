"""The look-up of a host's name. The system's resolver can't be given a deadline, so a thread waits for it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, TypeAlias

from actors.http.port import NotConnected


class Endpoint(NamedTuple):
    """One address of a host, as `socket.connect` takes it."""

    family: int
    address: Any


Resolve: TypeAlias = Callable[[str, int], Sequence[Endpoint]]


def resolve(host: str, port: int) -> list[Endpoint]:
    """Ask the system. Raises OSError; takes as long as the resolver wants."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Endpoint(family, address) for family, _, _, _, address in found]


class _Asked:
    """A look-up under way: what it found once it is done."""

    def __init__(self) -> None:
        self.done = Event()
        self.found: Sequence[Endpoint] = ()
        self.error: Exception | None = None


class LookUps:
    """Looks names up, each at most once at a time: a resolver that hangs costs one thread for each name.

    A thread whose answer comes too late is abandoned; it is a daemon and ends with its answer.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._lock = Lock()
        self._under_way: dict[tuple[str, int], _Asked] = {}

    def endpoints(self, host: str, port: int, within_s: float) -> Sequence[Endpoint]:
        """The addresses of a host, at least one. Raises NotConnected."""
        if _is_address(host):
            # Needs no name server, so that it can't take long.
            return _found(host, self._answer(_Asked(), host, port))
        with self._lock:
            asked = self._under_way.get((host, port))
            if asked is None:
                asked = self._under_way[host, port] = _Asked()
                try:
                    Thread(target=self._run, args=(asked, host, port), name="look-up", daemon=True).start()
                except RuntimeError as error:
                    del self._under_way[host, port]
                    raise NotConnected(f"the name {host} can't be looked up: {error}") from error
        if not asked.done.wait(within_s):
            raise NotConnected(
                f"the look-up of the name {host} did not end in time: the name server does not answer; "
                "nothing was sent"
            )
        return _found(host, asked)

    def _run(self, asked: _Asked, host: str, port: int) -> None:
        try:
            self._answer(asked, host, port)
        finally:
            with self._lock:
                del self._under_way[host, port]
            asked.done.set()

    def _answer(self, asked: _Asked, host: str, port: int) -> _Asked:
        try:
            asked.found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            # UnicodeError: a label that is too long for the encoding of names.
            asked.error = error
        return asked


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _found(host: str, asked: _Asked) -> Sequence[Endpoint]:
    error = asked.error
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        why = f"the name {host} could not be looked up: no name server gives an answer now"
    elif isinstance(error, socket.gaierror):
        why = f"the name {host} is not known: {error.strerror}"
    elif error is not None or not asked.found:
        why = f"the name {host} can't be looked up: {error or 'it has no address'}"
    else:
        return asked.found
    raise NotConnected(f"{why}; nothing was sent")
