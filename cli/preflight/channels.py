"""The check of the alert channels: whether there is one, and whether each takes a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime

from actors.alerting import AlertChannel, NotTaken
from cli.preflight.line import Check, Line, State
from core.alerts import AlertCode, Severity
from core.messages.alerting import AlertRow

NOBODY = "none is set up: alerts go to the log, and nobody is told when the engine needs you"


def channels(open_channels: Sequence[Callable[[], AlertChannel]], *, send: bool, now: datetime) -> Line:
    """One message over each channel if `send`, which is what shows that a person is reached."""
    if not open_channels:
        return Line(
            Check.CHANNELS,
            State.NOT,
            NOBODY,
            "set up Telegram or a webhook: docs/configuration.md has the names",
        )
    if not send:
        return Line(
            Check.CHANNELS,
            State.UNCHECKED,
            f"{len(open_channels)} set up, not tried",
            "run.py preflight --alert sends a test message over each",
        )
    taken, refused = [], []
    for open_channel in open_channels:
        with closing(open_channel()) as channel:
            outcome = channel.send(_message(now))
        if isinstance(outcome, NotTaken):
            refused.append(f"{channel.name}: {outcome.error}")
        else:
            taken.append(channel.name)
    if refused:
        return Line(Check.CHANNELS, State.NOT, " · ".join(refused), "correct its variables, and try again")
    return Line(Check.CHANNELS, State.OK, f"taken by {', '.join(taken)}", "see that it is on your device")


def _message(now: datetime) -> AlertRow:
    return AlertRow(
        alert_id=f"preflight-{now.isoformat()}",
        severity=Severity.LOW,
        code=AlertCode.TEST_ALERT.value,
        text="This is a test of run.py preflight; the engine does not run yet.",
        cause="preflight",
        at=now,
    )
