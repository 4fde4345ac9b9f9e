"""The tags of the labels that the next start will take for its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cli.folder_identity import FOLDER_FILE, folder_identity
from core.orders.adoption import OwnTags
from core.system_keys import FOLDER_KEY, FORMER_TAGS_KEY, RESTORE_PENDING, RESTORED_KEY, TAG_KEY
from reading.backups import stored_settings


def tags_at_next_start(data_dir: Path, now: datetime) -> OwnTags:
    """As binding the account will make them (`actors/state/apply_records.py`), without drawing one.

    In a folder that was copied or restored the next start draws a tag, which no order bears yet: `present` is
    empty then. Only what was sent before a restore is still taken for ours.
    """
    settings = stored_settings(data_dir)
    drawn, restored = settings.get(TAG_KEY, ""), settings.get(RESTORED_KEY, "")
    former = tuple(tag for tag in settings.get(FORMER_TAGS_KEY, "").split() if tag != drawn)
    if drawn and settings.get(FOLDER_KEY) == _identity(data_dir):
        since = datetime.fromisoformat(restored) if restored else None
        return OwnTags(present=drawn, former=former, restored_at=since)
    since = now if restored == RESTORE_PENDING else None
    return OwnTags(present="", former=(*former, drawn) if drawn else former, restored_at=since)


def _identity(data_dir: Path) -> str | None:
    """Nothing is made for it: a folder that has none yet gets one from its start."""
    return folder_identity(data_dir) or None if (data_dir / FOLDER_FILE).exists() else None
