"""Every series that `metrics` tells, in the order of docs/metrics.md, which is made from this table."""

from __future__ import annotations

from enum import StrEnum

from core.alerts import Severity
from core.contract.base import Router
from core.messages.arm_cause import ArmCause
from core.orders.books import CycleOutcome, Job, LatchSource
from core.orders.lifecycle import OrderState, PositionState
from core.status.finding import Urgency
from core.values import Environment
from reading.metrics.labels import ActorLabel, Protection, ReadPart, SuspendedBy
from reading.metrics.series import PREFIX, Label, Series

SERIES_MAX = 300
"""So many series at most, however long the engine runs."""


def _gauge(name: str, says: str, label: str = "", values: type[StrEnum] | None = None) -> Series:
    return Series(PREFIX + name, "gauge", says, None if values is None else Label(label, values))


def _counter(name: str, says: str, label: str = "", values: type[StrEnum] | None = None) -> Series:
    return Series(f"{PREFIX}{name}_total", "counter", says, None if values is None else Label(label, values))


UP = _gauge("up", "1 if the engine has answered; 0 if it is dead, starts, stops or hangs.")
LOCK_HELD = _gauge(
    "lock_held", "1 if a process holds the data folder: with `up` at 0 it starts, stops or hangs."
)
BOOKS_READABLE = _gauge(
    "books_readable", "1 if the books were read; 0 if there are none or they can't be read."
)
BOOKS_OLDER = _gauge(
    "books_older",
    "1 if the log holds records that the books do not: a copy from before. Looked at while no engine runs.",
)
READ_SECONDS = _gauge("read_seconds", "How long the last reading took.", "part", ReadPart)
READ_FAILURES = _counter("read_failures", "Readings that failed since this process began.", "part", ReadPart)
VERDICT = _gauge("verdict", "1 for the level of the first line of `status`.", "level", Urgency)
ENVIRONMENT = _gauge("environment", "1 for the environment that is traded in.", "environment", Environment)
STRATEGY_ENABLED = _gauge("strategy_enabled", "1 if entry and monitor cycles are switched on.")
UPTIME = _gauge("uptime_seconds", "Time since the engine's start.")

ARMED = _gauge("kill_switch_armed", "1 if the kill switch is armed; by file and books if the engine is dead.")
ARM_CAUSE = _gauge("kill_switch_armed_by", "1 for each cause of the arming.", "cause", ArmCause)
EXITS_BLOCKED = _gauge("exits_blocked", "1 if the armed kill switch lets no exit leave either.")
ENTRIES_BLOCKED = _gauge("entries_blocked", "1 if no entry would be made now, for whatever reason.")
SUSPENDED = _gauge(
    "entries_suspended", "Suspensions of entries that end by themselves.", "source", SuspendedBy
)
LATCHED = _gauge("entries_latched", "1 if entries wait for a person to resume them.", "source", LatchSource)
PERMITS = _counter("permits_granted", "Orders permitted since the kill switch's start.")
VETOES = _counter("vetoes", "Orders refused a permit since the kill switch's start.")

POSITIONS = _gauge("positions", "Positions in the books, by state.", "state", PositionState)
CONTRACTS = _gauge("open_contracts", "Contracts held in live positions.")
WORST_LOSS = _gauge("worst_loss_usd", "What the live positions lose at most, in total.")
REALISED_ETH = _gauge("realised_pnl_eth", "P&L of closed positions after fees.")
REALISED_USD = _gauge("realised_pnl_usd", "The same in USD, each cash flow at its own index.")
MARKED_ETH = _gauge(
    "marked_pnl_eth", "P&L of live positions at the last marks, before the fees of closing them."
)
MARKED_USD = _gauge("marked_pnl_usd", "The same in USD.")
EXITS_DUE = _gauge("exits_due", "Live positions that an exit rule would close at the last marks.")
EXPIRY = _gauge("nearest_expiry_seconds", "Time to the nearest expiry of a live position.")
STRIKE_DISTANCE = _gauge(
    "short_strike_distance_ratio",
    "Distance of the spot to the nearest short strike over spot; negative past it.",
)
EQUITY = _gauge("equity_eth", "Equity of the account at the venue, as last seen.")
BALANCE = _gauge("balance_eth", "Balance of the account at the venue, as last seen.")
INITIAL_MARGIN = _gauge("initial_margin_eth", "Initial margin in use at the venue, as last seen.")
MAINTENANCE_MARGIN = _gauge("maintenance_margin_eth", "Maintenance margin in use at the venue, as last seen.")
MARGIN_USE = _gauge("margin_use_ratio", "Maintenance margin over equity at the venue.")
SPOT = _gauge("spot_usd", "The ETH index, as last seen.")
DVOL = _gauge("dvol_percent", "The volatility index DVOL, as last seen.")

ENTRY_CYCLES = _counter(
    "entry_cycles", "Entry cycles in the books, by how they ended.", "outcome", CycleOutcome
)
MONITOR_FAILURES = _gauge(
    "monitor_failures_in_a_row", "Monitor cycles in a row that could not decide the exits."
)
ORDERS = _gauge("orders", "Orders in the books, by state.", "state", OrderState)
DUE_IN = _gauge(
    "job_due_in_seconds", "Time to the job's next run; negative if it is overdue.", "job_name", Job
)

BREACHED = _gauge("protection_breached", "1 if the protection forbids an entry.", "protection", Protection)
DRAWDOWN = _gauge("own_drawdown_ratio", "How far the strategy's own P&L is below its peak, over equity.")
DRAWDOWN_MAX = _gauge("own_drawdown_max_ratio", "Above this drawdown entries are latched.")
LOSS = _gauge("own_loss_usd", "What the trades closed in the window lost together.")
LOSS_MAX = _gauge("own_loss_max_usd", "Above this loss entries are latched.")
STREAK = _gauge("losing_trades_in_a_row", "Losing trades in a row.")
STREAK_MAX = _gauge("losing_trades_in_a_row_max", "From so many on entries are latched.")

ALERTS = _counter("alerts", "Alerts in the books, by severity.", "severity", Severity)
ALERTS_WAITING = _gauge("alerts_waiting", "Deliveries of alerts that a channel has still to take.")
ALERTS_UNRECORDED = _gauge("alerts_unrecorded", "Alerts that are in the log and not in the books.")
CHANNELS_FAILING = _gauge("alert_channels_failing", "Channels that hold alerts back after an error.")

ACTOR_UP = _gauge("actor_up", "1 if the actor is up.", "actor", ActorLabel)
RESTARTS = _counter("actor_restarts", "Restarts of the actor since the engine's start.", "actor", ActorLabel)
MAILBOX = _gauge("actor_mailbox_depth", "Messages that wait in the actor's mailbox.", "actor", ActorLabel)
BUSY = _gauge("actor_busy_seconds", "How long the actor has been busy with one message.", "actor", ActorLabel)
DEAD_LETTERS = _counter("dead_letters", "Messages that nobody took since the engine's start.")
UNAVAILABLE = _gauge("rooms_without_answer", "Actors that did not answer the status in time.")

MARKET_AGE = _gauge("market_data_age_seconds", "Age of the last look at the market, by the engine's clock.")
SNAPSHOT_AGE = _gauge("market_snapshot_age_seconds", "Age of the last stored snapshot of the market.")
ACCOUNT_AGE = _gauge("account_age_seconds", "Age of equity, balance and margin.")
MARKET_FAILURES = _counter("market_data_failures", "Failed readings of the market since market data's start.")
MARKET_STALE = _gauge("market_data_stale", "1 if the market was last not read whole.")
ROUTER_UP = _gauge("router_up", "1 if the router answered its last probe.", "router", Router)
ROUTER_FAILURES = _gauge("router_failures_in_a_row", "Probes in a row that failed.", "router", Router)
ROUTER_LATENCY = _gauge("router_latency_seconds", "How long the last probe took.", "router", Router)
CLOCK_OFFSET = _gauge("venue_clock_offset_seconds", "The venue's clock less ours, as far as it is proven.")

BACKUP_AGE = _gauge("backup_age_seconds", "Age of the last backup.")
BACKUP_FAILED = _gauge("backup_failed", "1 if the last attempt at a backup failed.")
AUDIT_OK = _gauge("audit_ok", "1 if the audit log is whole, 0 if it is broken.")
AUDIT_RECORDS = _counter("audit_records", "Records in the audit log that the books know to be on disk.")
RECONCILED = _gauge("reconciled", "1 if books and venue agreed when they were last compared.")
DISK_FREE = _gauge("disk_free_bytes", "Free space on the disk of the data folder.")
DISK_SIZE = _gauge("disk_size_bytes", "Size of the disk of the data folder.")
DISK_LOW = _gauge("disk_low", "1 if the engine suspends entries because the disk is nearly full.")
BOOKS_BYTES = _gauge("books_bytes", "Size of cerbero.db.")
WAL_BYTES = _gauge("books_wal_bytes", "Size of the journal beside cerbero.db.")

CHAPTERS: dict[str, tuple[Series, ...]] = {
    "The engine": (
        UP,
        LOCK_HELD,
        BOOKS_READABLE,
        BOOKS_OLDER,
        READ_SECONDS,
        READ_FAILURES,
        VERDICT,
        ENVIRONMENT,
        STRATEGY_ENABLED,
        UPTIME,
    ),
    "Whether it may trade": (
        ARMED,
        ARM_CAUSE,
        EXITS_BLOCKED,
        ENTRIES_BLOCKED,
        SUSPENDED,
        LATCHED,
        PERMITS,
        VETOES,
    ),
    "Positions and account": (
        POSITIONS,
        CONTRACTS,
        WORST_LOSS,
        REALISED_ETH,
        REALISED_USD,
        MARKED_ETH,
        MARKED_USD,
        EXITS_DUE,
        EXPIRY,
        STRIKE_DISTANCE,
        EQUITY,
        BALANCE,
        INITIAL_MARGIN,
        MAINTENANCE_MARGIN,
        MARGIN_USE,
        SPOT,
        DVOL,
    ),
    "Cycles and orders": (ENTRY_CYCLES, MONITOR_FAILURES, ORDERS, DUE_IN),
    "Protections": (BREACHED, DRAWDOWN, DRAWDOWN_MAX, LOSS, LOSS_MAX, STREAK, STREAK_MAX),
    "Alerts": (ALERTS, ALERTS_WAITING, ALERTS_UNRECORDED, CHANNELS_FAILING),
    "Actors": (ACTOR_UP, RESTARTS, MAILBOX, BUSY, DEAD_LETTERS, UNAVAILABLE),
    "Market and venue": (
        MARKET_AGE,
        SNAPSHOT_AGE,
        ACCOUNT_AGE,
        MARKET_FAILURES,
        MARKET_STALE,
        ROUTER_UP,
        ROUTER_FAILURES,
        ROUTER_LATENCY,
        CLOCK_OFFSET,
    ),
    "Records and disk": (
        BACKUP_AGE,
        BACKUP_FAILED,
        AUDIT_OK,
        AUDIT_RECORDS,
        RECONCILED,
        DISK_FREE,
        DISK_SIZE,
        DISK_LOW,
        BOOKS_BYTES,
        WAL_BYTES,
    ),
}
TABLE: tuple[Series, ...] = tuple(series for chapter in CHAPTERS.values() for series in chapter)
