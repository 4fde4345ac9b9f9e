"""Alerting: tells a person what matters, over each channel that is set up, and in the log always."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actors.alerting.actor import Alerting
    from actors.alerting.channel import AlertChannel, NotTaken, Taken
    from actors.alerting.delivery_times import DeliveryTimes
    from actors.alerting.letter import Letter
    from actors.alerting.sender import Sender
    from actors.alerting.telegram import TelegramChannel
    from actors.alerting.trial import trial_alert
    from actors.alerting.webhook import WebhookChannel

__all__ = [
    "AlertChannel",
    "Alerting",
    "DeliveryTimes",
    "Letter",
    "NotTaken",
    "Sender",
    "Taken",
    "TelegramChannel",
    "WebhookChannel",
    "trial_alert",
]

_FILES: Final = {
    "Alerting": "actor",
    "AlertChannel": "channel",
    "NotTaken": "channel",
    "Taken": "channel",
    "DeliveryTimes": "delivery_times",
    "Letter": "letter",
    "Sender": "sender",
    "TelegramChannel": "telegram",
    "WebhookChannel": "webhook",
    "trial_alert": "trial",
}
"""Where each name stands."""


def __getattr__(asked: str) -> object:
    """A name of the room, from its file: commands that need one or two go without the rest."""
    if asked not in _FILES:
        raise AttributeError(asked)
    found: object = getattr(import_module(f"actors.alerting.{_FILES[asked]}"), asked)
    return found
