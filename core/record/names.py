"""The names of a record's files: three a day, each a CSV or JSON lines under gzip, in members one after the
other."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

RECORD_FOLDER: Final = "record"
"""The folder inside the data folder."""


class RecordFile(StrEnum):
    """What a day's files hold; the value is how the name begins."""

    CHAIN = "chain"
    """A row a quote, of each time that the market was read."""
    SERIES = "series"
    """Hourly bars of index and DVOL, funding and events, as the venue told them; a row may stand twice."""
    INPUTS = "inputs"
    """A JSON object each time that the market was read: for what, and all that was read beside the chain."""


_ENDINGS: Final = {RecordFile.CHAIN: "csv.gz", RecordFile.SERIES: "csv.gz", RecordFile.INPUTS: "jsonl.gz"}
_NAME: Final = re.compile(r"(chain|series|inputs)-(\d{4}-\d{2}-\d{2})\.(?:csv|jsonl)\.gz(?:\.damaged)?")


class RecordDay(NamedTuple):
    """What a file is, by its name."""

    what: RecordFile
    day: date


def record_name(what: RecordFile, day: date) -> str:
    """The name of a day's file, such as `chain-2026-01-05.csv.gz`."""
    return f"{what.value}-{day.isoformat()}.{_ENDINGS[what]}"


def named_record(name: str) -> RecordDay | None:
    """What a file is, also one that holds what was cut off a day's; None if it is none of a record's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return RecordDay(RecordFile(found[1]), date.fromisoformat(found[2]))
    except ValueError:
        return None
