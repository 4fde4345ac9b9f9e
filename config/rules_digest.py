"""Which code decided: the release, and a digest of the rules' own source."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

DISTRIBUTION = "cerbero-bite"
DIGEST_LENGTH = 12


@cache
def code_version() -> str:
    """For instance `0.1.0+1a2b3c4d5e6f`. The digest covers every source file of `core/`, which decides all by
    itself: two programs of the same version decide the same."""
    digest = hashlib.sha256()
    for name, source in sorted(_sources(files("core"), "")):
        digest.update(f"{name}\0{len(source)}\0".encode())
        digest.update(source)
    return f"{version(DISTRIBUTION)}+{digest.hexdigest()[:DIGEST_LENGTH]}"


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            found += _sources(item, name)
        elif item.name.endswith(".py"):
            found.append((name, item.read_bytes()))
    return found
