"""From configuration and environment to the engine's settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import JsonValue

from actors.alerting import DeliveryTimes, Sender
from actors.audit.log_file import SyncedFiles
from actors.channels import alert_channels, folder_named, phone_bot, sender
from actors.control.folder_lock import FolderLock
from actors.engine_settings import EngineSettings, HeartbeatSpec
from actors.execution import AccountLock, MachineAccountLock
from actors.heartbeat import HeartbeatFile
from actors.held_place import HeldPlace
from actors.http import Transport
from actors.mcp import McpCredentials, wire_ports
from actors.phone import PhoneSetup
from actors.runtime import Context
from actors.state.kept import BooksOnDisk
from config import (
    DISTRIBUTION,
    ChannelSettings,
    DeliverySettings,
    HeartbeatSettings,
    LoadedStrategy,
    McpSettings,
    PhoneSettings,
    TelegramSettings,
    code_version,
)
from core.contract.words import AS_THE_CONTRACT, ContractWords
from core.messages.engine_status import EngineIdentity
from core.redaction import Redactor
from core.totp import secret_of
from core.values import Environment, Mode

if TYPE_CHECKING:
    from ssl import SSLContext

HEARTBEAT_ANSWER_BYTES_MAX = 64 * 1024


def engine_settings(
    *,
    loaded: LoadedStrategy,
    mode: Mode,
    mcp: McpSettings,
    channels: Sequence[ChannelSettings],
    data_dir: Path,
    control_socket: Path | None,
    folder_lock: FolderLock | None = None,
    started_at: datetime,
    transport_factory: Callable[[Context], Transport],
    redact: Redactor,
    pid: int,
    boot_id: str,
    folder: str,
    account_lock: AccountLock | None = None,
    tls: SSLContext | None = None,
    instance_name: str | None = None,
    environment: Environment | None = None,
    delivery: DeliverySettings | None = None,
    beats: bool = False,
    heartbeat: HeartbeatSettings | None = None,
    phone: PhoneSettings | None = None,
    record_days: int | None = None,
    words: ContractWords = AS_THE_CONTRACT,
) -> EngineSettings:
    """Everything that the tree is built from. `started_at` is market time.

    `boot_id` is new with each life of the engine; by it a restarted actor knows what this life has done.
    `folder` tells the data folder from its copies; `folder_lock` is looked after if the folder is held
    by this process. `account_lock` is this machine's unless another is given.
    `tls` is whose certificates the alert channels trust, by default the public authorities'. Messages begin
    with `environment` and `instance_name`: by default, those of the strategy. `beats` is for an engine whose
    market time is the world's: it writes the heartbeat file and calls the URL of `heartbeat`. `record_days`
    is how long what is read of the market is kept in files; None records nothing. `words` are those of an
    upstream host that differs from the contract in words; a venue of ours does not.
    """
    identity = EngineIdentity(
        version=version(DISTRIBUTION),
        mode=mode.name,
        strategy_name=loaded.strategy.strategy.name,
        strategy_hash=loaded.hash_computed,
        overrides=loaded.overrides,
        started_at=started_at,
        pid=pid,
        strategy=loaded.strategy,
        folder=folder_named(data_dir),
    )
    told_by = sender(loaded.strategy, instance_name, environment=environment, folder=identity.folder)
    config: JsonValue = loaded.strategy.model_dump(mode="json")
    place = HeldPlace(data_dir)
    return EngineSettings(
        strategy=loaded.strategy,
        mode=mode,
        data_dir=data_dir,
        open_port=wire_ports(
            transport_factory,
            McpCredentials(token=mcp.token.get_secret_value(), bot_tag=mcp.bot_tag, redact=redact),
            loaded.strategy,
            words,
        ),
        identity=identity,
        code_version=code_version(),
        boot_record={
            "boot_id": boot_id,
            "version": identity.version,
            "code_version": code_version(),
            "mode": identity.mode,
            "strategy_hash": identity.strategy_hash,
            "hash_sealed": loaded.hash_matches,
            "contract_hash": _hash_of_words(loaded, words),
            "overrides": list(loaded.overrides),
            "config": config,
        },
        redact=redact,
        alert_channels=alert_channels(channels, told_by, tls),
        phone=None if phone is None else _phone(phone, channels, told_by, tls),
        control_socket=control_socket,
        folder_lock=folder_lock,
        account_lock=account_lock or MachineAccountLock(mcp.url),
        folder=folder,
        delivery=_delivery(delivery or DeliverySettings()),
        host=urlsplit(mcp.url).hostname or "",
        heartbeat=HeartbeatSpec(
            file=HeartbeatFile(data_dir, pid), open_transport=_heartbeat_transport(heartbeat, tls)
        )
        if beats
        else None,
        record_days=record_days,
        books=BooksOnDisk(place),
        log=SyncedFiles(place),
    )


def _hash_of_words(loaded: LoadedStrategy, words: ContractWords) -> str | None:
    """That of `contract.yaml`, if the host is spoken to in its words."""
    return loaded.words.hash_computed if loaded.words is not None and words is loaded.words.words else None


def _delivery(settings: DeliverySettings) -> DeliveryTimes:
    return DeliveryTimes(zone=settings.zone, digest_at=settings.digest_at, quiet=settings.quiet)


def _heartbeat_transport(
    settings: HeartbeatSettings | None, tls: SSLContext | None
) -> Callable[[], Transport] | None:
    if settings is None:
        return None

    from actors.http import HttpTransport

    return lambda: HttpTransport(
        settings.url.get_secret_value(), tls=tls, answer_bytes_max=HEARTBEAT_ANSWER_BYTES_MAX
    )


def _phone(
    settings: PhoneSettings, channels: Sequence[ChannelSettings], sender: Sender, tls: SSLContext | None
) -> PhoneSetup:
    """Commands are read from the chat that alerts go to."""
    chat = next(each for each in channels if isinstance(each, TelegramSettings))
    secret = settings.secret
    return PhoneSetup(
        may_act=settings.mode == "act",
        open_bot=lambda: phone_bot(chat, tls),
        secret=None if secret is None else secret_of(secret.get_secret_value()),
        label=str(sender),
        folder=sender.folder,
    )
