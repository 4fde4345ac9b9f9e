"""Mutate every part, or those that are named, and say how many of the changes a test has noticed.

    python -m tests.mutation.run [--sample DIGITS [--seed N]] [PART | PATTERN OF MUTANTS]...

A sample are the mutants of each part whose number ends in one of DIGITS digits out of ten, which the seed
draws: a tenth of them each, of every function. The score is then that of the sample, and says so.

Results are kept in `mutants/PART/`: a second run goes on where one was ended, and tries what has changed.
mutmut knows one set of settings in one folder, so that each part has a folder with links to the code.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from random import Random

from tests.mutation.parts import PARTS, Part

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "mutants"
SCORE_MIN = 0.85
PROCESSES = 2
RUN = ("run", "--max-children", str(PROCESSES))
LINKED = ("core", "files", "actors", "config", "reading", "cli", "gateway", "lab", "page", "tests")
LINKED_FILES = ("run.py", "strategy.yaml")
NOTICED = ("killed", "timeout", "caught by type check")
NOT_TRIED = "not checked"
ROW = "{:<12} {:>8} {:>8} {:>8} {:>8} {:>9} {:>7} {:>8}"


@dataclass(frozen=True)
class Score:
    """Of one part or a sample of it. A change that makes the tests run without an end counts as noticed."""

    part: str
    mutants: int
    outcomes: Mapping[str, str]
    """By the names of the mutants that count: all of the part, or those of the sample."""

    def count(self, *outcomes: str) -> int:
        return sum(outcome in outcomes for outcome in self.outcomes.values())

    @property
    def share(self) -> float:
        return self.count(*NOTICED) / len(self.outcomes) if self.outcomes else 0.0


def settings_of(part: Part) -> str:
    """The project's own settings, which pytest needs too, and mutmut's for this part."""
    copied = [name for name in (*LINKED, *LINKED_FILES) if name not in (*part.packages, "tests")]
    mutmut = {
        "source_paths": list(part.packages),
        "only_mutate": list(part.files),
        "do_not_mutate": list(part.not_mutated),
        "also_copy": copied,
        "pytest_add_cli_args_test_selection": list(part.tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:xdist"],
        # At least 50 s: on a busy machine a short one would take slow tests for an endless loop.
        "timeout_multiplier": 5.0,
        "timeout_constant": 10.0,
        # It would tell of changes that this part has nothing to do with.
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in mutmut.items()]
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    return "\n".join([project, "[tool.mutmut]", *lines, ""])


@contextmanager
def held(part: Part) -> Iterator[tuple[Path, int]]:
    """The part's folder, and the lock on it, which mutmut inherits: it may outlive this process."""
    folder = RESULTS / part.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"{part.name}: another run is under way in {folder}") from None
        yield folder, lock.fileno()


def prepare(part: Part, folder: Path) -> None:
    """Lay out the part's folder. Results of an earlier run stay; a test that is gone does not."""
    for name in (*LINKED, *LINKED_FILES):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(REPOSITORY / name)
    (folder / "pyproject.toml").write_text(settings_of(part), "utf-8")
    shutil.rmtree(folder / "mutants" / "tests", ignore_errors=True)


def mutmut(folder: Path, lock: int, *arguments: str, quiet: bool = False) -> str:
    """Run one of mutmut's commands; what it printed if `quiet`. Ends the run if mutmut can't go on."""
    command = ("nice", "-n", "10", sys.executable, "-m", "mutmut", *arguments)
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutants"}
    output = subprocess.PIPE if quiet else None
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=output,
        pass_fds=(lock,),
        encoding="utf-8",
        check=False,
    )
    if ran.returncode != 0:
        raise SystemExit(f"{folder.name}: mutmut {arguments[0]} ended with {ran.returncode}")
    return ran.stdout or ""


def digest_of_tests() -> str:
    """Of every file that a part's tests may be made of."""
    digest = hashlib.sha256()
    for path in sorted((REPOSITORY / "tests").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def outcomes(folder: Path, lock: int) -> dict[str, str]:
    """What became of each mutant of the part, as far as it is known."""
    lines = mutmut(folder, lock, "results", "--all", "true", quiet=True).splitlines()
    found = (line.strip().partition(": ") for line in lines)
    return {name: outcome for name, _, outcome in found if outcome}


def try_part(part: Part, patterns: Sequence[str]) -> Score:
    """Try what has not been tried, what is named, and the survivors again if a test has changed."""
    digest = digest_of_tests()
    with held(part) as (folder, lock):
        prepare(part, folder)
        noted = folder / "tests.sha256"
        known = noted.read_text("utf-8") if noted.exists() else None
        before = survivors(outcomes(folder, lock)) if known not in (None, digest) else ()
        mutmut(folder, lock, *RUN, *patterns)
        if not patterns:
            left = [name for name in survivors(outcomes(folder, lock)) if name in before]
            if left:
                mutmut(folder, lock, *RUN, *left)
            # Only now: a run that is broken off tries the survivors again.
            noted.write_text(digest, "utf-8")
        found = outcomes(folder, lock)
        return Score(part.name, len(found), found)


def try_sample(part: Part, sample: Sequence[str]) -> Score:
    """Of a sample, by its patterns: try what no test has noticed yet, and what has not been tried."""
    with held(part) as (folder, lock):
        prepare(part, folder)
        known = _of(outcomes(folder, lock), sample)
        mutmut(folder, lock, *RUN, *(survivors(known) or sample))
        # Mutants of code that is new since the last run are known only now.
        new = [name for name, outcome in _of(outcomes(folder, lock), sample).items() if outcome == NOT_TRIED]
        if new:
            mutmut(folder, lock, *RUN, *new)
        found = outcomes(folder, lock)
        return Score(part.name, len(found), _of(found, sample))


def survivors(found: Mapping[str, str]) -> tuple[str, ...]:
    """Those that no test has noticed, also because none reaches them or they were not tried."""
    return tuple(name for name, outcome in found.items() if outcome not in NOTICED)


def _of(found: Mapping[str, str], sample: Sequence[str]) -> dict[str, str]:
    """The outcomes of a sample."""
    return {name: outcome for name, outcome in found.items() if any(fnmatch(name, one) for one in sample)}


def sampled(digits: int, seed: int) -> tuple[str, ...]:
    """The patterns of a sample: of mutants whose number ends in one of so many digits."""
    return tuple(f"*__mutmut_*{digit}" for digit in sorted(Random(seed).sample("0123456789", digits)))


def chosen(names: Sequence[str]) -> list[tuple[Part, tuple[str, ...]]]:
    """The parts to try, each with the patterns that are about it."""
    if not names:
        return [(part, ()) for part in PARTS]
    found = []
    for part in PARTS:
        patterns = tuple(name for name in names if part.has(name))
        if part.name in names or patterns:
            found.append((part, patterns))
    if not found:
        raise SystemExit(f"expected one of {', '.join(p.name for p in PARTS)}, found {' '.join(names)}")
    return found


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Returns 1 if one of the parts is below the minimum."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.run")
    parser.add_argument("--sample", type=int, choices=range(1, 10), metavar="DIGITS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="PART | PATTERN OF MUTANTS")
    asked = parser.parse_args(arguments)
    sample = () if asked.sample is None else sampled(asked.sample, asked.seed)
    if sample:
        say(f"sample: {asked.sample} of ten, seed {asked.seed}: {' '.join(sample)}")
    scores, seconds = [], []
    for part, patterns in chosen(asked.names):
        if sample and patterns:
            raise SystemExit(f"expected parts beside --sample, found {' '.join(patterns)}")
        say(f"== {part.name}")
        began = time.monotonic()
        scores.append(try_sample(part, sample) if sample else try_part(part, patterns))
        seconds.append(time.monotonic() - began)
    say()
    for score in scores:
        for name in survivors(score.outcomes):
            say(f"{score.outcomes[name]}: {name}")
    say(ROW.format("part", "mutants", "counted", "killed", "timeout", "survived", "score", "time"))
    for score, took_s in zip(scores, seconds, strict=True):
        timeouts, left = score.count("timeout"), len(survivors(score.outcomes))
        counted = len(score.outcomes)
        killed = counted - timeouts - left
        share, time_text = f"{score.share:.1%}", f"{took_s:.0f} s"
        say(ROW.format(score.part, score.mutants, counted, killed, timeouts, left, share, time_text))
    return int(any(score.share < SCORE_MIN for score in scores))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
