"""Rows of the books as they are read: the kill switch, the inbox, alerts that wait. Apart from the requests
that write them, because whoever reads a folder needs none of those."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.alerts import Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Event
from core.messages.room_status import (
    AlertRow,
)
from core.values import Value


class KillSwitchRow(Event):
    request_id: str
    armed: bool
    causes: tuple[ArmCause, ...]
    reason: str
    who: str
    at: datetime | None
    disarms: tuple[str, ...] = ()
    """If it is not armed: the ids of the armings that the last disarming took away."""


UNDELIVERED_PAGE: Final = 500
"""Undelivered alerts of one severity that are read at once, after however long an outage."""


class UndeliveredAlerts(Event):
    """One page, at most `UNDELIVERED_PAGE` of each severity."""

    request_id: str
    channel: str
    alerts: tuple[AlertRow, ...]
    tried: tuple[str, ...] = ()
    """The ids of those that an attempt was made with: the channel may have taken them."""
    more: tuple[Severity, ...] = ()
    """The severities of which more wait behind this page."""


class InboxItem(Value):
    """A person's message as recorded: `body` is its JSON, `at` the time of its row."""

    request_id: str
    at: datetime
    message: str
    body: str
    who: str
