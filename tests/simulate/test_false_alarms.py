"""Schedules in which the checker once saw a breach and there was none."""

from __future__ import annotations

import pytest

from lab.simulate.acts import Act, ActKind, ActPlace, Drawn
from tests.simulate.test_simulate import hunt

LEFT_IN_THE_MIDDLE = (
    Act(number=0, kind=ActKind.SECOND, at_s=292.056, lasts_s=900.0),
    Act(
        number=1,
        kind=ActKind.CLOCK,
        at_s=302.771,
        what="-600.0",
        place=ActPlace.REQUEST,
        of="get_open_orders",
        lasts_s=1200.0,
    ),
    Act(number=2, kind=ActKind.LATE, at_s=575.527, lasts_s=900.0),
)
"""A second engine is stopped for good before it has booked what its entry filled."""
A_TIMER_WHILE_A_HANDLER_HANGS = (
    Act(number=0, kind=ActKind.FULL_DISK, at_s=290.0, what="hard", lasts_s=600.0),
    Act(number=1, kind=ActKind.PERSON, at_s=295.0, what="arm"),
    Act(number=2, kind=ActKind.HANG, at_s=340.0, place=ActPlace.DISK),
)
"""The kill switch hangs as it writes `KILL`, when the record of the arming is to be told again."""

AN_EDIT_AFTER_ITS_ORDER = (
    Act(number=0, kind=ActKind.LATE, at_s=531.994, lasts_s=900.0),
    Act(number=1, kind=ActKind.IO_ERROR, at_s=677.603, place=ActPlace.DISK, nth=9),
)
"""An edit arrives when the books say already that its order was filled."""
AN_EDIT_BETWEEN_LIVES = (
    Act(
        number=2,
        kind=ActKind.KILL,
        at_s=316.898,
        what="nothing",
        place=ActPlace.REQUEST,
        of="get_positions",
        nth=3,
        lasts_s=2000.0,
    ),
    Act(number=3, kind=ActKind.STOP, at_s=320.988, lasts_s=0.5),
    *AN_EDIT_AFTER_ITS_ORDER,
)
"""It arrives while no engine runs; the check came while the next one was being made."""

CLOSED_BY_A_CLOCK_AHEAD = (
    Act(number=0, kind=ActKind.CLOCK, at_s=364.954, what="43200.0", lasts_s=75.0),
    Act(number=1, kind=ActKind.STOP, at_s=436.769),
    Act(
        number=2,
        kind=ActKind.PERSON,
        at_s=436.769,
        what="close all",
        place=ActPlace.MESSAGE,
        of="BindAccount",
    ),
)
"""Everything is closed, by a clock twelve hours ahead; what is entered afterwards, by a right one, stays."""
FILLED_AFTER_THE_CANCEL = (
    Act(number=0, kind=ActKind.SECOND, at_s=2.532, lasts_s=900.0),
    Act(number=1, kind=ActKind.VENUE, at_s=313.183, what="venue:fill_after_cancel:1.0", lasts_s=600.0),
    Act(number=2, kind=ActKind.TERMS, at_s=390.58, lasts_s=600.0),
)
"""Of two engines each withdraws its entry, and the venue fills both after it has called them cancelled."""


@pytest.mark.parametrize(
    ("days", "market", "yield_at_tell", "acts"),
    [
        (0.35, 9, 0.2, LEFT_IN_THE_MIDDLE),
        (0.05, 45, 0.0, A_TIMER_WHILE_A_HANDLER_HANGS),
        (0.05, 4, 0.0, AN_EDIT_AFTER_ITS_ORDER),
        (0.05, 4, 0.0, AN_EDIT_BETWEEN_LIVES),
        (0.3, 23, 0.0, CLOSED_BY_A_CLOCK_AHEAD),
        (0.02, 20, 0.0, FILLED_AFTER_THE_CANCEL),
    ],
    ids=[
        "left in the middle",
        "a timer while a handler hangs",
        "an edit after its order",
        "between lives",
        "closed by a clock ahead",
        "filled after the cancel",
    ],
)
def test_what_was_no_breach_is_called_none(
    days: float, market: int, yield_at_tell: float, acts: tuple[Act, ...]
) -> None:
    drawn = Drawn(seed=13, market=market, yield_at_tell=yield_at_tell, is_on_wire=False, acts=acts)
    assert hunt(days).run(drawn).found is None
