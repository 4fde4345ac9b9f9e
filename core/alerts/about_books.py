"""Alerts about the books, the audit log, its anchor, and the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

_HAPPENED: Final = "It tells of something that has happened."
_UNTIL_DISARMED: Final = "The switch is armed and stays so until a person disarms it."

BOOKS: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.DISK_LOW: AlertEntry(
        title="The disk is nearly full",
        means="Too little space is free on the disk of the data folder. Entries are suspended.",
        do="Free some space; df -h shows where it is missing. Never delete audit/ or cerbero.db.",
        over="It is told daily while it lasts, and its end is told; entries then go on.",
        severities=(Severity.HIGH,),
        ends=AlertCode.DISK_BACK,
    ),
    AlertCode.DISK_BACK: AlertEntry(
        title="There is space on the disk again",
        means="Enough space is free, and the disk no longer suspends entries.",
        do=NOTHING_TO_DO,
        over="It is the end of disk_low.",
        severities=(Severity.LOW,),
    ),
    AlertCode.BALLAST_RELEASED: AlertEntry(
        title="The disk is full",
        means="The disk is full. The engine has deleted its ballast of 32 MiB, so that exits and arming can "
        "still be written.",
        do="Free some space at once; df -h shows where it is missing.",
        over="The ballast is taken again when there is room; that is told as disk_back.",
        severities=(Severity.CRITICAL,),
        ends=AlertCode.DISK_BACK,
    ),
    AlertCode.COMMIT_FAILED: AlertEntry(
        title="The disk is full, nothing can be booked",
        means="The books can't be written, so that no order leaves, not even an exit.",
        do="Free some space at once. Close on the venue's own page what must not wait.",
        over="It is told hourly while it lasts; its end is told as disk_back.",
        severities=(Severity.CRITICAL,),
        ends=AlertCode.DISK_BACK,
    ),
    AlertCode.BACKUP_FAILED: AlertEntry(
        title="No backup",
        means="A backup of the books could not be made.",
        do="Look at free space and rights of backups/ in the data folder.",
        over="The next backup, an hour later, tries again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.BOOKS_REFUSED: AlertEntry(
        title="The books refused a change",
        means="A change would have made the books inconsistent, or failed, and was not made.",
        do="run.py trace ID, with the alert's cause, shows who asked for it. Compare run.py state positions "
        "with the venue's own page, and report it as a fault of the engine.",
        over=_HAPPENED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.BOOKS_DIFFER: AlertEntry(
        title="The books are not what the log says",
        means="At the start, rows of cerbero.db were not what the audit log makes of them. The switch is "
        "armed, and exits are blocked.",
        do="run.py audit verify --books shows every place; follow the runbook's section "
        '"The books are damaged".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.BOOKS_DAMAGED: AlertEntry(
        title="A row of the books was changed",
        means="A row that the audit log does not prove no longer fits its seal. The switch is armed, and "
        "exits are blocked.",
        do='run.py audit verify --books shows it; follow the runbook\'s section "The books are damaged".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.DATABASE_CORRUPT: AlertEntry(
        title="The database is corrupt",
        means="cerbero.db can't be used. It was copied to evidence/, every change is refused, and the switch "
        "is armed.",
        do="Look at the venue first: nobody watches the positions. Then follow the runbook's section "
        '"The books are damaged".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.MARKET_FILE_UNUSABLE: AlertEntry(
        title="The file of market snapshots was unusable",
        means="market.db was put aside in evidence/, and snapshots begin anew. Trading does not need the old "
        "ones.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.AUDIT_HEAD: AlertEntry(
        title="The audit log's head",
        means="The number and hash of the last record. Whoever keeps it can prove later that the log was not "
        "shortened.",
        do="Nothing. To prove the log: run.py audit verify --head SEQ:HASH.",
        over=_HAPPENED,
        severities=(Severity.LOW,),
    ),
    AlertCode.AUDIT_BROKEN: AlertEntry(
        title="The audit log was changed",
        means="The audit log on disk is not what the engine wrote. Its files are in evidence/, a new chain "
        "has begun, and the switch is armed; exits are blocked.",
        do="Look at the venue first. Find out who changed the files; then "
        'run.py kill-switch disarm --accept-audit-break --reason "…".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.AUDIT_TAIL_RESTORED: AlertEntry(
        title="The end of the audit log was completed",
        means="The engine was cut off while it wrote the log; the missing bytes were restored from the "
        "database. Nothing is lost.",
        do="Nothing. If you did not pull a plug, find out why the machine ended.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.AUDIT_CHECKPOINT_WRONG: AlertEntry(
        title="A checkpoint in the log is wrong",
        means="The last checkpoint is not what the records before it make. All records were read instead, "
        "and the books are right.",
        do="Report it as a fault of the engine, with run.py audit verify --books.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.AUDIT_FOREIGN_FILE: AlertEntry(
        title="Foreign files among the audit logs",
        means="Files in audit/ that are no logs of the engine appeared since the start.",
        do="Find out who put them there, and move them away.",
        over="Each new file is told once.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.AUDIT_ROLLED_BACK: AlertEntry(
        title="The data folder is older than its anchor",
        means="Log and books are older than what the anchor holds: a backup or copy was put in their place. "
        "The switch is armed, and exits are blocked.",
        do="Start the newer folder if there is one. If you restored a backup yourself: "
        'run.py kill-switch disarm --accept-audit-break --reason "…".',
        over=_UNTIL_DISARMED,
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ANCHOR_BEGINS_ANEW: AlertEntry(
        title="A new anchor was begun",
        means="The anchor was ahead of the log, and a person has accepted that. The old one is kept aside.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.ANCHOR_UNREADABLE: AlertEntry(
        title="The anchor can't be read",
        means="The file named by audit.anchor_path can't be read, so that a roll-back would not be seen. "
        "Entries are suspended.",
        do="Look at the disk or share that audit.anchor_path names: is it mounted, and readable?",
        over="It is tried again, told at growing intervals, and its end is told.",
        severities=(Severity.HIGH,),
        ends=AlertCode.ANCHOR_READ,
    ),
    AlertCode.ANCHOR_READ: AlertEntry(
        title="The anchor is read",
        means="The anchor could be read after all, and agrees with the audit log.",
        do=NOTHING_TO_DO,
        over="It is the end of anchor_unreadable.",
        severities=(Severity.LOW,),
    ),
    AlertCode.ANCHOR_NOT_WRITTEN: AlertEntry(
        title="The anchor can't be written",
        means="The head of the audit log can't be kept in the file named by audit.anchor_path. Trading goes "
        "on.",
        do="Look at the disk or share that audit.anchor_path names: is it mounted, writable, and not full?",
        over="It is tried again, told at growing intervals, and its end is told.",
        severities=(Severity.HIGH,),
        ends=AlertCode.ANCHOR_WRITTEN,
    ),
    AlertCode.ANCHOR_WRITTEN: AlertEntry(
        title="The anchor is written again",
        means="The head of the audit log is in the anchor again.",
        do=NOTHING_TO_DO,
        over="It is the end of anchor_not_written.",
        severities=(Severity.LOW,),
    ),
    AlertCode.ANCHOR_TAKEN_OVER: AlertEntry(
        title="The anchor is this folder's from now on",
        means="The anchor's file held the head of another data folder, which this folder's log holds, too: "
        "this folder is the other one, moved or restored, or a copy of it.",
        do="Nothing if you moved the folder. If the other one still runs, give it an anchor of its own: "
        "audit.anchor_path.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.LABEL_TAG_DRAWN: AlertEntry(
        title="The data folder is a copy, or was moved",
        means="The folder, or the machine, is another one than that for which the tag of its orders was "
        "drawn. It has a new tag, so that two engines on one account can tell their orders apart.",
        do="Nothing if you moved or restored the folder. If the other engine still runs on this account, "
        "stop one of the two.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
}
