"""Tells the service manager of the machine how a service is: systemd's protocol, `sd_notify(3)`.

A datagram of `NAME=value` lines to the socket that the manager names. Without one nothing is sent.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Mapping
from typing import Final

NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG_USEC: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"
_STATUS_LENGTH_MAX: Final = 500
_MICROSECONDS: Final = re.compile("[1-9][0-9]{0,18}")

logger = logging.getLogger("cli.sd_notify")


class Notifier:
    """The way to the manager. What can't be sent is logged once, and the engine goes on without it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        named = env.get(NOTIFY_SOCKET, "")
        # A name that begins with @ is in no folder, but the kernel's own ("abstract").
        self._address = f"\0{named[1:]}" if named.startswith("@") else named
        self.is_heard = named.startswith(("/", "@"))
        """Whether there is a manager."""
        self._failed = False

    def tell(self, *lines: str) -> None:
        """Send these lines as one message."""
        if not self.is_heard:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
                # A manager that does not read must not hold up the engine.
                way.setblocking(False)
                way.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError as error:
            if not self._failed:
                logger.warning("the service manager can't be told how the engine is", exc_info=error)
            self._failed = True
        else:
            self._failed = False


def status_line(text: str) -> str:
    """`STATUS=` with a text for a person, on one line."""
    return f"STATUS={' '.join(text.split())[:_STATUS_LENGTH_MAX]}"


def watchdog_period_s(env: Mapping[str, str]) -> float | None:
    """Within how many seconds the manager wants the next WATCHDOG=1; None if it does not watch us."""
    pid, period_us = env.get(WATCHDOG_PID, ""), env.get(WATCHDOG_USEC, "")
    if pid and pid != str(os.getpid()):
        return None
    return int(period_us) / 1e6 if _MICROSECONDS.fullmatch(period_us) else None
