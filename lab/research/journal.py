"""The journal of a folder: one line a point, known by its key, so that nothing is run twice or lost.

A line counts once it is whole on disk. A kill in the middle of one leaves a torn last line, which is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from pydantic import AwareDatetime, ValidationError

from core.errors import InputError
from core.values import Value
from gateway.shell.alone import AloneIn
from lab.research.found import FoundRun
from lab.research.identity import PointKey

FILE: Final = "journal.jsonl"
LOCK: Final = "lock"


class HoldoutLook(Value):
    """Somebody has looked at what a holdout hides. `config` are the points that were looked at."""

    at: AwareDatetime
    holdout: AwareDatetime
    data: tuple[str, ...]
    config: tuple[str, ...]


class SweepJournal:
    """A folder's journal, which one sweep writes at a time. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        """Read what is there. Raises `InputError` if another sweep writes it, or if it can't be read."""
        self._found: dict[PointKey, FoundRun] = {}
        self.looks: list[HoldoutLook] = []
        self.dropped = 0
        """How many torn lines were dropped: 0 or 1."""
        self._file: IO[bytes] | None = None
        self._lock: AloneIn | None = None
        self._path = None if folder is None else folder / FILE
        if folder is None or self._path is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
            self._file = self._path.open("ab+")
        except OSError as error:
            self.close()
            raise InputError(
                f"--out {folder}: expected a folder to write in: {error.strerror or error}"
            ) from None
        try:
            self._read(self._path, self._file)
        except BaseException:
            self.close()
            raise

    def found(self, key: PointKey) -> FoundRun | None:
        """What is on record of this key."""
        return self._found.get(key)

    def all_found(self) -> Mapping[PointKey, FoundRun]:
        """All that is on record."""
        return self._found

    def add(self, found: FoundRun) -> None:
        """Put it on record. Raises `InputError` if the disk does not take it; then it is not."""
        if found.key in self._found:
            return
        self._write(found.model_dump_json())
        self._found[found.key] = found

    def looked(self, at: datetime, holdout: datetime, keys: Iterator[PointKey]) -> None:
        """Put a look behind a holdout on record, before anything behind it is read."""
        listed = list(keys)
        look = HoldoutLook(
            at=at,
            holdout=holdout,
            data=tuple(sorted({key.data for key in listed})),
            config=tuple(sorted({key.config for key in listed})),
        )
        self._write(json.dumps({"look": look.model_dump(mode="json")}))
        self.looks.append(look)

    def close(self) -> None:
        """Let another sweep in."""
        for file in (self._file, self._lock):
            if file is not None:
                file.close()
        self._file = self._lock = None

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        whole = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(f"{line}\n".encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._shorten(whole)
            raise InputError(
                f"{self._path}: the journal can't be written: {error.strerror}; what it holds is whole, and "
                "the same command goes on from there"
            ) from None

    def _shorten(self, whole: int) -> None:
        """Take back what was written of a line. Python tries once more to write it as it closes the file."""
        assert self._path is not None
        file, self._file = self._file, None
        assert file is not None
        with suppress(OSError):  # The same disk, still full.
            file.close()
        os.truncate(self._path, whole)

    def _read(self, path: Path, file: IO[bytes]) -> None:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self.dropped = 1
            file.truncate(whole)
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                self._take(json.loads(line))
            except (ValueError, ValidationError) as error:
                raise InputError(
                    f"{path}, line {number}: expected a point or a look of this version's form, found "
                    f"{line[:80].decode(errors='replace')!r} ({type(error).__name__}); name another folder"
                ) from None

    def _take(self, line: object) -> None:
        if isinstance(line, dict) and "look" in line:
            self.looks.append(HoldoutLook.model_validate_json(json.dumps(line["look"])))
            return
        found = FoundRun.model_validate_json(json.dumps(line))
        self._found.setdefault(found.key, found)


def _locked(folder: Path) -> AloneIn:
    """Holds the folder. Whoever is killed lets go of it, too. Raises `InputError` if another sweep does."""
    try:
        alone = AloneIn(folder, LOCK)
    except BlockingIOError:
        holder = "unknown"
        with suppress(OSError, ValueError):
            holder = (folder / LOCK).read_text("utf-8").strip() or holder
        raise InputError(
            f"--out {folder}: another sweep (process {holder}) works in this folder; wait for it, "
            "or name another one"
        ) from None
    alone.note(str(os.getpid()))
    return alone
