"""Reads what an engine recorded of the chain: which readings there are, and the rows of each moment.

Only whole members are read, so that a file to which an engine is writing, or which a crash has cut, gives all
that was written whole.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from core.errors import InputError
from core.messages.recorder import ReadFor
from core.record.members import Member, whole_members
from core.record.names import RECORD_FOLDER, RecordFile, named_record
from core.record.rows import CHAIN_COLUMNS as RECORDED_COLUMNS
from files.plain import read_plain

STAMPED_WITHIN: Final = timedelta(seconds=60)
"""What was read so soon after its slot stands at the slot: that is when a backtest decides."""
_RANK: Final = tuple(ReadFor)
_PLACE: Final = {name: place for place, name in enumerate(RECORDED_COLUMNS)}


class KeptReading(NamedTuple):
    """One member of a chain file: when the market was read, for whom, and where that stands."""

    at: datetime
    """The moment that it stands for."""
    rank: int
    read_at: datetime
    path: Path
    begin: int
    end: int

    def rows(self) -> Iterator[Mapping[str, str]]:
        """Its rows, by column."""
        with read_plain(self.path) as file:
            file.seek(self.begin)
            member = next(whole_members(file.read(self.end - self.begin)))
        for row in _rows(member.content):
            yield dict(zip(RECORDED_COLUMNS, row, strict=True))


class RecordedDay(NamedTuple):
    """A file of a record and its whole members; `lost` bytes at its end are none."""

    path: Path
    members: list[tuple[int, Member]]
    lost: int


def record_folder(data_dir: Path) -> Path:
    """Raises `InputError` if an engine has recorded nothing there."""
    folder = data_dir / RECORD_FOLDER
    if not folder.is_dir():
        raise InputError(f"{folder}: expected what an engine has recorded, found no such folder")
    return folder


def days_of(folder: Path, what: RecordFile) -> Iterator[RecordedDay]:
    """The files of one kind, by day. Raises `InputError` if one can't be read."""
    for path in sorted(folder.iterdir()):
        named = named_record(path.name)
        if named is None or named.what is not what or path.name.endswith(".damaged"):
            continue
        try:
            with read_plain(path) as file:
                content = file.read()
        except OSError as error:
            raise InputError(f"{path}: expected a file that can be read: {error.strerror}") from None
        members, begin = [], 0
        for member in whole_members(content):
            members.append((begin, member))
            begin = member.end
        yield RecordedDay(path, members, len(content) - begin)


def readings_of(day: RecordedDay) -> Iterator[KeptReading]:
    """The readings of a chain file; one without a quote is none."""
    for begin, member in day.members:
        first = next(_rows(member.content), None)
        if first is None:
            continue
        try:
            slot, read_at = (datetime.fromisoformat(first[_PLACE[name]]) for name in ("timestamp", "read_at"))
            rank = _RANK.index(ReadFor(first[_PLACE["reader"]]))
        except ValueError:
            raise InputError(
                f"{day.path.name}: expected timestamp, reader and read_at as an engine writes them, "
                f"found {','.join(first[:3])!r}"
            ) from None
        yield KeptReading(_moment(slot, read_at), rank, read_at, day.path, begin, member.end)


def moments_of(readings: list[KeptReading]) -> Iterator[tuple[datetime, list[KeptReading]]]:
    """The readings of each moment, in order of time; what a decision saw before what a snapshot saw, and of
    two for the same purpose the later."""
    ordered = sorted(readings, key=lambda one: (one.at, one.rank, -one.read_at.timestamp()))
    for at, group in groupby(ordered, key=lambda one: one.at):
        yield at, list(group)


def inputs_of(day: RecordedDay) -> Iterator[Mapping[str, Any]]:
    """The lines of an inputs file."""
    for _, member in day.members:
        yield from map(json.loads, member.content.splitlines())


def stands_at(inputs: Mapping[str, Any]) -> datetime:
    """The moment that a line of inputs stands for."""
    return _moment(datetime.fromisoformat(inputs["timestamp"]), datetime.fromisoformat(inputs["read_at"]))


def _moment(slot: datetime, read_at: datetime) -> datetime:
    return slot if timedelta(0) <= read_at - slot <= STAMPED_WITHIN else read_at.replace(microsecond=0)


def _rows(content: bytes) -> Iterator[list[str]]:
    """The rows of a member without the header, which the first of a file has."""
    for row in csv.reader(io.StringIO(content.decode())):
        if row and tuple(row) != RECORDED_COLUMNS:
            yield row
