"""The folder of a sweep: the journal, the report of each point, and the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from core.errors import InputError
from files.whole import write_whole
from lab.research.identity import PointKey

ANSWER: Final = "sweep.json"
REPORTS: Final = "points"


def report_name(key: PointKey) -> str:
    """The file of a point's report, in the folder `points`."""
    return f"{key.config[:16]}-{key.data[:16]}-{key.code.rpartition('+')[2]}.json"


class SweepFolder:
    """Writes each file whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, key: PointKey) -> bool:
        return (self._folder / REPORTS / report_name(key)).is_file()

    def keep(self, key: PointKey, report: Mapping[str, JsonValue]) -> None:
        """Raises `InputError` if it can't be written."""
        self._write(self._folder / REPORTS / report_name(key), json.dumps(report, separators=(",", ":")))

    def answer(self, document: Mapping[str, JsonValue]) -> None:
        """What the page opens. Raises `InputError` if it can't be written."""
        self._write(self._folder / ANSWER, json.dumps(document, indent=1) + "\n")

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode("utf-8"))
        except OSError as error:
            raise InputError(
                f"--out {path}: the file can't be written: {error.strerror}; the journal is whole, "
                "and the same command goes on from there"
            ) from None
