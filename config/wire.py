"""How hosts may be reached: in clear only on this machine, and with whose certificates otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from core.errors import InputError

ALLOW_HTTP: Final = "CERBERO_BITE_ALLOW_HTTP"
CA_FILE: Final = "CERBERO_BITE_CA_FILE"
SSL_CERT_FILE: Final = "SSL_CERT_FILE"


class TrustSettings(BaseModel):
    """Files of certificates in PEM: `instead` of the public authorities, and `beside` them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instead: Path | None = None
    beside: Path | None = None


def trust_from_env(env: Mapping[str, str]) -> TrustSettings:
    """Which certificates are trusted. Whether the files hold any is found when they are read."""
    return TrustSettings(instead=_file(env, SSL_CERT_FILE), beside=_file(env, CA_FILE))


def require_private(name: str, url: str, *, allow_http: bool) -> str:
    """The URL, if what is sent to it can't be read on the way: secrets travel with every request.

    Raises InputError for `http://` to another machine, unless that is allowed.
    """
    if allow_http or (host := clear_text_host(url)) is None:
        return url
    raise InputError(
        f"{name}: expected https://, or http:// to this machine (localhost, 127.0.0.1, [::1]), found http:// "
        f"to {host!r}: what is sent could be read on the way. If that network is yours alone, as one between "
        f"containers is, set {ALLOW_HTTP}=yes"
    )


def clear_text_host(url: str) -> str | None:
    """The host of an `http://` URL that leaves this machine; None for any other URL.

    Only an address, or `localhost` itself, is known to stay here: any other name is what a name server says.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost":
        return None
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return None if (mapped or address).is_loopback else host


def _file(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name, "").strip()
    return Path(text) if text else None
