"""Recorder: keeps what was read of the market in files that everybody can read."""

from __future__ import annotations

from actors.recorder.actor import Recorder
from actors.recorder.folder import RecordFolder

__all__ = ["RecordFolder", "Recorder"]
