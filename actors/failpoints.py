"""The failpoints: named places between two steps of which a crash may leave the first alone.

In production `reach` does nothing, and nothing switches a failpoint on: no setting, no variable of the
environment, no argument, no file. Only a program of the tests (`tests/kills/killed.py`) puts a function here,
in a process that was started for that, and ends the process with `kill -9` where a test says.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Failpoint(StrEnum):
    """Each is reached at one place of the code, right after what its name says, if not said otherwise."""

    AUDIT_OPENED = "audit.opened"
    """The day's file is open, or made; nothing of the batch is in it."""
    AUDIT_WRITTEN = "audit.written"
    AUDIT_SYNCED = "audit.synced"
    """The file is on disk; if it is new, its name may not be."""
    AUDIT_APPENDED = "audit.appended"
    """All is on disk, and state has not been told."""
    AUDIT_DAY_BEGUN = "audit.day_begun"
    AUDIT_BALLAST_RELEASED = "audit.ballast_released"
    AUDIT_TAIL_CUT = "audit.tail_cut"
    AUDIT_TAIL_RESTORED = "audit.tail_restored"
    COMPRESSION_DRAFTED = "compression.drafted"
    COMPRESSION_SYNCED = "compression.synced"
    COMPRESSION_NAMED = "compression.named"
    COMPRESSION_CHECKED = "compression.checked"
    """The plain file is about to be removed."""
    COMPRESSION_DONE = "compression.done"
    EVIDENCE_BEGUN = "evidence.begun"
    EVIDENCE_MOVED = "evidence.moved"
    """One of the log's files."""
    EVIDENCE_LISTED = "evidence.listed"
    EVIDENCE_SYNCED = "evidence.synced"
    CHAIN_RESTARTED = "chain.restarted"
    """In memory; the first records of the new chain are not committed."""

    BOOKS_OPENED = "books.opened"
    """Before the first migration."""
    BOOKS_MIGRATED = "books.migrated"
    """One step of the schema."""
    BOOKS_APPLIED = "books.applied"
    """The rows of a batch are changed in a transaction that is open."""
    BOOKS_PENDING = "books.pending"
    """The same with the batch's audit bytes: all that is missing is the commit."""
    BOOKS_COMMITTED = "books.committed"
    BOOKS_DURABLE = "books.durable"
    """In books and audit file, and nobody has been answered."""
    BOOKS_ANSWERED = "books.answered"
    BOOKS_SETTLED = "books.settled"
    """At an orderly stop: nothing is pending."""
    BALLAST_TAKEN = "ballast.taken"
    BALLAST_SYNCED = "ballast.synced"
    BALLAST_RELEASED = "ballast.released"
    MARKET_ASIDE_BEGUN = "market.aside_begun"
    MARKET_MOVED = "market.moved"
    """One of the damaged file and what belongs to it."""
    MARKET_BEGUN = "market.begun"
    """A new file in place of the damaged one."""
    CORRUPT_BOOKS_COPIED = "corrupt_books.copied"
    CORRUPT_BOOKS_NOTED = "corrupt_books.noted"
    RECORD_WRITTEN = "record.written"
    """One member of a record's file, which is not synced."""
    RECORD_TAIL_CUT = "record.tail_cut"
    RECORD_PRUNED = "record.pruned"
    """One file of a day that is too old."""
    BACKUP_BEGUN = "backup.begun"
    BACKUP_BOOKS_COPIED = "backup.books_copied"
    BACKUP_AUDIT_COPIED = "backup.audit_copied"
    BACKUP_DESCRIBED = "backup.described"
    BACKUP_NAMED = "backup.named"
    BACKUP_SYNCED = "backup.synced"
    BACKUP_MARKET_COPIED = "backup.market_copied"
    BACKUP_OLD_SET_ASIDE = "backup.old_set_aside"
    BACKUP_OLD_REMOVED = "backup.old_removed"

    ARMED_IN_MEMORY = "armed.in_memory"
    ARMING_ACKNOWLEDGED = "arming.acknowledged"
    """About to be."""
    DISARMING_RECORDED = "disarming.recorded"
    """Row and audit record are on disk, the `KILL` file is as it was."""
    KILL_DRAFTED = "kill.drafted"
    KILL_LAID = "kill.laid"
    KILL_SYNCED = "kill.synced"
    KILL_ADDED_TO = "kill.added_to"
    KILL_LAID_BARE = "kill.laid_bare"
    KILL_SET_ASIDE = "kill.set_aside"
    """It is `KILL.disarming` now."""
    KILL_PUT_BACK = "kill.put_back"
    """What was not disarmed is in `KILL`, and also in `KILL.disarming`."""
    KILL_ASIDE_REMOVED = "kill.aside_removed"
    PERMIT_GRANTED = "permit.granted"

    INBOX_RECEIVED = "inbox.received"
    INBOX_RECORDED = "inbox.recorded"
    INBOX_DELIVERED = "inbox.delivered"
    """The room is told, the person is not."""
    INBOX_ENDED = "inbox.ended"
    INBOX_END_TOLD = "inbox.end_told"
    """The row is still open."""
    INBOX_CLOSED = "inbox.closed"
    ALERT_SENT = "alert.sent"
    """A channel has taken it, and that is not on record."""

    INSTRUCTION_RECORDED = "instruction.recorded"
    SENT_RECORDED = "sent.recorded"
    """It is on record that the order is about to be sent."""
    EDIT_RECORDED = "edit.recorded"
    PLACE_SENDING = "place.sending"
    """About to be sent, and not again after this."""
    PLACE_ANSWERED = "place.answered"
    EDIT_SENDING = "edit.sending"
    EDIT_ANSWERED = "edit.answered"
    CANCEL_SENDING = "cancel.sending"
    CANCEL_ANSWERED = "cancel.answered"


_at: Callable[[Failpoint], None] | None = None


def reach(point: Failpoint) -> None:
    """This place is reached."""
    if _at is not None:
        _at(point)
