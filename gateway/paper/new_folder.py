"""A folder of a record that is written as a whole or not at all."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import InputError


@contextmanager
def new_folder(folder: Path, by: str) -> Iterator[Path]:
    """A draft to write into, which becomes the folder at the end; if anything is raised, nothing is left.

    `by` says what writes it, such as `an export`. An empty folder that is there stays the one that it is: it
    may be a volume, or the folder in which a person stands. Raises `InputError` if the folder holds
    something, or can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: expected a folder that is new or empty, found something in it")
    there, place = folder.is_dir(), folder.resolve()
    draft = place / ".draft" if there else place.with_name(f".{place.name}.draft")
    if draft.exists():
        raise InputError(f"{draft}: left by {by} that did not end, or another one is at work; remove it")
    try:
        draft.mkdir(parents=True)
        try:
            yield draft
            if there:
                for path in sorted(draft.iterdir()):
                    path.rename(place / path.name)
                draft.rmdir()
            else:
                draft.rename(place)
        except BaseException:
            _remove(draft)
            raise
    except OSError as error:
        raise InputError(f"{folder}: {_unwritten(draft, error)}") from None


def write_part(path: Path, content: bytes) -> None:
    """One file of a draft. Raises `OSError` that names it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def packed(content: bytes) -> bytes:
    """Gzipped. Neither a time nor a name stands in it, so that equal contents are equal bytes."""
    zipped = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=zipped, mtime=0) as file:
        file.write(content)
    return zipped.getvalue()


def _unwritten(draft: Path, error: OSError) -> str:
    part = Path(str(error.filename))
    if part != draft and part.is_relative_to(draft):
        name = part.relative_to(draft)
        return f"{name}: the file can't be written: {error.strerror}; nothing of it is left in the folder"
    return f"expected a folder to write in: {error.strerror or error}"


def _remove(draft: Path) -> None:
    """The draft, which holds nothing but what was written into it."""
    for path in sorted(draft.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    draft.rmdir()
