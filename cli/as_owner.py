"""Has what a command writes into a data folder belong to the folder's owner, also if root runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_owner_of(data_dir: Path) -> Iterator[None]:
    """Within the block root acts as the user and group of the folder, if there is one; others as before.

    So the engine of that user can use every file that is made, and nothing in a folder that another user can
    change has root write or read elsewhere. What is read meanwhile must be readable to that user.
    """
    found = data_dir.stat() if data_dir.is_dir() else None
    if found is None or found.st_uid == 0 or os.geteuid() != 0:
        yield
        return
    group = os.getegid()
    os.setegid(found.st_gid)
    try:
        os.seteuid(found.st_uid)
        try:
            yield
        finally:
            os.seteuid(0)
    finally:
        os.setegid(group)
