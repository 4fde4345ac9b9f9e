"""All that an engine is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from actors.alerting import AlertChannel, DeliveryTimes
from actors.audit.log_file import SYNCED, LogKept
from actors.control.folder_lock import FolderLock
from actors.execution import AccountLock
from actors.heartbeat import HeartbeatFile
from actors.http import Transport
from actors.mcp import OpenPort
from actors.phone import PhoneSetup
from actors.state.kept import ON_DISK, BooksStore
from core.messages.engine_status import EngineIdentity
from core.orders.books import Job
from core.redaction import Redactor
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy
from core.values import Mode


@dataclass(frozen=True)
class HeartbeatSpec:
    """Where the heartbeat goes: the file, and the operator's URL if there is one."""

    file: HeartbeatFile
    open_transport: Callable[[], Transport] | None


@dataclass(frozen=True)
class EngineSettings:
    """All that the tree is built from. `boot_record` is the detail of `ENGINE_START`; it holds no secret."""

    strategy: Strategy
    mode: Mode
    data_dir: Path
    open_port: OpenPort
    identity: EngineIdentity
    code_version: str
    """What decisions are recorded with."""
    boot_record: Mapping[str, JsonValue]
    redact: Redactor
    alert_channels: tuple[Callable[[], AlertChannel], ...]
    phone: PhoneSetup | None
    """None if no commands are read from a chat."""
    control_socket: Path | None
    folder_lock: FolderLock | None
    """None if nobody holds the data folder by a lock."""
    account_lock: AccountLock
    folder: str
    """What tells the data folder from its copies."""
    delivery: DeliveryTimes = field(default_factory=DeliveryTimes)
    host: str = ""
    """The upstream host, as a person knows it."""
    heartbeat: HeartbeatSpec | None = None
    """None where market time jumps or is simulated: there nothing beats."""
    record_days: int | None = None
    """How many days of the market are recorded and kept; None: nothing is recorded."""
    jobs_off: frozenset[Job] = frozenset()
    """Jobs that are never due; none in an engine that trades, most of them in a backtest."""
    books: BooksStore = ON_DISK
    log: LogKept = SYNCED
    conduct: Conduct = AS_IT_TRADES
