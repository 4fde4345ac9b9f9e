"""`run.py` as a mutant: `python -m tests.power.careless_engine books|files ARGUMENTS…`.

Of the engine, not of the venue, either SQLite's syncs are left out or our own.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from functools import partial

from cli.main import main
from tests.power.story import CarelessConnection


def _pass_over(_handle: int) -> None:
    """Sync nothing."""


if __name__ == "__main__":
    if sys.argv[1] == "books":
        vars(sqlite3)["connect"] = partial(sqlite3.connect, factory=CarelessConnection)
    else:
        vars(os)["fsync"] = _pass_over
    sys.exit(main(sys.argv[2:]))
