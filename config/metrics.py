"""Where `metrics` listens: on this machine alone unless a variable says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from core.errors import InputError

METRICS_HOST: Final = "CERBERO_BITE_METRICS_HOST"
LOOPBACK: Final = "127.0.0.1"


def metrics_host(env: Mapping[str, str]) -> str:
    """The address to listen at. Raises `InputError` for what is none; it is not repeated."""
    text = env.get(METRICS_HOST, "").strip() or LOOPBACK
    try:
        return str(ip_address(text))
    except ValueError:
        raise InputError(
            f"{METRICS_HOST}: expected an address of this machine, as 127.0.0.1, or 0.0.0.0 for all of them, "
            "found something else"
        ) from None


def stays_here(host: str) -> bool:
    """Whether only programs of this machine can reach what listens at this address."""
    return ip_address(host).is_loopback
