"""Reads the log files of a data folder: one JSON object a line, the oldest first, compressed or not."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, cast

from files.plain import require_plain
from reading.errors import DataFolderError

LOG_FOLDER = "log"
LOG_FILE = "cerbero-bite.jsonl"
"""The one that is written to."""
DAY_FILE = "cerbero-bite-{day}{number}.jsonl"
LEVELS = ("debug", "info", "warning", "error", "critical")
_NAME = re.compile(r"cerbero-bite(?:-(\d{4}-\d{2}-\d{2})(?:\.(\d+))?)?\.jsonl(?:\.gz)?", re.ASCII)
_OWN = frozenset({"event", "logger", "level", "at", "correlation", "path", "epoch", "market_time"})


@dataclass(frozen=True)
class LogFileFound:
    """A log file with its day; `day` is None for the one that is written to."""

    path: Path
    day: date | None
    number: int


@dataclass(frozen=True)
class LogLine:
    """One record of the log. `json_line` is the record as it stands in the file, `more` what else it says."""

    json_line: str
    at: str
    level: str
    logger: str
    event: str
    correlation: str | None
    more: dict[str, Any]

    def is_of(self, correlation: str) -> bool:
        """Whether it was written under this id, or names it as its cause."""
        return correlation in (self.correlation, self.more.get("cause"))


def log_files(folder: Path) -> list[LogFileFound]:
    """The files of the log in the order of their time; the one that is written to is the last."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            day = None if match[1] is None else date.fromisoformat(match[1])
        except ValueError:
            continue
        found.append(LogFileFound(path, day, int(match[2] or 1)))
    return sorted(found, key=lambda each: (each.day is None, each.day or date.max, each.number))


def log_lines(data_dir: Path) -> Iterator[LogLine]:
    """All lines, oldest first. Raises DataFolderError if the folder has no log."""
    folder = _folder(data_dir)
    for found in log_files(folder):
        with _opened(found.path) as stream:
            yield from map(_line, stream)


class Follower:
    """Reads what is appended to the log from now on, also after the day's change of files."""

    def __init__(self, data_dir: Path) -> None:
        self._path = _folder(data_dir) / LOG_FILE
        self._stream = _opened(self._path) if self._path.exists() else None
        self._part = ""
        if self._stream is not None:
            self._stream.seek(0, os.SEEK_END)

    def new_lines(self) -> Iterator[LogLine]:
        """The whole lines that were appended since the last call."""
        while True:
            text = "" if self._stream is None else self._stream.readline()
            if text:
                self._part += text
                if self._part.endswith("\n"):
                    yield _line(self._part)
                    self._part = ""
            elif self._is_another():
                self.close()
                self._stream, self._part = _opened(self._path), ""
            else:
                return

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _is_another(self) -> bool:
        """Whether a new file was begun; then the one before has been read to its end."""
        try:
            now = self._path.stat().st_ino
        except FileNotFoundError:
            return False
        return self._stream is None or os.fstat(self._stream.fileno()).st_ino != now


def _folder(data_dir: Path) -> Path:
    folder = data_dir / LOG_FOLDER
    if not log_files(folder):
        raise DataFolderError(f"{data_dir}: expected the log of an engine (log/{LOG_FILE}), found none")
    return folder


def _opened(path: Path) -> IO[str]:
    require_plain(path)
    opened = gzip.open if path.suffix == ".gz" else open
    return cast("IO[str]", opened(path, "rt", encoding="utf-8", errors="backslashreplace"))


def _line(text: str) -> LogLine:
    """A line as a record. What is none, such as the part of a write that a kill cut short, is an event."""
    raw = text.rstrip("\n")
    try:
        record = json.loads(raw)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        record = {"event": raw}
        raw = json.dumps(record)
    correlation = record.get("correlation")
    return LogLine(
        json_line=raw,
        at=str(record.get("at", "")),
        level=str(record.get("level", "")),
        logger=str(record.get("logger", "")),
        event=str(record.get("event", "")),
        correlation=None if correlation is None else str(correlation),
        more={key: value for key, value in record.items() if key not in _OWN},
    )
