"""What `simulate` does and prints."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Final

import typer

from cli.collector import look_again
from cli.exit_codes import ExitCode
from cli.interruptions import interruptions
from cli.result_files import require_apart, require_file, write_result
from cli.start import INTERRUPTED
from cli.views.say import say
from config import load_strategy
from core.errors import InputError
from core.how_many import how_many
from gateway.paper.faults import FaultKind
from lab.invariants import INVARIANTS
from lab.processes import NotWantedError, Raised
from lab.simulate.acts import PROFILES, ActKind, Drawn
from lab.simulate.families import families_of
from lab.simulate.hunt import Hunt
from lab.simulate.journal import Journal, JournalRow
from lab.simulate.outcome import WorldOutcome
from lab.simulate.seeds import Seeds, SeedTask

PRODUCTION, SPARSE = "production", "sparse"
SEEDS_MAX: Final = 10_000_000
TOLD_EVERY: Final = 50
NO_ACT: Final = -1
"""How an empty list of acts is written: no act has this number."""


class Simulation:
    """One call of the command. Raises InputError if an option can't be used."""

    def __init__(
        self,
        *,
        seeds: str,
        days: float,
        faults: str,
        schedule: str,
        only: str | None,
        shrink: bool,
        jobs: int | None,
        journal: Path | None,
        json_file: Path | None,
        strategy: Path,
    ) -> None:
        if faults not in PROFILES:
            raise InputError(f"--faults: expected one of {', '.join(PROFILES)}; found {faults!r}")
        if schedule not in (PRODUCTION, SPARSE):
            raise InputError(f"--schedule: expected production or sparse, found {schedule!r}")
        for option, path in (("--json", json_file), ("--journal", journal)):
            require_file(option, path)
        require_apart({"--json": json_file, "--journal": journal}, read={"--strategy": strategy})
        self._faults = faults
        self._asked = _seeds(seeds)
        self._jobs = jobs or len(os.sched_getaffinity(0))
        self._days = days
        self._shrink = shrink
        self._json_file = json_file
        self._how = f"--days {_plain_days(days)} --faults {faults} --schedule {schedule}"
        if strategy != Path("strategy.yaml"):
            self._how += f" --strategy {shlex.quote(str(strategy))}"
        loaded = load_strategy(strategy)
        hunt = Hunt(days=days, profile=faults, is_sparse=schedule == SPARSE, loaded=loaded)
        self._seeds = Seeds(hunt, None if only is None else _numbers(only))
        if self._seeds.only is not None:
            self._require_acts(self._seeds.only)
        # What the local file beside the strategy overrides is simulated, too; and a part of the acts is less.
        how = self._how if self._seeds.only is None else f"{self._how}{_only(self._seeds.only)}"
        self._journal = Journal(journal, f"{how} of {loaded.local_hash_computed or loaded.hash_computed}")

    def run(self) -> None:
        """Run the seeds, and end with 1 if anything was found. Ctrl-C ends with what was done, and 130."""
        try:
            self._run_all()
        finally:
            self._journal.close()

    def _run_all(self) -> None:
        done = {row.seed for row in self._journal.rows}
        left = [seed for seed in self._asked if seed not in done]
        look_again()
        with interruptions() as interrupted:
            try:
                failed = self._run(left, lambda: not interrupted())
            except InputError:
                # The journal takes no more: what was done is told all the same.
                self._sum_up(is_whole=False)
                raise
        is_whole = not interrupted()
        if not is_whole:
            count = sum(row.seed in self._asked for row in self._journal.rows)
            say(f"interrupted: what follows is of {count} of {len(self._asked)} seeds", err=True)
        others = sum(row.seed not in self._asked for row in self._journal.rows)
        if others:
            say(f"what follows is also of {how_many(others, 'other seed')} of the journal", err=True)
        self._sum_up(is_whole=is_whole)
        for each in failed:
            say(
                f"seed {each.task.number} could not be simulated: {each.why}",
                f"replay: {self._replay(each.task.number, self._seeds.only)}",
            )
        if failed or any(row.breach is not None for row in self._journal.rows):
            raise typer.Exit(ExitCode.FOUND_WRONG)
        if not is_whole:
            raise typer.Exit(INTERRUPTED)

    def _run(self, seeds: list[int], wanted: Callable[[], bool]) -> list[Raised[SeedTask]]:
        """Run them as long as wanted, show what they found, note them. Returns those that can't be run."""
        began_s = monotonic()
        count, took_s, failed = 0, 0.0, []
        for ended in self._seeds.as_completed(seeds, self._jobs, wanted):
            count += 1
            if isinstance(ended, Raised):
                failed.append(ended)
                continue
            took_s += ended.ran.took_s
            self._journal.add(ended.ran.outcome)
            if ended.ran.outcome.found is not None:
                self._show(ended.ran.outcome, wanted)
            if count % TOLD_EVERY == 0:
                left_s = (len(seeds) - count) * (monotonic() - began_s) / count
                say(
                    f"{count} of {len(seeds)} seeds: {self._rate(count, took_s)}, {left_s:.0f} s left",
                    err=True,
                )
        if took_s:
            say(self._rate(count, took_s), err=True)
        return failed

    def _require_acts(self, only: frozenset[int]) -> None:
        """Raise `InputError` for a number of which no seed has an act: it would be left out in silence."""
        unknown = only - {NO_ACT}
        last = -1
        for seed in self._asked:
            numbers = [act.number for act in self._seeds.hunt.drawn(seed).acts]
            unknown = unknown.difference(numbers)
            if not unknown:
                return
            last = max(last, *numbers, -1)
        seeds = f"{self._asked.start}:{self._asked.stop}"
        there = "none" if last < 0 else f"those from 0 to {last}"
        raise InputError(
            f"--only: expected numbers of acts, of which the seeds {seeds} have {there}, "
            f"found {', '.join(map(str, sorted(unknown)))}"
        )

    def _show(self, outcome: WorldOutcome, wanted: Callable[[], bool]) -> None:
        found, drawn = outcome.found, outcome.drawn
        assert found is not None
        say(
            f"seed {drawn.seed}, {found.at:%Y-%m-%d %H:%M:%S.%f}Z: invariant {found.breach.number} "
            f"({found.breach.name}) does not hold",
            f"  {found.breach.text}",
            "the last messages:",
            *(f"  {line}" for line in found.messages),
            "what had been drawn:",
            *(f"  {act.line()}" for act in drawn.acts),
            f"replay: {self._replay(drawn.seed, self._seeds.only)}",
        )
        if self._shrink:
            self._show_smaller(drawn, found.breach.number, wanted)

    def _show_smaller(self, drawn: Drawn, number: int, wanted: Callable[[], bool]) -> None:
        """Fewer acts that give the same; of an interruption, the fewest by then."""
        left, end = frozenset(act.number for act in drawn.acts), ""

        def tell(fewer: frozenset[int]) -> None:
            nonlocal left
            left = fewer
            say(f"shrinking: {how_many(len(left), 'act')} left", err=True)

        try:
            small = self._seeds.hunt.while_wanted(wanted).shrunk(drawn, number, tell)
        except NotWantedError:
            small, end = drawn.only(left), "; shrinking was interrupted"
        numbers = frozenset(act.number for act in small.acts)
        say(
            f"{len(small.acts)} of {how_many(len(drawn.acts), 'act')} are enough{end}:",
            *(f"  {act.line()}" for act in small.acts),
            f"replay: {self._replay(drawn.seed, numbers)}",
        )

    def _replay(self, seed: int, only: frozenset[int] | None) -> str:
        return f"run.py simulate --seeds {seed}:{seed + 1} {self._how}{'' if only is None else _only(only)}"

    def _unseen(self, families: tuple[str, ...]) -> list[str]:
        """What could have been drawn and was never played, and the faults of the venue that hit no call."""
        possible, only = set(families_of(self._faults)), self._seeds.only
        if only is not None:
            drawn = (self._seeds.hunt.drawn(seed).only(only) for seed in self._asked)
            possible = {act.family for each in drawn for act in each.acts}
        if ActKind.VENUE in PROFILES[self._faults]:
            possible.update(f"played {kind}" for kind in FaultKind)
        return sorted(possible.difference(families))

    def _rate(self, count: int, took_s: float) -> str:
        return f"{60.0 * count * self._days / took_s:.0f} market days a minute of CPU time"

    def _breach(self, row: JournalRow) -> tuple[str, str]:
        """Of a journal that is gone on with, this is all that is told of it."""
        return (
            f"  invariant {row.breach}, seed {row.seed}: {row.text}",
            f"    replay: {self._replay(row.seed, self._seeds.only)}",
        )

    def _sum_up(self, *, is_whole: bool) -> None:
        rows = sorted(self._journal.rows, key=lambda row: row.seed)
        breaches = [row for row in rows if row.breach is not None]
        coverage = self._journal.summed_up()
        families = tuple(sorted({family for family, _ in coverage.counts}))
        say("what met which phase of an order's life, and how often:")
        say(*(f"  {line}" for line in coverage.table(families)), "never met:")
        say(*(f"  {family}: {', '.join(missed)}" for family, missed in coverage.never(families).items()))
        say(*(f"  {family}: any of them" for family in self._unseen(families)))
        say(
            "",
            f"{how_many(len(rows), 'seed')} of {how_many(self._days, 'day', 'g')}: "
            f"{how_many(sum(row.orders for row in rows), 'order')}, "
            f"{how_many(sum(row.trades for row in rows), 'fill')} of a leg, "
            f"{how_many(sum(sum(row.coverage.values()) for row in rows), 'disturbance')}, "
            f"{how_many(sum(row.looks for row in rows), 'look')}, "
            f"{sum(row.rests for row in rows)} of them at rest; "
            f"starts of engines: {sum(row.lives for row in rows)}",
            f"breaches of {len(INVARIANTS)} invariants: {len(breaches)}",
            *(line for row in breaches for line in self._breach(row)),
        )
        if self._json_file is not None:
            document = {
                "how": self._how,
                "asked": [self._asked.start, self._asked.stop],
                "whole": is_whole,
                "seeds": [row.as_json() for row in rows],
            }
            write_result("--json", self._json_file, json.dumps(document))


def _plain_days(days: float) -> str:
    """So that the same text is the same number again."""
    return short if float(short := f"{days:g}") == days else repr(days)


def _only(numbers: frozenset[int]) -> str:
    return f" --only {','.join(map(str, sorted(numbers))) or NO_ACT}"


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d{1,12}):(\d{1,12})", text)
    first, last = (int(found[1]), int(found[2])) if found else (1, 0)
    if not 0 < last - first <= SEEDS_MAX:
        raise InputError(f"--seeds: expected A:B with A below B, such as 0:20; found {text!r}")
    return range(first, last)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(_each(text))


def _each(text: str) -> Iterator[int]:
    for part in text.split(","):
        if not re.fullmatch(r"-?\d{1,6}", part.strip()):
            raise InputError(f"--only: expected numbers of acts, such as 3,7; found {text!r}")
        yield int(part)
