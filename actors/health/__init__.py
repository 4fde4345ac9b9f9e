"""Health: probes every router, conducts the boot, orders backups, watches the disk."""

from __future__ import annotations

from actors.health.actor import Health

__all__ = ["Health"]
