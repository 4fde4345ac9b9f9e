"""What the venue was seen to do: a file, and what mainnet wants of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from core.errors import InputError
from files.plain import read_plain
from files.whole import write_whole
from gateway.live.version import VERSION

REPORT_NAME: Final = "report.json"
ANSWERS_NAME: Final = "answers.json"


class ProbeOutcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    OPEN = "open"
    """It could not be asked now; the text says what it wants."""
    FAILED = "failed"


class ProbeAnswer(BaseModel):
    """One question, with what was seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    question: str
    outcome: ProbeOutcome
    seen: dict[str, JsonValue] = {}
    text: str = ""


class ProbeReport(BaseModel):
    """All answers of one client at one venue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: str
    environment: str
    simulated: bool
    account: str
    asked_at: str
    answers: tuple[ProbeAnswer, ...]

    def numbered(self, outcome: ProbeOutcome) -> tuple[str, ...]:
        """The numbers of the questions that came out so."""
        return tuple(each.number for each in self.answers if each.outcome is outcome)


WANTED: Final = frozenset({"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P10", "P12", "P13"})
"""What mainnet trading wants answered. A quiet option's time (P9), deliveries (P11) and the spreads' books
(P14) change nothing in how an order goes through."""


def why_not_enough(path: Path | None) -> str | None:
    """Why a report does not let orders go to mainnet; None if it does."""
    if path is None:
        return (
            "mainnet wants the report of `run.py gateway probe` (CERBERO_GATEWAY_PROBED), and none is named"
        )
    report = read_report(path)
    if report.environment != "testnet" or report.simulated:
        return f"{path}: expected the report of the real testnet, found a simulated venue's"
    if report.client != VERSION:
        return f"{path}: expected a report of client {VERSION}, found {report.client}: probe again"
    lacking = sorted(WANTED - set(report.numbered(ProbeOutcome.ANSWERED)), key=lambda each: int(each[1:]))
    return f"{path}: {', '.join(lacking)} not answered" if lacking else None


def read_report(path: Path) -> ProbeReport:
    """A report. Raises `InputError` if the file is none."""
    try:
        with read_plain(path) as file:
            return ProbeReport.model_validate_json(file.read())
    except OSError as error:
        raise InputError(f"{path}: expected a report of the probe: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}: {where}: {first['msg']}") from error


def write_report(folder: Path, report: ProbeReport, answers: Sequence[dict[str, object]]) -> None:
    """The report and what it rests on. Raises `InputError` if the folder can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / REPORT_NAME, report.model_dump_json(indent=1).encode())
        write_whole(folder / ANSWERS_NAME, json.dumps(answers, indent=1).encode())
    except OSError as error:
        raise InputError(f"{folder}: can't be written: {error.strerror}") from error
