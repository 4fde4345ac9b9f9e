"""Whether the page may be reached from other machines, which a person has to say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from core.errors import InputError

PAGE_EXPOSE: Final = "CERBERO_BITE_PAGE_EXPOSE"
LOOPBACK: Final = "127.0.0.1"
NAME_LENGTH_MAX: Final = 253
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def page_exposed(env: Mapping[str, str]) -> bool:
    """Whether a person has allowed it. Raises `InputError` for another word than yes or no."""
    match env.get(PAGE_EXPOSE, "").strip().lower():
        case "yes":
            return True
        case "" | "no":
            return False
        case _:
            raise InputError(f"{PAGE_EXPOSE}: expected yes or no, found something else")


def page_host(text: str, env: Mapping[str, str]) -> str:
    """The address to listen at. Raises `InputError` for what is none, or for one that is not allowed."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        raise InputError(
            f"--host: expected an address of this machine, as {LOOPBACK}, found {text!r}"
        ) from None
    if not address.is_loopback and not page_exposed(env):
        raise InputError(
            f"--host {address}: others than this machine could reach the page over the network, without TLS; "
            f"expected {PAGE_EXPOSE}=yes beside it, found it not set. Rather use ssh -L (docs/page.md)"
        )
    return str(address)


def public_name(text: str | None) -> str | None:
    """The name of the TLS proxy before the page, in small letters. Raises `InputError` for what is none."""
    if text is None:
        return None
    name = text.strip().lower()
    if len(name) > NAME_LENGTH_MAX or _NAME.fullmatch(name) is None:
        raise InputError(
            "--public-name: expected a host name without scheme and port, as bite.example.org, "
            f"found {text!r}"
        )
    return name
