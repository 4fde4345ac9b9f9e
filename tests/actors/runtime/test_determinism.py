"""The simulated runtimes: the same seed gives the same run, and no run loses a message."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from actors.runtime import BatonRuntime
from tests.actors.runtime.random_world import run, run_on_threads

REPO = Path(__file__).resolve().parents[3]
SEEDS = 1000


@pytest.mark.long
def test_thousand_random_graphs_lose_nothing_and_repeat_themselves() -> None:
    """On every seed each message is handled, dead or refused exactly once, and a replay is identical."""
    kinds: Counter[str] = Counter()
    for seed in range(SEEDS):
        outcome = run(seed)
        assert outcome.accounted == outcome.made, f"seed {seed}"
        assert "Deadlock" not in outcome.text, f"seed {seed}"
        assert run(seed).text == outcome.text, f"seed {seed}"
        kinds += outcome.kinds
    # The graphs are worth nothing if they do not get into every kind of trouble.
    for kind in ("ActorFailed", "ActorHung", "ActorParked", "MailboxOverflow", "SupervisorExhausted"):
        assert kinds[kind] > 100, kinds
    assert kinds["RootExhausted"] > 10, kinds


def test_seeds_matter() -> None:
    """Different seeds give different runs."""
    assert len({run(seed).digest for seed in range(20)}) == 20


def test_passing_a_baton_gives_the_same_trace() -> None:
    """Real threads that pass a baton run byte for byte what greenlets run."""
    for seed in range(25):
        assert run(seed, BatonRuntime).text == run(seed).text, f"seed {seed}"


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_trace_is_the_same_in_another_process(hash_seed: str) -> None:
    """Neither the process nor the hash seed leaves a mark on a run."""
    seeds = [str(seed) for seed in range(12)]
    command = (sys.executable, "-m", "tests.actors.runtime.random_world", *seeds)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        command, cwd=REPO, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == [run(int(seed)).digest for seed in seeds]


@pytest.mark.parametrize("block", range(4))
def test_random_graphs_on_threads_lose_nothing(block: int) -> None:
    """On threads the order is anybody's, but each message still ends in exactly one place."""
    for seed in range(block * 25, block * 25 + 25):
        outcome = run_on_threads(seed)
        assert outcome.accounted == outcome.made, f"seed {seed}"


@pytest.mark.soak
def test_many_random_graphs_on_threads_lose_nothing() -> None:
    """The same on many more seeds."""
    for seed in range(100, 3000):
        outcome = run_on_threads(seed)
        assert outcome.accounted == outcome.made, f"seed {seed}"
