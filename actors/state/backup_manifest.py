"""What a backup says of itself: where its log ends, whose books they are, and a digest of each file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from core.errors import FoundWrongError
from core.values import Value
from files.plain import plain_bytes

MANIFEST_FILE = "backup.json"


class Manifest(Value):
    """One per backup, in `backup.json`."""

    made_at: AwareDatetime
    seq: int
    hash: str
    """The head: number and hash of the log's last record."""
    environment: str | None
    account: str | None
    """None if the books were not bound to one yet."""
    files: dict[str, str]
    """SHA-256 of each file in lower-case hex, by its path in the backup's folder."""
    digest: str = ""
    """SHA-256 of the other fields, so that a damaged manifest shows."""

    def sealed(self) -> Manifest:
        """The same with its digest."""
        return self.model_copy(update={"digest": self._digest()})

    @property
    def is_sound(self) -> bool:
        """Whether it is as it was written."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        return sha256(self.model_dump_json(exclude={"digest"}).encode()).hexdigest()


def read_manifest(backup: Path) -> Manifest | None:
    """What the backup says of itself; None if it says nothing, as those of older versions.

    Raises FoundWrongError if it can't be read.
    """
    path = backup / MANIFEST_FILE
    try:
        found = Manifest.model_validate_json(plain_bytes(path))
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise FoundWrongError(f"{path}: expected what the backup holds, found: {why}") from None
    if not found.is_sound:
        raise FoundWrongError(f"{path}: expected it as it was written, found another digest")
    return found
