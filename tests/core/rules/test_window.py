"""The venue's settlement and maintenance."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.rules.window import window_end


@pytest.mark.parametrize(
    ("time", "end"),
    [
        ("07:29:59", None),
        ("07:30:00", "08:05:00"),
        ("08:04:59.999999", "08:05:00"),
        ("08:05:00", None),
        ("20:00:00", None),
    ],
)
def test_the_window_is_from_half_past_seven_to_five_past_eight(time: str, end: str | None) -> None:
    expected = None if end is None else datetime.fromisoformat(f"2026-01-05T{end}+00:00")
    assert window_end(datetime.fromisoformat(f"2026-01-05T{time}+00:00")) == expected
