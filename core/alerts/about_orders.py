"""Alerts about orders and positions of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

_HAPPENED: Final = "It tells of something that has happened."
_TRIED_AGAIN: Final = "It is tried again until it succeeds; run.py state orders shows the order's state."

ORDERS: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.ORDER_FILLED: AlertEntry(
        title="An order was filled",
        means="The venue has filled an order, at least in part, and the fills are booked. The alert carries "
        "the audit log's head: keep it as proof.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.ORDER_ADOPTED: AlertEntry(
        title="An order from after the backup is booked",
        means="The venue has an order of this engine that the restored books did not know. It was taken over "
        "as the venue has it, with its fills.",
        do="Nothing. run.py state orders shows it.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.ORDER_IN_DOUBT: AlertEntry(
        title="It is unknown what became of an order",
        means="The venue did not say what became of an order. Entries are suspended while it is looked up; "
        "it is never sent a second time.",
        do="Wait a few minutes. run.py state orders then shows what became of it.",
        over="It is over when the order's fate is known; if that takes long, order_still_in_doubt follows.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.ORDER_STILL_IN_DOUBT: AlertEntry(
        title="Still unknown what became of an order",
        means="The look-ups of an order in doubt have not succeeded for a while. Entries stay suspended.",
        do="Look for the label in the alert on the venue's own page; run.py ping shows whether the venue "
        "answers.",
        over="It is looked up until its fate is known; run.py status then no longer names it.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.RESTING_ORDER_UNREAD: AlertEntry(
        title="A resting order can't be read",
        means="An order rests at the venue, and its state can't be read, so that its price is not moved.",
        do="run.py ping shows whether the venue answers. If it lasts, look at the order on the venue's page.",
        over=_TRIED_AGAIN,
        severities=(Severity.HIGH,),
    ),
    AlertCode.CANCEL_UNCONFIRMED: AlertEntry(
        title="An order can't be cancelled",
        means="The venue has not confirmed that an order is cancelled, in spite of several tries.",
        do="Cancel it on the venue's own page; what was filled is booked all the same.",
        over=_TRIED_AGAIN,
        severities=(Severity.HIGH,),
    ),
    AlertCode.FILLS_UNREAD: AlertEntry(
        title="Fills can't be read",
        means="The venue says that an order was filled, but its trades can't be read, so they are not booked "
        "yet.",
        do="run.py ping shows whether the venue answers; compare the position with the venue's own page.",
        over=_TRIED_AGAIN,
        severities=(Severity.HIGH,),
    ),
    AlertCode.LATE_FILL: AlertEntry(
        title="An entry filled after its cycle had ended",
        means="An entry was filled later than its cycle waited. The position is open and watched as any "
        "other.",
        do="run.py state positions shows it.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.PROPOSAL_NOT_CLOSED: AlertEntry(
        title="A proposal could not be cancelled",
        means="No order was sent for a proposal, and the books refused to close it. It may count as an open "
        "position and hinder entries.",
        do="run.py healthcheck says what is wrong with the books; a restart releases the proposal.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.PROPOSAL_NOT_RELEASED: AlertEntry(
        title="A proposal can't be cancelled yet",
        means="A proposal without an order is still in the books. It may count as an open position and "
        "hinder entries.",
        do="run.py healthcheck says what is wrong with the books.",
        over="It is tried again, and told each time it fails.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.EXIT_BLOCKED: AlertEntry(
        title="An exit is due and can't be sent",
        means="A position should be closed by a rule, and the engine may not or can't send the order.",
        do="run.py kill-switch status shows what blocks it. Disarm if you may, or close the position on the "
        "venue's own page.",
        over="Every monitor looks again, and tells it every time.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.EXIT_NOT_PLACED: AlertEntry(
        title="An exit order was not placed",
        means="An attempt to close a position did not get an order to the venue.",
        do="Wait for the next attempt. If it fails again and again, close the position on the venue's page.",
        over="It is tried again at growing pauses, and told each time it fails.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.EXIT_NOT_REPRICED: AlertEntry(
        title="An exit order keeps its old price",
        means="The limit of a resting exit could not be moved on.",
        do="Wait for the next step. If it lasts, close the position on the venue's own page.",
        over="It is tried again at every step of the price.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.EXIT_QUOTES_MISSING: AlertEntry(
        title="No price for closing",
        means="The quotes that the price of an exit needs are missing or broken; its limit stays as it is.",
        do="Look at the legs on the venue's own page. The order stays there meanwhile.",
        over="It is tried again at every step of the price.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.POSITION_CLOSED: AlertEntry(
        title="A position is closed",
        means="Nothing is left of a position; the alert says by which rule and with what result.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CANCELLED_POSITION_FILLED: AlertEntry(
        title="A cancelled position is open after all",
        means="Recovery found fills of an entry that was thought cancelled. The position is open and is "
        "watched.",
        do="Compare run.py state positions with the venue's own page.",
        over=_HAPPENED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.SETTLEMENT_FAILED: AlertEntry(
        title="Deliveries are not booked",
        means="The deliveries of expired options could not be read or booked.",
        do="Compare run.py state positions with the venue's own page. To try at once: "
        "run.py inject SettleExpired.",
        over="The next monitor or settlement tries again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.MARGIN_HIGH: AlertEntry(
        title="Much margin is used",
        means="Maintenance margin is at exits.margin_warn of venue equity or above; the venue liquidates at "
        "100 %. At exits.margin_exit the engine closes the position that uses most.",
        do="Nothing if you trust the exit. Sending ETH to the account lowers it, and so does closing by "
        'hand: run.py close ID --reason "…".',
        over="It is over when less is used again, which margin_back tells.",
        severities=(Severity.HIGH,),
        ends=AlertCode.MARGIN_BACK,
    ),
    AlertCode.MARGIN_BACK: AlertEntry(
        title="Less margin is used again",
        means="Maintenance margin is well below exits.margin_warn of venue equity again.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
}
