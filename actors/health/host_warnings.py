"""What routers warn of on their health pages: told as it begins, and when nothing of it is left."""

from __future__ import annotations

import re
from typing import Final

from actors.room import Alarm
from core.alerts import AlertCode, Severity
from core.contract import Router
from core.messages.mcp import RouterProbed

SHOWN_MAX: Final = 5
"""More warnings of one router are counted, and not told one by one."""
NONE: Final[frozenset[str]] = frozenset()
_DIGITS: Final = re.compile(r"\d+")


class HostWarnings:
    """The warnings that each router had at its last good probe."""

    def __init__(self, alert: Alarm) -> None:
        self._alert = alert
        self._known: dict[Router, frozenset[str]] = {}

    def take(self, probed: RouterProbed) -> None:
        """Tell of a warning that is new, and of the end of all. Of a router that is silent nothing is known.

        A warning in which only numbers have changed, such as days that are left, is the same one.
        """
        before = self._known.get(probed.router, NONE)
        if not probed.ok or not (probed.warnings or before):
            return
        found = frozenset(_DIGITS.sub("#", warning) for warning in probed.warnings)
        self._known[probed.router] = found
        name = probed.router.value
        if found - before:
            text = f"{name} warns: {_shown(probed.warnings)}"
            self._alert(Severity.MEDIUM, AlertCode.HOST_WARNS, text, f"mcp.{name}", subject=name)
        elif before and not found:
            text = f"{name} warns of nothing any more"
            self._alert(Severity.LOW, AlertCode.HOST_WARNS_NO_MORE, text, f"mcp.{name}", subject=name)


def _shown(warnings: tuple[str, ...]) -> str:
    more = len(warnings) - SHOWN_MAX
    return "; ".join(warnings[:SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
