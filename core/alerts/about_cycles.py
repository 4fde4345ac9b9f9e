"""Alerts about cycles: how each ended, and what hindered it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

_HAPPENED: Final = "It tells of something that has happened."
_EXPLAIN: Final = "run.py explain CYCLE_ID, with the alert's cause, shows every rule's numbers."
_FAILED: Final = (Severity.HIGH, Severity.CRITICAL)
"""CRITICAL from the second monitor in a row on that could not look at the positions."""

CYCLES: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.CYCLE_ENTERED: AlertEntry(
        title="A position was opened",
        means="An entry was filled, at least in part.",
        do="Nothing. run.py state positions shows it.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_NO_ENTRY: AlertEntry(
        title="No entry: a rule said no",
        means="The market did not meet a rule; the reasons name it.",
        do=f"Nothing. {_EXPLAIN}",
        over=_HAPPENED,
        severities=(Severity.LOW,),
    ),
    AlertCode.CYCLE_BLOCKED: AlertEntry(
        title="No entry: the engine may not trade",
        means="The switch is armed, entries are suspended, a position is open, or an order is in doubt.",
        do="run.py status shows what blocks entries.",
        over=_HAPPENED,
        severities=(Severity.LOW,),
    ),
    AlertCode.CYCLE_VETOED: AlertEntry(
        title="No entry: no permit",
        means="The kill switch refused the order in the last moment; the reasons say why.",
        do="run.py kill-switch status shows what it knows.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_REFUSED: AlertEntry(
        title="No entry: the order was refused",
        means="The venue or the books refused the order; the reasons say why.",
        do="run.py trace CYCLE_ID, with the alert's cause, shows who refused it.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_NOT_FILLED: AlertEntry(
        title="No entry: the order did not fill",
        means="The market did not fill the order down to the lowest price that the rules allow.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_IN_DOUBT: AlertEntry(
        title="An entry is in doubt",
        means="A cycle ended while the outcome of its order was still being looked up.",
        do="Wait for the look-up. run.py state orders then shows what became of the order.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.CYCLE_EXIT_WORKING: AlertEntry(
        title="A position is being closed",
        means="A rule asks for an exit, and its order rests at the venue.",
        do=NOTHING_TO_DO,
        over="Its end is told as position_closed.",
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_SETTLED: AlertEntry(
        title="Deliveries are booked",
        means="Options of the engine have expired, and what the venue paid or took is booked.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_DATA_FAILED: AlertEntry(
        title="The market could not be read",
        means="A cycle lacked market data, or data that matters was broken or contradictory. If it was a "
        "monitor, nobody looked at the positions.",
        do="run.py ping shows whether the upstream host answers; the reasons name the part that failed.",
        over="The next slot tries again.",
        severities=_FAILED,
    ),
    AlertCode.CYCLE_DEADLINE: AlertEntry(
        title="A cycle took too long",
        means="A step of a cycle got no answer in time. If it was a monitor, nobody looked at the positions, "
        "unless the text says that its end is waited for: then it held them, and the books don't answer.",
        do="run.py status shows who is busy; run.py trace CYCLE_ID, with the alert's cause, shows the step.",
        over="The next slot tries again; an end that is waited for is over when the books take it.",
        severities=_FAILED,
    ),
    AlertCode.CYCLE_ACTOR_FAILED: AlertEntry(
        title="A cycle failed",
        means="The actor that worked on a step of a cycle failed. If it was a monitor, nobody looked at the "
        "positions.",
        do="run.py status names the last errors; the files in log/ have the traceback.",
        over="The next slot tries again.",
        severities=_FAILED,
    ),
    AlertCode.CYCLE_RECOVERING: AlertEntry(
        title="No cycle: books and venue not reconciled",
        means="A cycle was due while the books were still being compared with the venue.",
        do="run.py status shows how recovery stands; run.py ping whether the venue answers.",
        over="After the recovery a missed monitor runs at once, other cycles at their next slot.",
        severities=(Severity.MEDIUM, *_FAILED),
    ),
    AlertCode.CYCLE_INTERRUPTED: AlertEntry(
        title="A cycle was interrupted",
        means="The engine ended during a cycle. Recovery has dealt with whatever had been sent.",
        do="run.py state orders shows what had been sent, if anything.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLE_MISFIRED: AlertEntry(
        title="A cycle was missed",
        means="A slot was noticed too late to act on it, because the engine did not run or was busy.",
        do="Nothing for one. If it happens again: run.py status shows the load and the next runs.",
        over="The next slot runs as always.",
        severities=(Severity.LOW, Severity.MEDIUM),
    ),
    AlertCode.CYCLE_EXPIRED: AlertEntry(
        title="A requested entry did not begin in time",
        means="An entry that a person asked for could not begin within its grace, and was not made.",
        do="Ask again if you still want it: run.py inject RunEntryCycle.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CYCLES_DROPPED: AlertEntry(
        title="A cycle was dropped",
        means="Too many cycles wait already, so that one more was not taken.",
        do="run.py status shows what the waiting cycles wait for.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.CYCLE_NOT_OPENED: AlertEntry(
        title="A cycle could not begin",
        means="The books refused the row of a cycle. If they have no room, it is tried again each minute, an "
        "entry within its grace; else it did not run.",
        do="run.py healthcheck says what is wrong with the books.",
        over="The next slot tries again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.CYCLE_NOT_CLOSED: AlertEntry(
        title="A cycle's end is not in the books",
        means="The books refused the end of a cycle. What it traded is recorded all the same.",
        do="run.py healthcheck says what is wrong with the books.",
        over="Once the books have room again, within a minute; else the next start takes the cycle up and "
        "closes it.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.KELLY: AlertEntry(
        title="The monthly recommendation of a stake",
        means="What the Kelly criterion makes of the closed trades. No setting changes by it. HIGH means "
        "that the trades so far speak against any stake.",
        do="Read it. run.py report shows the trades with what they prove.",
        over=_HAPPENED,
        severities=(Severity.LOW, Severity.HIGH),
    ),
}
