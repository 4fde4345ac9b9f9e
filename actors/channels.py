"""What reaches a person, made of the settings: channels, the chat that is read, who signs, what is masked.

Commands that speak without an engine need this alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from pydantic import BaseModel, SecretStr

from actors.alerting import AlertChannel, Sender
from config import DISTRIBUTION, ChannelSettings, McpSettings, TelegramSettings, WebhookSettings
from core.named_commands import DEFAULT_FOLDER
from core.redaction import Redactor, secrets_in_url
from core.text import encodable
from core.values import Environment

if TYPE_CHECKING:
    from ssl import SSLContext

    from actors.phone import TelegramBot
    from core.strategy import Strategy


def redactor(
    mcp: McpSettings | None, channels: Sequence[ChannelSettings], *others: BaseModel | None
) -> Redactor:
    """Masks every secret that this process was given: each `SecretStr` of its settings."""
    given = (one for one in (mcp, *channels, *others) if one is not None)
    return Redactor(secret for settings in given for secret in _secrets(settings))


def folder_named(data_dir: Path) -> str:
    """How a message from an engine names its folder: in full, because nobody knows where the reader is.

    Empty for the default, which commands take by themselves.
    """
    return "" if data_dir == Path(DEFAULT_FOLDER) else encodable(str(data_dir.absolute()))


def sender(
    strategy: Strategy | None,
    instance_name: str | None,
    *,
    environment: Environment | None = None,
    folder: str = "",
) -> Sender:
    """Whose messages these are; `strategy` is None if its file can't be read, which messages then show."""
    if strategy is None:
        return Sender(environment, instance_name or DISTRIBUTION, folder)
    name = instance_name or strategy.strategy.name
    return Sender(environment or strategy.execution.environment, name, folder)


def alert_channels(
    channels: Sequence[ChannelSettings], sender: Sender, tls: SSLContext | None
) -> tuple[Callable[[], AlertChannel], ...]:
    """What opens each channel."""
    return tuple(_channel(settings, sender, tls) for settings in channels)


def phone_bot(chat: TelegramSettings, tls: SSLContext | None) -> TelegramBot:
    """The client that reads and answers a chat."""
    # Imported by who speaks to somebody, as below: a simulation does not.
    from actors.phone import TelegramBot

    return TelegramBot(chat.bot_token, chat.chat_id, chat.api_url, tls=tls)


def _secrets(settings: BaseModel) -> Iterable[str]:
    for _, value in settings:
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield from secrets_in_url(secret) if "://" in secret else (secret,)


def _channel(settings: ChannelSettings, sender: Sender, tls: SSLContext | None) -> Callable[[], AlertChannel]:
    """What opens the channel, each time that alerting starts."""
    from actors.alerting import TelegramChannel, WebhookChannel

    match settings:
        case TelegramSettings(bot_token=token, chat_id=chat, api_url=api_url):
            return lambda: TelegramChannel(token, chat, sender, api_url, tls=tls)
        case WebhookSettings(url=url, form=form):
            return lambda: WebhookChannel(url, form, sender, tls=tls)
        case _:
            assert_never(settings)
