"""Alerting: tells a person what matters, over Telegram if it is set up, and in the log always."""

from __future__ import annotations

from actors.alerting.actor import Alerting, trial_alert
from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.delivery_times import DeliveryTimes
from actors.alerting.letter import Letter
from actors.alerting.telegram import TelegramChannel

__all__ = [
    "AlertChannel",
    "Alerting",
    "DeliveryTimes",
    "Letter",
    "NotTaken",
    "Taken",
    "TelegramChannel",
    "trial_alert",
]
