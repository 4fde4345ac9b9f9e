"""Alerting: tells a person what matters, over each channel that is set up, and in the log always."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

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

__getattr__ = lazy_face(
    __name__,
    {
        "actor": ("Alerting",),
        "channel": ("AlertChannel", "NotTaken", "Taken"),
        "delivery_times": ("DeliveryTimes",),
        "letter": ("Letter",),
        "sender": ("Sender",),
        "telegram": ("TelegramChannel",),
        "webhook": ("WebhookChannel",),
        "trial": ("trial_alert",),
    },
)
