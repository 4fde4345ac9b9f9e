"""What a server does while it can take no connection, for want of files or memory.

asyncio tries again after a second, which is right. But it tries as often as there may be connections in the
queue, and tells each try with a traceback: megabytes in some seconds, on a machine that is short already.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any, Final

BACKLOG: Final = 128
"""How many connections wait to be taken, and how often asyncio tries within a second."""
TOLD_EVERY_S: Final = 60.0
_FAILED: Final = "socket.accept() out of system resource"

logger = logging.getLogger("gateway.shell")


class TellsSeldom:
    """An event loop's handler of what nobody has caught: the same as without, but this once a minute."""

    def __init__(self) -> None:
        self._next_s = -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """As asyncio calls it."""
        if context.get("message") != _FAILED:
            loop.default_exception_handler(context)
        elif loop.time() >= self._next_s:
            self._next_s = loop.time() + TOLD_EVERY_S
            error = context.get("exception")
            logger.warning("no connection can be taken (%s); it is tried again every second", error)
