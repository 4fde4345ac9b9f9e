"""Reads what a person is told to type from docs/runbook.md, so that what is drilled is what the page says.

A command stands in backquotes and begins with `run.py`. What a person fills in stands there in capitals
(`ID`, `UTC`) or as "…"; a drill names a value for each, and one that nobody fills is an error.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
REASON = "…"
_SPAN = re.compile(r"`([^`]+)`")
_STEP = re.compile(r"^(\d+)\. ", re.MULTILINE)
_FILL_IN = re.compile(r"\b[A-Z]{2,}(?::[A-Z]+)?\b|…")
_NAMES = frozenset({"KILL", "ALERT"})
"""Words in capitals that are typed as they are: a file, and a kind of records."""


@dataclass(frozen=True)
class Step:
    """A numbered step, or the text of a whole section."""

    text: str

    @property
    def spans(self) -> tuple[str, ...]:
        """What stands in backquotes: commands, files, options."""
        return tuple(" ".join(span.split()) for span in _SPAN.findall(self.text))

    @property
    def commands(self) -> tuple[str, ...]:
        """What is to be typed, in the order in which it is told."""
        return tuple(span for span in self.spans if span.startswith("run.py "))


def section(title: str, page: str | None = None) -> Step:
    """The text under a heading `## title`. Raises LookupError if the page has none, or two."""
    text = PAGE.read_text("utf-8") if page is None else page
    found = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(f"{title}\n")]
    if len(found) != 1:
        raise LookupError(f"{PAGE.name}: expected one section {title!r}, found {len(found)}")
    return Step(found[0].removeprefix(f"{title}\n"))


def steps(title: str, page: str | None = None) -> tuple[Step, ...]:
    """The numbered steps of a section. Raises LookupError if it has none, or their numbers have a gap."""
    pieces = _STEP.split(section(title, page).text)
    numbers = [int(number) for number in pieces[1::2]]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise LookupError(f"{PAGE.name}: expected numbered steps under {title!r}, found {numbers}")
    return tuple(Step(text) for text in pieces[2::2])


def rows(title: str) -> Mapping[str, str]:
    """The first two columns of a section's table, without its head. Raises LookupError if it has none."""
    lines = [line for line in section(title).text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(cells) < 2:
        raise LookupError(f"{PAGE.name}: expected a table under {title!r}, found none")
    return {row[0]: row[1] for row in cells[1:]}


def words(command: str, fill_in: Mapping[str, str]) -> list[str]:
    """The arguments after `run.py`, with what a person fills in. Raises LookupError for what nobody fills."""
    filled = command
    for name, value in fill_in.items():
        filled = value.join(re.split(rf"(?<![A-Z]){re.escape(name)}(?![A-Z])", filled))
    open_ends = {found for found in _FILL_IN.findall(filled) if found not in {*_NAMES, *fill_in.values()}}
    if open_ends:
        raise LookupError(f"{command!r}: nobody says what to fill in for {sorted(open_ends)}")
    return shlex.split(filled)[1:]
