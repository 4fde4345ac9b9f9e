"""Alerts about the kill switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

_UNTIL_DISARMED: Final = "It stays armed, through restarts too, until a person disarms it."

SWITCH: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.ARMED_OPERATOR: AlertEntry(
        title="Armed by a person",
        means="A person has armed the kill switch: no entry leaves, and resting entries are cancelled.",
        do='Ask who armed it. When all is well: run.py kill-switch disarm --reason "…".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_KILL_FILE: AlertEntry(
        title="Armed by the KILL file",
        means="Somebody or something has laid a KILL file in the data folder: no entry leaves.",
        do='Find out who laid it. When all is well: run.py kill-switch disarm --reason "…". '
        "Removing the file by hand does not disarm.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_ENVIRONMENT: AlertEntry(
        title="Armed: wrong environment or account",
        means="Token and strategy.yaml name different environments, or the data folder belongs to another "
        "account. Exits are blocked as well.",
        do="run.py stop, then correct the token or use the folder of this account; start, then disarm.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_AUDIT: AlertEntry(
        title="Armed: the audit log is broken",
        means="The audit log is not what the engine wrote. Exits are blocked as well.",
        do="Look at the venue first. Find out who changed the files in evidence/; then "
        'run.py kill-switch disarm --accept-audit-break --reason "…".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_RECOVERY: AlertEntry(
        title="Armed: books and venue disagree",
        means="Books and venue could not be reconciled, or not within ten minutes. Exits are blocked as "
        "well.",
        do="Look at the venue and at run.py state positions. Close by hand what must not wait, or restart so "
        "that recovery runs again; then disarm.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_SUPERVISION: AlertEntry(
        title="Armed: a part failed too often",
        means="An actor that trading needs was restarted too often.",
        do="run.py status names its last error, the files in log/ have the traceback. Look at the venue, "
        "then run.py start if the engine has ended; then disarm.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_PROBES: AlertEntry(
        title="Armed: deribit does not answer",
        means="Three probes of deribit in a row have failed.",
        do="run.py ping says why. When it succeeds again: "
        'run.py kill-switch disarm --reason "…". To close meanwhile, use the venue\'s own page.',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_DATABASE: AlertEntry(
        title="Armed: the books are damaged",
        means="cerbero.db is corrupt, or a row in it is not what the audit log makes. Exits are blocked as "
        "well.",
        do="run.py audit verify --books shows every place. Follow the runbook's section "
        '"The books are damaged"; then disarm.',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ARMED_AT_START: AlertEntry(
        title="Still armed after a start",
        means="KILL file and books named different causes of an arming; the switch is armed for all of them.",
        do="run.py kill-switch status shows every cause; deal with each before you disarm.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.DISARMED: AlertEntry(
        title="Disarmed",
        means="A person has disarmed the kill switch: orders may leave again.",
        do='If it was not you: run.py kill-switch arm --reason "…".',
        over="It tells of something that has happened.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.SUSPENDED: AlertEntry(
        title="Entries are suspended",
        means="The source behind the colon blocks entries; exits go on.",
        do="run.py status shows all that blocks entries now. Most sources clear by themselves.",
        over="It is over when the same source finds that all is well; run.py status then no longer names it.",
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.ENTRIES_LATCHED: AlertEntry(
        title="Entries are paused",
        means="A person has paused entries. It holds through restarts; exits go on.",
        do='When you want entries again: run.py resume --reason "…".',
        over="It is over when a person resumes entries, which entries_resumed tells.",
        severities=(Severity.MEDIUM,),
        ends=AlertCode.ENTRIES_RESUMED,
    ),
    AlertCode.PROTECTION_BREACHED: AlertEntry(
        title="A protection is breached: no entries",
        means="The strategy's own results have passed a bound of protections in strategy.yaml. Entries are "
        "blocked through restarts; open positions are watched and closed as ever.",
        do="run.py report says what the trades brought, by month, kind and exit rule. If you want to go on: "
        'run.py resume --reason "…"; peak, losses and streak are then counted anew.',
        over="It is over when a person resumes entries, which entries_resumed tells.",
        severities=(Severity.HIGH,),
        ends=AlertCode.ENTRIES_RESUMED,
    ),
    AlertCode.ENTRIES_RESUMED: AlertEntry(
        title="A person has resumed entries",
        means="What had blocked entries until a person resumes them is lifted.",
        do=NOTHING_TO_DO,
        over="It tells of something that has happened.",
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.KILL_FILE_UNWRITABLE: AlertEntry(
        title="Armed in memory only",
        means="The switch is armed, but KILL can't be written: a restart now could find it not armed.",
        do="Free some space and look at the rights of the data folder; until then don't restart. "
        'Then run.py kill-switch arm --reason "…".',
        over="It is tried again by itself, and told hourly while it fails; run.py healthcheck shows it.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.KILL_FILE_BARE: AlertEntry(
        title="Armed, without its reason on disk",
        means="KILL is on disk and arms, but why and by whom could not be written into it.",
        do="Free some space on the disk of the data folder. Nothing else: nothing leaves.",
        over="It is tried again by itself, and told hourly while it fails.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.KILL_FILE_NOT_REMOVED: AlertEntry(
        title="Could not disarm",
        means="KILL can't be taken away, so the switch stays armed.",
        do="Look at the rights of the data folder and of KILL in it, then disarm again.",
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.KILL_SWITCH_NOT_RECORDED: AlertEntry(
        title="An arming is not in the books",
        means="The books refused a record of the kill switch. The KILL file holds the arming all the same.",
        do="run.py healthcheck says what is wrong with the books; a full disk is the usual cause.",
        over="It is tried again by itself, and told hourly while it fails.",
        severities=(Severity.HIGH,),
    ),
}
