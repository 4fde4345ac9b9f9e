"""The environment of every test and of every process that a test starts: the same on each machine.

What a shell or a CI sets for itself would else decide how a test ends: a proxy, a forced terminal, a time
zone, a git hook's GIT_DIR, the user's own CERBERO_BITE_ variables.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

KEPT = frozenset(
    {
        # Where programs and modules are found, and where files may be put.
        *("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "HOME", "USER", "VIRTUAL_ENV"),
        "PYTHONPYCACHEPREFIX",
        # What chooses among the tests themselves.
        *("CERBERO_BITE_TEST_DATA", "HYPOTHESIS_PROFILE", "MUTANT_UNDER_TEST"),
        *("CERBERO_BITE_W1_CHAINS", "CERBERO_BITE_W1_TRADES"),
    }
)
KEPT_PREFIXES = ("PYTEST_", "COV_", "COVERAGE_", "MUTMUT_")
GIVEN = {
    "LC_ALL": "C.UTF-8",
    "TERM": "xterm",
    "COLUMNS": "80",
    "LINES": "24",
    # Not UTC and not in whole hours, so that a local time that is taken for UTC is noticed.
    "TZ": "Test-12:45",
}
UMASK = 0o022
TMPDIR_LENGTH_MAX = 16
"""Tests bind sockets some folders below it, and the path of a socket has at most 107 characters."""

MEMORY = Path("/dev/shm")
MEMORY_FREE_MIN_BYTES = 2 * 1024**3
"""The suite leaves some hundred MB there at a time; a container has often 64 MB of it and no more."""

BYTECODE = Path(__file__).resolve().parent.parent / ".cache" / "bytecode"
"""Where bytecode goes if the shell wants none beside the sources: tests start hundreds of processes, and each
would compile everything anew, which is half of what it costs."""

OUTSIDE = dict(os.environ)
"""The shell's own variables, for the long tests that download: they may need its proxy and its mirror."""


def known(variables: Mapping[str, str]) -> dict[str, str]:
    """What tests see of a shell's variables, and what they are given."""
    kept = {
        name: value for name, value in variables.items() if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    folder = variables.get("TMPDIR", "")
    if 0 < len(folder) <= TMPDIR_LENGTH_MAX:
        kept["TMPDIR"] = folder
    if variables.get("PYTHONDONTWRITEBYTECODE"):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(BYTECODE))
    return {**kept, **GIVEN}


def in_memory(folder: Path) -> dict[str, str]:
    """Files of tests lie in memory if there is room: they sync at each step, which takes long on a disk.

    A killed process leaves there what it has written, too; a power cut is tried on images of disks.
    """
    try:
        room = shutil.disk_usage(folder).free
    except OSError:
        return {}
    return {"TMPDIR": str(folder)} if room >= MEMORY_FREE_MIN_BYTES and os.access(folder, os.W_OK) else {}


def enter() -> None:
    """Make it this process's own. Must run before anything is imported that looks at it, as typer does."""
    variables = in_memory(MEMORY) | known(os.environ)
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    time.tzset()
    # It may have been looked up already.
    tempfile.tempdir = None
    os.umask(UMASK)
