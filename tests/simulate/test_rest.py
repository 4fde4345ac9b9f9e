"""What has come to rest: a delivery that is still to be booked is no difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.simulate.rest import SETTLED_WITHIN, awaits_settlement

EXPIRES = datetime(2026, 1, 8, 8, 0, tzinfo=UTC)
SETTLES = datetime(2026, 1, 8, 8, 10, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "waits"),
    [
        (EXPIRES - MOMENT, False),
        (EXPIRES, True),
        (SETTLES, True),
        (SETTLES + SETTLED_WITHIN - MOMENT, True),
        (SETTLES + SETTLED_WITHIN, False),
    ],
)
def test_what_has_expired_is_awaited_until_its_settlement_had_its_time(now: datetime, waits: bool) -> None:
    assert awaits_settlement([EXPIRES], "08:10", now) is waits
    assert not awaits_settlement([], "08:10", now)


def test_a_settlement_before_the_hour_of_expiry_is_that_of_the_next_day() -> None:
    assert awaits_settlement([EXPIRES], "07:00", EXPIRES + timedelta(hours=23))
