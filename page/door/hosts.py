"""Which names of this page count, and whether a request that changes something came from the page itself.

A page elsewhere may lead a name of its own to this machine (DNS rebinding), so the name in each request is
looked at; it can't lead an IP address anywhere. The port is not looked at: `ssh -L` may have another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Hosts:
    """`public_name` is the name of a TLS proxy before the page; with `exposed` any IP address counts, too."""

    public_name: str | None = None
    exposed: bool = False

    def allows(self, host: str) -> bool:
        """Whether a `Host` header names this page."""
        name = _name(host)
        if name is None:
            return False
        if self.public_name is not None and name == self.public_name:
            return True
        address = _address(name)
        return name == "localhost" or (address is not None and (address.is_loopback or self.exposed))

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """Whether an `Origin` header says that the request came from a page of this host."""
        if origin is None:
            return False
        name = _name(host)
        public = self.public_name is not None and name == self.public_name
        return origin.lower() == f"{'https' if public else 'http'}://{host}".lower()


def _name(host: str) -> str | None:
    """The name in a `Host` header, in small letters; None if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if set(host) & set("@/?#\\") or parts.hostname is None:
        return None
    return parts.hostname


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
