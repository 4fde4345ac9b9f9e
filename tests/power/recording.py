"""Records the story's system calls with strace, one chapter after the other."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.power import story
from tests.power.syscalls import STRING_BYTES_MAX, TRACED, Call, calls

ROOT = Path(__file__).resolve().parents[2]
CHAPTER_S = 300.0


def why_not() -> str | None:
    """Why nothing can be recorded here; None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "--seccomp-bpf", "true"], capture_output=True, encoding="utf-8")
    return f"strace can't trace here: {tried.stderr.strip()}" if tried.returncode else None


def record(folder: Path, chapters: Iterable[str], *, how: str = "durably") -> None:
    """Let each chapter happen in a process of its own; the recordings are `folder/NN-chapter.strace`."""
    for number, chapter in enumerate(chapters):
        ran = subprocess.run(
            [
                *("strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", str(STRING_BYTES_MAX)),
                *("-e", f"trace={TRACED}", "-e", "signal=none", "-o", str(_file(folder, number, chapter))),
                *(sys.executable, "-m", "tests.power.story", chapter, str(folder), how),
            ],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            timeout=CHAPTER_S,
        )
        expected = -signal.SIGKILL if chapter in story.KILLED else 0
        if ran.returncode not in (expected, 128 + abs(expected) if expected else 0):
            raise AssertionError(f"{chapter}: expected exit {expected}, found {ran.returncode}: {ran.stderr}")


def recorded(folder: Path, chapters: Iterable[str]) -> Iterator[tuple[str, Call]]:
    """Every call of every chapter."""
    for number, chapter in enumerate(chapters):
        with _file(folder, number, chapter).open(encoding="utf-8") as lines:
            for call in calls(lines):
                yield chapter, call


def _file(folder: Path, number: int, chapter: str) -> Path:
    return folder / f"{number:02d}-{chapter}.strace"
