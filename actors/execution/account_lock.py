"""One engine per account on one machine: a name that the kernel gives to one process at a time.

It is a socket in the abstract namespace of Linux. Unlike a file it needs no folder that all users and
services of the machine share, nothing of it is left over, and it is free again in the moment in which its
process ends, however that ends. Nobody talks over it; whoever finds the name taken asks the kernel by whom.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Set
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from core.values import Environment

_PREFIX: Final = "\0cerbero-bite/account/"
_PEER: Final = struct.Struct("3i")
_ASK_S: Final = 0.2
_HERE: Final = "this machine"


class AccountLock(Protocol):
    """One per process: it outlives every incarnation of execution."""

    def acquire(self, environment: Environment, account: str) -> str | None:
        """Take the lock of an account, or keep it. Returns who else has it, or None if this process does."""

    def release(self) -> None:
        """Give it back, if it was taken."""


class MachineAccountLock:
    """The lock of the machine that this process runs on.

    An account is known by its environment and name. Paper accounts all have one name and exist once per
    venue, so that the place of the venue belongs to theirs. A venue with several addresses has a name for
    each, and is held by all of them or not at all.
    """

    def __init__(self, venue_url: str) -> None:
        self._venue_url = venue_url
        self._held: dict[str, socket.socket] = {}

    def acquire(self, environment: Environment, account: str) -> str | None:
        key = f"{environment.value}\n{account}"
        keys = [key]
        if environment is Environment.PAPER:
            keys = [f"{key}\n{place}" for place in sorted(venue_places(self._venue_url))]
        names = [_PREFIX + sha256(each.encode()).hexdigest() for each in keys]
        taken: dict[str, socket.socket] = {}
        try:
            for name in names:
                if name not in self._held:
                    taken[name] = _bound(name)
        except OSError as error:
            for each in taken.values():
                each.close()
            if error.errno != errno.EADDRINUSE:
                raise
            return _holder(name)
        before, self._held = self._held, {**self._held, **taken}
        self._release(before.keys() - set(names))
        return None

    def release(self) -> None:
        self._release(set(self._held))

    def _release(self, names: Set[str]) -> None:
        for name in names:
            self._held.pop(name).close()


def venue_places(url: str) -> frozenset[str]:
    """Where a venue is, however its address is written: two addresses of one venue have a place in common.

    A place is host, port and path. Every name and address of this machine is the same host, because a venue
    that listens on one of them mostly listens on all. A name that can't be resolved stands for itself.
    """
    parts = urlsplit(url.strip())
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    steps = [step for step in unquote(parts.path).split("/") if step not in ("", ".")]
    host = (parts.hostname or "").rstrip(".")
    return frozenset("/".join((f"{each} {port}", *steps)) for each in _hosts(host, port))


def _hosts(host: str, port: int) -> frozenset[str]:
    """The addresses and the name of a host; for this machine one word for all of them."""
    if host == "localhost" or host.endswith(".localhost"):
        return frozenset({_HERE})
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset({host})
    addresses = {_address(str(to[0])) for *_, to in found}
    hosts = {_HERE if _is_here(address) else str(address) for address in addresses}
    return frozenset(hosts) if _HERE in hosts else frozenset({host, *hosts})


def _address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_here(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is an address of this machine: only those can be bound."""
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trying:
            trying.bind((str(address), 0))
    except OSError:
        return False
    return True


def _bound(name: str) -> socket.socket:
    """A socket that has this name. Raises OSError."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        taken.bind(name)
        taken.listen(1)
    except OSError:
        taken.close()
        raise
    return taken


def _holder(name: str) -> str:
    """Who has the name, as far as the kernel tells."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ASK_S)
        try:
            asking.connect(name)
            pid, uid, _ = _PEER.unpack(asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        except OSError:
            return "another process"
    return f"another process (pid {pid}, user {uid})"
