"""Schedules in which the checker once saw a breach and there was none."""

from __future__ import annotations

import pytest

from lab.simulate.acts import Act, ActKind, ActPlace, Drawn
from tests.simulate.test_simulate import hunt

pytestmark = pytest.mark.long

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
FILLED_AS_THEY_ARRIVE = (
    Act(number=0, kind=ActKind.SECOND, at_s=211.771, lasts_s=2400.0),
    Act(number=1, kind=ActKind.VENUE, at_s=452.558, what="venue:partial_silent:0.5", lasts_s=600.0),
)
"""The entries of two engines arrive 0.14 s apart, and are filled at once."""
DISARMED_OVER_OTHER_TERMS = (
    Act(number=0, kind=ActKind.TERMS, at_s=379.49, lasts_s=7200.0),
    Act(
        number=1,
        kind=ActKind.KILL,
        at_s=430.202,
        what="torn",
        place=ActPlace.MESSAGE,
        nth=117,
        lasts_s=2000.0,
    ),
)
"""An entry of one contract too many fills while the engine is down; a person disarms, and settles nothing."""
CLOSED_AFTER_A_DISARMING = (
    Act(number=6, kind=ActKind.FULL_DISK, at_s=655.009, what="hard", lasts_s=600.0),
    Act(number=7, kind=ActKind.STOP, at_s=25797.466, lasts_s=400.0),
    Act(
        number=8,
        kind=ActKind.PERSON,
        at_s=25797.466,
        what="close all",
        place=ActPlace.MESSAGE,
        of="BindAccount",
    ),
)
"""What has armed blocks the exits of a close; they begin when a person disarms, just before the look."""
A_LIFE_THAT_GOES_ON = (Act(number=3, kind=ActKind.CRASH, at_s=15815.121, place=ActPlace.MESSAGE, nth=71),)
"""The scheduler fails as it tells a slot, and tells the others on its way out."""
AN_EDIT_AFTER_THE_ONE_THAT_FILLED = (
    Act(number=1, kind=ActKind.LATE, at_s=421.908, lasts_s=900.0),
    Act(
        number=8,
        kind=ActKind.PERSON,
        at_s=60064.781,
        what="enter",
        place=ActPlace.MESSAGE,
        of="BindAccount",
    ),
    Act(
        number=9,
        kind=ActKind.KILL,
        at_s=66008.78,
        what="nothing",
        place=ActPlace.ANSWER,
        of="get_positions",
        nth=2,
        lasts_s=0.5,
    ),
    Act(number=12, kind=ActKind.IO_ERROR, at_s=79871.311, place=ActPlace.DISK, nth=45),
    Act(number=13, kind=ActKind.LATE, at_s=84612.0, lasts_s=900.0),
    Act(number=15, kind=ActKind.PERSON, at_s=85154.355, what="close all"),
)
"""An edit that is late arrives, and is refused, after a later one has filled the order."""
ACKNOWLEDGED_BY_ONE_THAT_STOPS = (
    Act(number=0, kind=ActKind.SECOND, at_s=204.921, lasts_s=900.0),
    Act(number=2, kind=ActKind.LATE, at_s=502.832, lasts_s=900.0),
    Act(
        number=3,
        kind=ActKind.PERSON,
        at_s=562.832,
        what="arm",
        place=ActPlace.REQUEST,
        of="place_combo_order",
    ),
    Act(number=5, kind=ActKind.STOP, at_s=603.45),
)
"""An engine acknowledges an arming while it stops, and time goes on in it; beside it another one runs."""


def drawn(market: int, acts: tuple[Act, ...], *, seed: int = 13, yield_at_tell: float = 0.0) -> Drawn:
    return Drawn(seed=seed, market=market, yield_at_tell=yield_at_tell, is_on_wire=False, acts=acts)


@pytest.mark.parametrize(
    ("days", "schedule"),
    [
        pytest.param(0.35, drawn(9, LEFT_IN_THE_MIDDLE, yield_at_tell=0.2), id="left in the middle"),
        pytest.param(0.05, drawn(45, A_TIMER_WHILE_A_HANDLER_HANGS), id="a timer while a handler hangs"),
        pytest.param(0.05, drawn(4, AN_EDIT_AFTER_ITS_ORDER), id="an edit after its order"),
        pytest.param(0.05, drawn(4, AN_EDIT_BETWEEN_LIVES), id="an edit between lives"),
        pytest.param(0.3, drawn(23, CLOSED_BY_A_CLOCK_AHEAD), id="closed by a clock ahead"),
        pytest.param(0.02, drawn(20, FILLED_AFTER_THE_CANCEL), id="filled after the cancel"),
        pytest.param(0.02, drawn(4, FILLED_AS_THEY_ARRIVE, seed=2269), id="filled as they arrive"),
        pytest.param(0.7, drawn(13, DISARMED_OVER_OTHER_TERMS, seed=13813), id="disarmed over other terms"),
        pytest.param(0.4, drawn(17, CLOSED_AFTER_A_DISARMING, seed=225), id="closed after a disarming"),
        pytest.param(0.45, drawn(9, A_LIFE_THAT_GOES_ON), id="a life that goes on"),
        pytest.param(
            1.0,
            drawn(14, AN_EDIT_AFTER_THE_ONE_THAT_FILLED, seed=6802, yield_at_tell=0.2),
            id="an edit after the one that filled",
        ),
        pytest.param(
            0.05,
            drawn(14, ACKNOWLEDGED_BY_ONE_THAT_STOPS, seed=343, yield_at_tell=0.2),
            id="acknowledged by one that stops",
        ),
    ],
)
def test_what_was_no_breach_is_called_none(days: float, schedule: Drawn) -> None:
    assert hunt(days).run(schedule).found is None
