"""The alert that a test of the channels sends."""

from __future__ import annotations

from datetime import datetime

from core.alerts import AlertCode, Severity
from core.messages.room_status import AlertRow


def trial_alert(alert_id: str, where: str, at: datetime) -> AlertRow:
    """What a test of the channels sends."""
    return AlertRow(
        alert_id=alert_id,
        severity=Severity.LOW,
        code=AlertCode.TEST_ALERT,
        text=f"A test {where}: alerts reach you over this channel.",
        cause="run.py alert test",
        at=at,
    )
