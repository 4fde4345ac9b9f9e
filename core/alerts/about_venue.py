"""Alerts about the account at the venue: recovery, and what it holds that the books do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import AlertEntry
from core.alerts.severity import Severity

_CLEARS: Final = "Entries go on within a minute of the account holding nothing of the kind any more."

VENUE: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.RECOVERY_FAILED: AlertEntry(
        title="Books and venue not reconciled yet",
        means="Recovery could not compare the books with the venue. No order leaves until it has.",
        do="run.py ping shows whether the venue answers; run.py trace ID with the alert's cause shows what "
        "was tried. Look at open positions on the venue's own page.",
        over="It is tried every minute, told at growing intervals, and its end is told; after ten minutes "
        "the switch is armed and stays so until a person disarms it.",
        severities=(Severity.HIGH,),
        ends=AlertCode.RECOVERY_DONE,
    ),
    AlertCode.RECOVERY_DONE: AlertEntry(
        title="Books and venue reconciled",
        means="Recovery has succeeded after it had failed.",
        do="run.py kill-switch status shows whether the switch was armed meanwhile; disarm it then.",
        over="It is the end of recovery_failed.",
        severities=(Severity.LOW,),
    ),
    AlertCode.DISPUTE_ENDED: AlertEntry(
        title="A changed order is settled",
        means="An order that was not as permitted is over, and the venue holds what the books know.",
        do="run.py kill-switch status shows the arming that it caused; disarm when you know who changed it.",
        over="It tells of something that has happened.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.LATE_FILLS_BOOKED: AlertEntry(
        title="Fills were found late",
        means="The venue has filled more of an order than the books knew; the fills are booked now.",
        do="run.py state positions shows what is open now; compare it with the venue's own page.",
        over="It tells of something that has happened.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.STRAY_ORDER: AlertEntry(
        title="An order of ours that the books do not know",
        means="An order under this engine's tag is open at the venue, but not live in the books. An entry is "
        "cancelled; an exit is only named.",
        do="Look for it on the venue's own page, and cancel an exit there if it is not wanted.",
        over=_CLEARS,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.OTHERS_ORDER: AlertEntry(
        title="Another engine's order on the account",
        means="An entry of another engine of this kind is open on the account. Entries are suspended.",
        do="Stop one of the two engines, and cancel or close what it leaves behind.",
        over=_CLEARS,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.OTHERS_POSITION: AlertEntry(
        title="Another engine's position on the account",
        means="The account holds a position that another engine of this kind has opened. Entries are "
        "suspended.",
        do="Stop one of the two engines, and close what it leaves behind.",
        over=_CLEARS,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.FOREIGN_ORDER: AlertEntry(
        title="An order that is not the engine's",
        means="Somebody else's order is open on the account. It is left alone and does not hinder entries.",
        do="Nothing if it is yours. Otherwise find out who trades this account.",
        over="It is told once.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.FOREIGN_POSITION: AlertEntry(
        title="A position that is not the engine's",
        means="The account holds something that no engine has traded. It is left alone.",
        do="Nothing if it is yours. Otherwise find out who trades this account.",
        over="It is told once.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.SIZE: AlertEntry(
        title="The venue holds another amount than the books",
        means="The account holds more or fewer contracts of an instrument of the engine than its books know.",
        do="Compare run.py state positions with the venue's own page, and trade there until both agree.",
        over=_CLEARS,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.UNREAD: AlertEntry(
        title="A row of the venue can't be read",
        means="The venue listed an order or a position in a form that can't be read. It is left alone.",
        do="Look for it on the venue's own page by the name in the alert.",
        over="It is told once.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.ANOTHER_ENGINE: AlertEntry(
        title="Another engine was first",
        means="Another engine placed an entry on this account just before ours, which was cancelled. Entries "
        "are suspended.",
        do="Stop one of the two engines: two must never trade one account.",
        over=_CLEARS,
        severities=(Severity.CRITICAL,),
    ),
}
