"""Alerting: tells a person what matters, over Telegram if it is set up, and in the log always."""

from __future__ import annotations

from actors.alerting.actor import Alerting
from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.telegram import TelegramChannel

__all__ = ["AlertChannel", "Alerting", "NotTaken", "Taken", "TelegramChannel"]
