"""What one channel tells the books of its alerts: about to be tried, taken, or refused for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.runtime import Address, Context, Outbox
from core.messages.protocols import StateProtocol
from core.messages.room_status import AlertRow
from core.messages.state import RecordAlertDelivered, RecordAlertParked, RecordAlertsTried

RECORDS_MAX: Final = 2000
"""Records that the books have not acknowledged; beyond it, what is tried and delivered is not recorded."""


class ChannelRecords:
    """Each record is told again until the books have it, by the room's outbox."""

    def __init__(self, ctx: Context, outbox: Outbox, state: Address[StateProtocol], channel: str) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._state = state
        self._channel = channel

    def tried(self, alerts: Sequence[AlertRow]) -> str:
        """These are about to be sent. Returns the request under which the books acknowledge it."""
        tried = RecordAlertsTried(
            request_id=f"alert-tried-{self._ctx.uuid()}",
            alert_ids=tuple(alert.alert_id for alert in alerts),
            channel=self._channel,
            at=self._ctx.now(),
        )
        self._record(tried)
        return tried.request_id

    def delivered(self, alert: AlertRow) -> None:
        """The service has taken it."""
        done = RecordAlertDelivered(
            request_id=f"alert-delivered-{self._channel}-{alert.alert_id}",
            alert_id=alert.alert_id,
            channel=self._channel,
            at=self._ctx.now(),
        )
        self._record(done)

    def parked(self, alert: AlertRow) -> str:
        """The service refuses this alert and takes others: it stays in the books and goes no further.

        Returns its name for people.
        """
        self._ctx.log().error(
            "alert parked: the channel refuses it",
            extra={"channel": self._channel, "alert": alert.code, "alert_id": alert.alert_id},
        )
        done = RecordAlertParked(
            request_id=f"alert-parked-{self._channel}-{alert.alert_id}",
            alert_id=alert.alert_id,
            channel=self._channel,
            at=self._ctx.now(),
        )
        self._record(done)
        return f"{alert.severity} {alert.code} of {alert.at:%Y-%m-%d %H:%M:%S}Z"

    def _record(self, record: RecordAlertsTried | RecordAlertDelivered | RecordAlertParked) -> None:
        """Have the books record it, unless they are silent and as much as memory may hold waits for them:
        then their next life may bring the alert again, which is better than an engine without memory."""
        if len(self._outbox.pending) < RECORDS_MAX:
            self._outbox.send(self._state, record, record.request_id)
