"""The same seed gives the same run, byte for byte; another seed another run, and the same laws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.runtime import BatonRuntime
from tests.scenarios.playing import TO_ENTRY, Played, assert_laws_hold, play


@pytest.fixture(scope="module")
def first(folder: Path) -> Played:
    """A run to the entry, of seed 1."""
    return play(folder / "first", TO_ENTRY, seed=1)


@pytest.mark.long
def test_the_same_seed_gives_the_same_bytes_in_processes_that_hash_differently(
    first: Played, folder: Path, repository: Path
) -> None:
    """The trace, the audit files, the books, the venue's own account: every file of the data folder."""
    told = {}
    for hash_seed in ("1", "2"):
        finished = subprocess.run(
            [sys.executable, "-m", "tests.scenarios.playing", str(folder / f"hash-{hash_seed}"), "1"],
            cwd=repository,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=60,
        )
        told[hash_seed] = dict(line.split(" ") for line in finished.stdout.splitlines())
    expected = first.digests()
    assert any(name.startswith("audit/") for name in expected)
    assert told == {"1": expected, "2": expected}


def test_threads_that_pass_a_baton_give_the_trace_of_the_greenlets(first: Played, folder: Path) -> None:
    """The cross-check of the simulated runtime: its other backend shares no switching with it."""
    baton = play(folder / "baton", TO_ENTRY, seed=1, runtime_kind=BatonRuntime)
    assert baton.digests() == first.digests()


def test_another_seed_gives_another_order_of_events_and_keeps_the_laws(first: Played, folder: Path) -> None:
    for seed, yields in ((2, 0.0), (3, 0.3)):
        other = play(folder / f"seed-{seed}", TO_ENTRY, seed=seed, yield_at_tell=yields)
        assert other.trace.text() != first.trace.text()
        assert_laws_hold(other)
        assert len(other.trades) == 1
