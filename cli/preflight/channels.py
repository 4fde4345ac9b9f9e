"""The check of the alert channels: whether there is one, and whether each would take an alert now."""

from __future__ import annotations

from collections.abc import Sequence

from cli.channels import ChannelFound
from cli.preflight.line import LineState, PreflightCheck, PreflightLine

NOBODY = "none is set up: alerts go to the log, and nobody is told when the engine needs you"


def channels(found: Sequence[ChannelFound]) -> PreflightLine:
    """Of channels that were probed; nothing was sent over them."""
    if not found:
        return PreflightLine(
            PreflightCheck.CHANNELS,
            LineState.NOT,
            NOBODY,
            "set up Telegram or a webhook: docs/configuration.md has the names",
        )
    failed = [f"{each.channel}: {each.error}" for each in found if each.error is not None]
    if failed:
        return PreflightLine(
            PreflightCheck.CHANNELS,
            LineState.NOT,
            " · ".join(failed),
            "correct its variables, then run it again",
        )
    return PreflightLine(
        PreflightCheck.CHANNELS,
        LineState.OK,
        f"{', '.join(each.channel for each in found)} would take an alert",
        "run.py alert test sends one: see that it is on your device",
    )
