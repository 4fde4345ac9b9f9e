"""The page's own files and plotly's script: packed once, on disk, under names that change with them."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final
from weakref import finalize

from markupsafe import Markup

from page.plotly_script import plotly_script

FOLDER: Final = Path(__file__).parent / "static"
SERVED: Final = ("charts.js", "page.js")
STYLES: Final = ("palette.css", "charts.css", "page.css")
"""They stand in each page itself, so that nothing else has to come before it is painted."""
CHUNK: Final = 1 << 16
GZIP: Final = 16 + zlib.MAX_WBITS
"""What zlib calls a stream with gzip's head."""


@dataclass(frozen=True)
class StaticFile:
    """One file, under a name that holds its digest: what is there never changes."""

    path: Path

    @cached_property
    def digest(self) -> str:
        found = hashlib.blake2b(digest_size=8)
        with self.path.open("rb") as file:
            for chunk in chunks(file.fileno()):
                found.update(chunk)
        return found.hexdigest()

    @property
    def url(self) -> str:
        return f"/static/{self.digest}/{self.path.name}"

    @cached_property
    def packed(self) -> int:
        """The file as gzip: the descriptor of a file without a name, so that no memory is held for it.

        It is open as long as this is. Raises OSError where no file can be written, as on a full disk.
        """
        packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        with TemporaryFile() as made, self.path.open("rb") as file:
            for chunk in chunks(file.fileno()):
                made.write(packer.compress(chunk))
            made.write(packer.flush())
            made.flush()
            descriptor = os.dup(made.fileno())
        finalize(self, os.close, descriptor)
        return descriptor


def all_files() -> dict[str, StaticFile]:
    """What is served, each by its name. Raises InputError without plotly."""
    return {path.name: StaticFile(path) for path in (*(FOLDER / name for name in SERVED), plotly_script())}


def styles() -> Markup:
    """All styles of the page, as they stand in its head."""
    text = "".join((FOLDER / name).read_text("utf-8") for name in STYLES)
    return Markup(text)  # noqa: S704  (our own files)


def part_of(descriptor: int, start: int) -> bytes:
    """What stands from there on, at most a chunk; any number of readers may share the file."""
    return os.pread(descriptor, CHUNK, start)


def chunks(descriptor: int) -> Iterator[bytes]:
    """The whole file."""
    start = 0
    while chunk := part_of(descriptor, start):
        start += len(chunk)
        yield chunk
