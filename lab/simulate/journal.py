"""The journal of a long simulation: one line a seed, so that it goes on where it was cut off."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.errors import InputError
from core.schema_words import wrong_by
from files.plain import read_plain
from files.whole import write_whole
from gateway.shell.alone import AloneIn
from lab.simulate.coverage import Coverage
from lab.simulate.outcome import WorldOutcome


@dataclass
class JournalRow:
    """What one seed gave, as far as a summary needs it."""

    seed: int
    digest: str
    breach: int | None
    text: str
    orders: int
    trades: int
    lives: int
    looks: int
    rests: int
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, outcome: WorldOutcome) -> JournalRow:
        """The row of an outcome."""
        found = outcome.found
        return cls(
            seed=outcome.drawn.seed,
            digest=outcome.digest,
            breach=None if found is None else found.breach.number,
            text="" if found is None else found.breach.text,
            orders=outcome.orders,
            trades=outcome.trades,
            lives=outcome.lives,
            looks=outcome.looks,
            rests=outcome.rests,
            coverage=outcome.coverage.counts,
        )

    def as_json(self) -> dict[str, JsonValue]:
        """For a line of the journal, and for `--json`."""
        coverage: list[JsonValue] = [[*key, count] for key, count in sorted(self.coverage.items())]
        return {
            "seed": self.seed,
            "digest": self.digest,
            "breach": self.breach,
            "text": self.text,
            "orders": self.orders,
            "trades": self.trades,
            "lives": self.lives,
            "looks": self.looks,
            "rests": self.rests,
            "coverage": coverage,
        }


_Count = Annotated[int, Field(ge=0)]


class _Line(BaseModel):
    """What a line has to say; `coverage` are family, phase and count."""

    model_config = ConfigDict(strict=True, extra="forbid")

    seed: _Count
    digest: str
    breach: _Count | None
    text: str
    orders: _Count
    trades: _Count
    lives: _Count
    looks: _Count
    rests: _Count
    coverage: tuple[tuple[str, str, _Count], ...]


class Journal:
    """A file of rows, under a first line that says what was simulated. Without a path nothing is written.

    One process has it until `close`: two would run the same seeds, and count them twice.
    """

    def __init__(self, path: Path | None, what: str) -> None:
        """Read what is there. Raises InputError if it is of another simulation, if another process has it,
        or if it can't be read."""
        self._path = path
        self._lock: AloneIn | None = None
        self._rows: dict[int, JournalRow] = {}
        if path is None:
            return
        if path.exists():
            _lines_of(path)  # What is no file gets no lock beside it.
        self._lock = _locked(path)
        try:
            self._read(path, json.dumps({"simulated": what}))
        except BaseException:
            self.close()
            raise

    @property
    def rows(self) -> Sequence[JournalRow]:
        """One for each seed, in the order in which they were noted."""
        return tuple(self._rows.values())

    def close(self) -> None:
        """Let another process have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _read(self, path: Path, head: str) -> None:
        first, *lines = _lines_of(path) if path.exists() else [head]
        if first.removesuffix("\n") != head:
            raise InputError(f"--journal {path}: expected {head}, found {first[:200]!r}; name another file")
        if first == head:  # It is new, or was cut off before the end of its first line.
            _write(path, [head])
        for number, line in enumerate(lines, start=2):
            try:
                row = _row(line)
            except ValidationError as error:
                if number != len(lines) + 1:
                    raise _unreadable(path, number, error) from None
            else:
                if line.endswith("\n"):
                    self._rows.setdefault(row.seed, row)
                    continue
            # A kill in the middle of the last line, or before its end: the next line would stand in it. The
            # seed is simulated again.
            _write(path, [head, *(each.removesuffix("\n") for each in lines[:-1])])

    def add(self, outcome: WorldOutcome) -> JournalRow:
        """Keep an outcome. Raises `InputError` if the file does not take it; it is among the rows all the
        same."""
        row = JournalRow.of(outcome)
        self._rows[row.seed] = row
        if self._path is not None:
            try:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row.as_json()) + "\n")
            except OSError as error:
                raise _unwritten(self._path, error) from None
        return row

    def summed_up(self) -> Coverage:
        """The coverage of all rows."""
        coverage = Coverage()
        for row in self.rows:
            coverage.add(row.coverage)
        return coverage


def _write(path: Path, lines: Sequence[str]) -> None:
    try:
        write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> InputError:
    return InputError(f"--journal {path}: the file can't be written: {error.strerror or error}")


def _unreadable(path: Path, number: int, error: ValidationError) -> InputError:
    details = error.errors(include_url=False)[0]
    key = ".".join(map(str, details["loc"]))
    wrong = ": ".join(filter(None, (key, wrong_by(details))))
    return InputError(f"--journal {path}: line {number} can't be read: {wrong}")


def _lines_of(path: Path) -> list[str]:
    """Each with its end, if it has one; at least one. Raises `InputError`."""
    try:
        with read_plain(path) as file:
            return file.read().decode("utf-8").splitlines(keepends=True) or [""]
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"expected UTF-8, {error.reason}"
        raise InputError(f"--journal {path}: the file can't be read: {why}") from None


def _locked(path: Path) -> AloneIn:
    """Holds the file by one beside it, as what it holds may be replaced. Raises `InputError`."""
    whole = path.resolve()
    try:
        alone = AloneIn(whole.parent, lock_name(whole))
        alone.note(str(os.getpid()))
    except BlockingIOError:
        raise InputError(
            f"--journal {path}: another simulation has it; wait for it, or name another file"
        ) from None
    except OSError as error:
        raise _unwritten(path, error) from None
    return alone


def lock_name(path: Path) -> str:
    """The file that stands for a journal's lock, in the same folder."""
    return f".{path.name}.lock"


def _row(line: str) -> JournalRow:
    """The row of a line. Raises `ValidationError`."""
    found = _Line.model_validate_json(line)
    coverage = Counter({(family, phase): count for family, phase, count in found.coverage})
    return JournalRow(**found.model_dump(exclude={"coverage"}), coverage=coverage)
