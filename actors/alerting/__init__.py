"""Alerting: tells a person what matters, over each channel that is set up, and in the log always."""

from __future__ import annotations

from actors.alerting.actor import Alerting, trial_alert
from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.delivery_times import DeliveryTimes
from actors.alerting.letter import Letter
from actors.alerting.sender import Sender
from actors.alerting.telegram import TelegramChannel
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
