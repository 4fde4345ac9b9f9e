"""Mutate every part, or those that are named, and say how many of the changes a test has noticed.

    python -m tests.mutation.run [PART | PATTERN OF MUTANTS]...

Results are kept in `mutants/PART/`: a second run goes on where one was ended, and tries what has changed.
mutmut knows one set of settings in one folder, so that each part has a folder with links to the code.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.parts import PARTS, Part

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "mutants"
SCORE_MIN = 0.85
PROCESSES = 2
LINKED = ("core", "actors", "config", "reading", "cli", "gateway", "lab", "page", "tests")
LINKED_FILES = ("run.py", "strategy.yaml")
COUNTED = ("killed", "timeout", "total")


@dataclass(frozen=True)
class Score:
    """Of one part. A change that makes the tests run without an end counts as noticed."""

    part: str
    killed: int
    timeout: int
    total: int
    survivors: tuple[str, ...]

    @property
    def share(self) -> float:
        return (self.killed + self.timeout) / self.total if self.total else 0.0


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


def survivors(folder: Path, lock: int) -> tuple[str, ...]:
    """The names of the mutants that no test has noticed."""
    lines = mutmut(folder, lock, "results", quiet=True).splitlines()
    found = (line.strip().partition(": ") for line in lines)
    return tuple(name for name, _, status in found if status not in ("timeout", ""))


def try_part(part: Part, patterns: Sequence[str]) -> Score:
    """Try what has not been tried, what is named, and the survivors again if a test has changed."""
    digest = digest_of_tests()
    with held(part) as (folder, lock):
        prepare(part, folder)
        noted = folder / "tests.sha256"
        known = noted.read_text("utf-8") if noted.exists() else None
        before = survivors(folder, lock) if known not in (None, digest) else ()
        run = ("run", "--max-children", str(PROCESSES))
        mutmut(folder, lock, *run, *patterns)
        if not patterns:
            left = tuple(name for name in survivors(folder, lock) if name in before)
            if left:
                mutmut(folder, lock, *run, *left)
            # Only now: a run that is broken off tries the survivors again.
            noted.write_text(digest, "utf-8")
        mutmut(folder, lock, "export-cicd-stats", quiet=True)
        counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
        killed, timeout, total = (int(counts[name]) for name in COUNTED)
        return Score(part.name, killed, timeout, total, survivors(folder, lock))


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


def main(names: Sequence[str]) -> int:
    """Returns 1 if one of the parts is below the minimum."""
    scores, seconds = [], []
    for part, patterns in chosen(names):
        say(f"== {part.name}")
        began = time.monotonic()
        scores.append(try_part(part, patterns))
        seconds.append(time.monotonic() - began)
    say()
    for score in scores:
        for name in score.survivors:
            say(f"survived: {name}")
    say(f"{'part':<12} {'mutants':>8} {'killed':>8} {'timeout':>8} {'survived':>9} {'score':>7} {'time':>8}")
    for score, took_s in zip(scores, seconds, strict=True):
        left = score.total - score.killed - score.timeout
        say(
            f"{score.part:<12} {score.total:>8} {score.killed:>8} {score.timeout:>8} {left:>9} "
            f"{score.share:>7.1%} {took_s:>6.0f} s"
        )
    return int(any(score.share < SCORE_MIN for score in scores))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
