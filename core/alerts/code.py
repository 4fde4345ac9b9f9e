"""The codes of all alerts: a closed list, so that an alert without an entry in the table is a type error."""

from __future__ import annotations

from enum import StrEnum


class AlertCode(StrEnum):
    """What an alert is about. Stable: the books, the audit log and people know alerts by it.

    What an alert is about more exactly, a router for example, is its subject and stands behind a colon
    where the code is recorded or shown: `suspended:clock` (`shown_code`).
    """

    # The engine and its actors.
    ENGINE_START = "engine_start"
    ENDED_WITHOUT_A_WORD = "ended_without_a_word"
    START_FAILED = "start_failed"
    ALERT_PARKED = "alert_parked"
    WEEKLY_DIGEST = "weekly_digest"
    ACTOR_FAILED = "actor_failed"
    ACTOR_HUNG = "actor_hung"
    ACTOR_PARKED = "actor_parked"
    SUPERVISOR_EXHAUSTED = "supervisor_exhausted"
    HOOK_FAILED = "hook_failed"
    MAILBOX_OVERFLOW = "mailbox_overflow"
    DEAD_LETTER = "dead_letter"
    CLOCK_STEPPED = "clock_stepped"
    CONTROL_SOCKET_LOST = "control_socket_lost"
    CONTROL_SOCKET_DEAF = "control_socket_deaf"
    LOCK_LOST = "lock_lost"
    DATA_FOLDER_MOVED = "data_folder_moved"
    COMMAND_ENDED = "command_ended"
    PHONE_TAKEN = "phone_taken"
    PHONE_BACK = "phone_back"
    PHONE_LOCKED = "phone_locked"
    TEST_ALERT = "test_alert"
    INBOX_UNREADABLE = "inbox_unreadable"

    # The kill switch.
    ARMED_OPERATOR = "armed:operator"
    ARMED_KILL_FILE = "armed:kill_file"
    ARMED_ENVIRONMENT = "armed:environment"
    ARMED_AUDIT = "armed:audit"
    ARMED_RECOVERY = "armed:recovery"
    ARMED_SUPERVISION = "armed:supervision"
    ARMED_PROBES = "armed:probes"
    ARMED_DATABASE = "armed:database"
    ARMED_AT_START = "armed:at_start"
    DISARMED = "disarmed"
    SUSPENDED = "suspended"
    ENTRIES_LATCHED = "entries_latched"
    ENTRIES_RESUMED = "entries_resumed"
    PROTECTION_BREACHED = "protection_breached"
    KILL_FILE_UNWRITABLE = "kill_file_unwritable"
    KILL_FILE_BARE = "kill_file_bare"
    KILL_FILE_NOT_REMOVED = "kill_file_not_removed"
    KILL_SWITCH_NOT_RECORDED = "kill_switch_not_recorded"

    # Books, audit log, anchor and disk.
    DISK_LOW = "disk_low"
    DISK_BACK = "disk_back"
    BALLAST_RELEASED = "ballast_released"
    COMMIT_FAILED = "commit_failed"
    BACKUP_FAILED = "backup_failed"
    BOOKS_REFUSED = "books_refused"
    BOOKS_DIFFER = "books_differ"
    BOOKS_DAMAGED = "books_damaged"
    DATABASE_CORRUPT = "database_corrupt"
    MARKET_FILE_UNUSABLE = "market_file_unusable"
    AUDIT_HEAD = "audit_head"
    AUDIT_BROKEN = "audit_broken"
    AUDIT_TAIL_RESTORED = "audit_tail_restored"
    AUDIT_CHECKPOINT_WRONG = "audit_checkpoint_wrong"
    AUDIT_FOREIGN_FILE = "audit_foreign_file"
    AUDIT_ROLLED_BACK = "audit_rolled_back"
    ANCHOR_BEGINS_ANEW = "anchor_begins_anew"
    ANCHOR_UNREADABLE = "anchor_unreadable"
    ANCHOR_READ = "anchor_read"
    ANCHOR_NOT_WRITTEN = "anchor_not_written"
    ANCHOR_WRITTEN = "anchor_written"
    ANCHOR_TAKEN_OVER = "anchor_taken_over"
    LABEL_TAG_DRAWN = "label_tag_drawn"

    # The upstream host and the market.
    PROBE_FAILED = "probe_failed"
    PROBE_BACK = "probe_back"
    HOST_WARNS = "host_warns"
    HOST_WARNS_NO_MORE = "host_warns_no_more"
    MCP_AUTH = "mcp_auth"
    MCP_ANOMALY = "mcp_anomaly"
    MCP_TOOL_NOT_FOUND = "mcp_tool_not_found"
    MARKET_SNAPSHOT_FAILED = "market_snapshot_failed"
    MARKET_DATA_LOST = "market_data_lost"
    MARKET_DATA_BACK = "market_data_back"
    RECORD_NOT_KEPT = "record_not_kept"
    RECORD_KEPT = "record_kept"
    RECORD_CUT = "record_cut"

    # The account at the venue.
    RECOVERY_FAILED = "recovery_failed"
    RECOVERY_DONE = "recovery_done"
    DISPUTE_ENDED = "dispute_ended"
    LATE_FILLS_BOOKED = "late_fills_booked"
    STRAY_ORDER = "stray_order"
    OTHERS_ORDER = "others_order"
    OTHERS_POSITION = "others_position"
    FOREIGN_ORDER = "foreign_order"
    FOREIGN_POSITION = "foreign_position"
    SIZE = "size"
    UNREAD = "unread"
    ANOTHER_ENGINE = "another_engine"

    # Orders and positions.
    ORDER_FILLED = "order_filled"
    ORDER_ADOPTED = "order_adopted"
    ORDER_IN_DOUBT = "order_in_doubt"
    ORDER_STILL_IN_DOUBT = "order_still_in_doubt"
    RESTING_ORDER_UNREAD = "resting_order_unread"
    CANCEL_UNCONFIRMED = "cancel_unconfirmed"
    FILLS_UNREAD = "fills_unread"
    LATE_FILL = "late_fill"
    PROPOSAL_NOT_CLOSED = "proposal_not_closed"
    PROPOSAL_NOT_RELEASED = "proposal_not_released"
    EXIT_BLOCKED = "exit_blocked"
    EXIT_NOT_PLACED = "exit_not_placed"
    EXIT_NOT_REPRICED = "exit_not_repriced"
    EXIT_QUOTES_MISSING = "exit_quotes_missing"
    POSITION_CLOSED = "position_closed"
    CANCELLED_POSITION_FILLED = "cancelled_position_filled"
    SETTLEMENT_FAILED = "settlement_failed"
    MARGIN_HIGH = "margin_high"
    MARGIN_BACK = "margin_back"

    # Cycles.
    CYCLE_ENTERED = "cycle_entered"
    CYCLE_NO_ENTRY = "cycle_no_entry"
    CYCLE_BLOCKED = "cycle_blocked"
    CYCLE_VETOED = "cycle_vetoed"
    CYCLE_REFUSED = "cycle_refused"
    CYCLE_NOT_FILLED = "cycle_not_filled"
    CYCLE_IN_DOUBT = "cycle_in_doubt"
    CYCLE_EXIT_WORKING = "cycle_exit_working"
    CYCLE_SETTLED = "cycle_settled"
    CYCLE_DATA_FAILED = "cycle_data_failed"
    CYCLE_DEADLINE = "cycle_deadline"
    CYCLE_ACTOR_FAILED = "cycle_actor_failed"
    CYCLE_RECOVERING = "cycle_recovering"
    CYCLE_INTERRUPTED = "cycle_interrupted"
    CYCLE_MISFIRED = "cycle_misfired"
    CYCLE_EXPIRED = "cycle_expired"
    CYCLES_DROPPED = "cycles_dropped"
    CYCLE_NOT_OPENED = "cycle_not_opened"
    CYCLE_NOT_CLOSED = "cycle_not_closed"
    KELLY = "kelly"


def shown_code(code: AlertCode, subject: str) -> str:
    """The code as it is recorded and shown, with its subject if it has one."""
    return f"{code.value}:{subject}" if subject else code.value


def code_of(shown: str) -> AlertCode | None:
    """The code of a recorded alert, whatever its subject; None for one that this version does not know."""
    for name in (shown, shown.partition(":")[0]):
        if name in _BY_VALUE:
            return _BY_VALUE[name]
    return None


_BY_VALUE = {code.value: code for code in AlertCode}
