"""The KILL file reads back as it was written; other content parses to None."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.kill_file import KillFile, parse_kill_file
from core.messages.kill_switch import ArmCause

FILE = KillFile(
    causes=(ArmCause.OPERATOR,),
    reason="the market is closed to us",
    who="operator",
    at=datetime(2026, 1, 5, 14, tzinfo=UTC),
    exits_blocked=False,
)


def test_file_read_back_is_the_file_written() -> None:
    assert parse_kill_file(FILE.to_bytes()) == FILE


def test_file_is_one_line_of_text() -> None:
    assert FILE.to_bytes() == (
        b'{"causes":["operator"],"reason":"the market is closed to us","who":"operator",'
        b'"at":"2026-01-05T14:00:00Z","exits_blocked":false}\n'
    )


def test_exits_are_blocked_unless_the_file_says_otherwise() -> None:
    assert KillFile(causes=(), reason="", who="", at=FILE.at).exits_blocked


@pytest.mark.parametrize("content", [b"", b"stop", b"{}", b"\xff", FILE.to_bytes()[:-5]])
def test_what_is_no_such_file_says_nothing(content: bytes) -> None:
    assert parse_kill_file(content) is None
