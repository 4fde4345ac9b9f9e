"""Every process collects tests of the same names: xdist compares its workers' and stops on a difference."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER_HASH_SEED = "27"


def test_another_process_collects_tests_of_the_same_names(request: pytest.FixtureRequest) -> None:
    """No name may contain a time or an address, or depend on the order of a set."""
    if hasattr(request.config, "workerinput"):
        pytest.skip("pytest-xdist compares what its workers have collected, each with a hash seed of its own")
    here = {item.nodeid for item in request.session.items}
    modules = {nodeid.partition("::")[0] for nodeid in here}
    collecting = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "--collect-only", "-p", "no:xdist"]
    collected = subprocess.run(
        [*collecting, *sorted(modules)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": OTHER_HASH_SEED},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    there = set(collected.stdout.splitlines())
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert not here - there, "a name differs from one process to the next; give its parameters ids"
