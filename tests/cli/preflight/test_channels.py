"""The preflight's check of the alert channels: there is one, and each would take an alert."""

from __future__ import annotations

from cli.channels import ChannelFound
from cli.preflight.channels import channels
from cli.preflight.line import LineState

WORKS = ChannelFound("webhook", None)


def test_an_engine_that_can_tell_nobody_is_refused() -> None:
    assert channels([]).state is LineState.NOT


def test_channels_that_work_are_named_with_how_to_try_them() -> None:
    line = channels([WORKS])
    assert line.state is LineState.OK
    assert line.found.startswith("webhook")
    assert "run.py alert test" in line.do


def test_a_channel_that_does_not_work_is_named_with_its_reason() -> None:
    line = channels([ChannelFound("telegram", "HTTP 401"), WORKS])
    assert line.state is LineState.NOT
    assert line.found == "telegram: HTTP 401"
