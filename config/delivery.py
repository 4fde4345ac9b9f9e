"""When alerts are sent, and where the engine's heartbeat goes: the variables about the operator's own day.

They are no part of `strategy.yaml`: they change nothing that is traded, and differ from person to person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, time, tzinfo
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, SecretStr

from config.wire import clear_text_host
from core.errors import InputError

DIGEST_AT: Final = "CERBERO_BITE_ALERT_DIGEST_AT"
QUIET_HOURS: Final = "CERBERO_BITE_ALERT_QUIET_HOURS"
TIME_ZONE: Final = "CERBERO_BITE_TIME_ZONE"
HEARTBEAT_URL: Final = "CERBERO_BITE_HEARTBEAT_URL"
DELIVERY_VARIABLES: Final[Mapping[str, str]] = {
    DIGEST_AT: "when alerts of LOW are sent, once a day, as HH:MM; default 08:00",
    QUIET_HOURS: "hours in which CRITICAL alerts alone are sent, as HH:MM-HH:MM; default: none",
    TIME_ZONE: "whose clock these two mean, such as Europe/Rome; default UTC",
    HEARTBEAT_URL: "called every minute while the engine is healthy, https:// (secret)",
}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class DeliverySettings(BaseModel):
    """The operator's day. `quiet` is from, until: local times of `time_zone`, as `digest_at` is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = "UTC"
    digest_at: time = time(8)
    quiet: tuple[time, time] | None = None

    @property
    def zone(self) -> tzinfo:
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)


class HeartbeatSettings(BaseModel):
    """Whoever knows the URL can beat in the engine's place, so it is a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr


def delivery_from_env(env: Mapping[str, str]) -> DeliverySettings:
    """When alerts may be sent. Raises `InputError`."""
    return DeliverySettings(time_zone=_zone(env), digest_at=_digest_at(env), quiet=_quiet(env))


def heartbeat_from_env(env: Mapping[str, str]) -> HeartbeatSettings | None:
    """Where the heartbeat goes, or None. Raises `InputError`, which repeats nothing of the URL."""
    url = env.get(HEARTBEAT_URL, "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
        usable = parts.port != 0 and bool(host) and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or "@" in url or parts.fragment or parts.scheme not in ("http", "https"):
        raise InputError(
            f"{HEARTBEAT_URL}: expected an https:// URL with a host, without user, password and fragment, "
            "found another (not shown)"
        )
    if clear_text_host(url) is not None:
        raise InputError(
            f"{HEARTBEAT_URL}: expected https://, or http:// on this machine, found http:// to another"
        )
    return HeartbeatSettings(url=SecretStr(url))


def check_delivery(name: str, env: Mapping[str, str]) -> None:
    """Raise `InputError` if the variable of this name can't be used."""
    {DIGEST_AT: _digest_at, QUIET_HOURS: _quiet, TIME_ZONE: _zone}[name](env)


def _digest_at(env: Mapping[str, str]) -> time:
    text = env.get(DIGEST_AT, "").strip()
    return _time(DIGEST_AT, text) if text else time(8)


def _quiet(env: Mapping[str, str]) -> tuple[time, time] | None:
    text = env.get(QUIET_HOURS, "").strip()
    if not text:
        return None
    begins, dash, ends = text.partition("-")
    quiet = _time(QUIET_HOURS, begins.strip()), _time(QUIET_HOURS, ends.strip())
    if not dash or quiet[0] == quiet[1]:
        raise InputError(f"{QUIET_HOURS}: expected two different times as HH:MM-HH:MM, found something else")
    return quiet


def _time(name: str, text: str) -> time:
    found = _TIME.fullmatch(text)
    if found is None:
        # The value is not repeated: it may be that of another variable, which is secret.
        raise InputError(f"{name}: expected a time as HH:MM, from 00:00 to 23:59, found something else")
    return time(int(found[1]), int(found[2]))


def _zone(env: Mapping[str, str]) -> str:
    name = env.get(TIME_ZONE, "").strip() or "UTC"
    try:
        return name if name == "UTC" else ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"{TIME_ZONE}: expected the name of a time zone that this machine knows, such as Europe/Rome, "
            "found another"
        ) from None
