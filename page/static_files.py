"""The page's own files and plotly's script: read and compressed once, under names that change with them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from page.plotly_script import plotly_script

FOLDER: Final = Path(__file__).parent / "static"
OWN: Final = ("palette.css", "page.css", "charts.js", "page.js")
CHUNK: Final = 1 << 16
KINDS: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
GZIP: Final = 16 + zlib.MAX_WBITS
"""What zlib calls a stream with gzip's head."""


@dataclass(frozen=True)
class StaticFile:
    """One file, under a name that holds its digest: what is there never changes."""

    path: Path

    @cached_property
    def digest(self) -> str:
        found = hashlib.sha256()
        for chunk in _chunks(self.path):
            found.update(chunk)
        return found.hexdigest()[:16]

    @property
    def url(self) -> str:
        return f"/static/{self.digest}/{self.path.name}"

    @property
    def kind(self) -> str:
        return KINDS[self.path.suffix]

    @cached_property
    def packed(self) -> bytes:
        """The file as gzip."""
        packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        return b"".join((*(packer.compress(chunk) for chunk in _chunks(self.path)), packer.flush()))


def all_files() -> dict[str, StaticFile]:
    """Each by its name. Raises InputError without plotly."""
    return {path.name: StaticFile(path) for path in (*(FOLDER / name for name in OWN), plotly_script())}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
