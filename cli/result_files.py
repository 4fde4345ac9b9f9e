"""The files that a command writes its results into, named by the option that asked for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import InputError
from files.whole import write_whole


def require_file(option: str, path: Path | None) -> None:
    """Raise `InputError` if a result could not be written there, before hours are spent on it."""
    if path is None:
        return
    folder = _resolved(option, path).parent
    if not folder.is_dir():
        raise InputError(f"{option} {path}: expected a file in an existing folder")
    if path.is_dir():
        raise InputError(f"{option} {path}: expected a file, found a folder")
    if path.is_socket():
        raise InputError(f"{option} {path}: expected a file, found a socket")
    if not os.access(path if path.exists() else folder, os.W_OK, effective_ids=True):
        raise InputError(f"{option} {path}: expected a file that can be written, found no right to")


def require_folder(option: str, path: Path | None) -> None:
    """The same of a folder, which may be made."""
    if path is None:
        return
    there = whole = _resolved(option, path)
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        found = "a file" if there == whole else f"the file {there}"
        raise InputError(f"{option} {path}: expected a folder, found {found}")
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        raise InputError(f"{option} {path}: expected a folder to write in, found no right to in {there}")


def _resolved(option: str, path: Path) -> Path:
    """Where a path leads that may be relative to the present folder, which somebody may have removed."""
    try:
        return path.resolve()
    except OSError as error:
        raise InputError(
            f"{option} {path}: expected to be in a folder that is there: {error.strerror}"
        ) from None


def require_apart(
    written: Mapping[str, Path | None], *, read: Mapping[str, Path | None] | None = None
) -> None:
    """Raise `InputError` if one file would be written twice, or written over what is read."""
    seen = {option: path for option, path in (read or {}).items() if path is not None}
    for option, path in written.items():
        if path is None:
            continue
        for other, named in seen.items():
            if _is_same_file(path, named):
                raise InputError(f"{option} {path}: expected another file than {other} {named}")
        seen[option] = path


def require_outside(option: str, path: Path | None, folder_option: str, folder: Path | None) -> None:
    """Raise `InputError` if the file is in a folder whose files have names of their own."""
    if path is not None and folder is not None and path.resolve().parent == folder.resolve():
        raise InputError(
            f"{option} {path}: expected a file outside the folder of {folder_option}, whose files are its own"
        )


def text_beside(picture: Path) -> Path:
    """Where a screen that is drawn is written as text, too."""
    return picture.with_suffix(".txt")


def _is_same_file(one: Path, other: Path) -> bool:
    """Whether they are one file, or will be; a device, as /dev/stdout, takes whatever comes."""
    if one.exists() and other.exists():
        return one.is_file() and one.samefile(other)
    return one.resolve() == other.resolve()


def write_result(option: str, path: Path, text: str) -> None:
    """Write it whole, or leave what was there. Raises `InputError` that names the option and the file."""
    try:
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise InputError(f"{option} {path}: the file can't be written: {error.strerror or error}") from error
