"""What a backup says of itself: where its log ends, whose books they are, and a digest of each file."""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime, ConfigDict, ValidationError

from core.errors import FoundWrongError
from core.values import Value

MANIFEST_FILE = "backup.json"


class Manifest(Value):
    """Fields of other versions are ignored."""

    model_config = ConfigDict(extra="ignore")

    made_at: AwareDatetime
    seq: int
    hash: str
    """The head: number and hash of the log's last record."""
    environment: str | None
    account: str | None
    """None if the books were not bound to one yet."""
    files: dict[str, str]
    """SHA-256 of each file in lower-case hex, by its path in the backup's folder."""


def read_manifest(backup: Path) -> Manifest | None:
    """What the backup says of itself; None if it says nothing, as those of older versions.

    Raises FoundWrongError if it can't be read.
    """
    path = backup / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise FoundWrongError(f"{path}: expected what the backup holds, found: {why}") from None
