"""Has what a command writes into a data folder belong to the folder's owner, also if root runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_owner_of(data_dir: Path) -> Iterator[None]:
    """Within the block root acts as the user and group of the folder, if there is one; others as before.

    So that user's engine can use every file that is made, and no link that this user has laid there leads
    root to read or write elsewhere. What is read meanwhile must be readable to that user.
    """
    found = data_dir.stat() if data_dir.is_dir() else None
    if found is None or found.st_uid == 0 or os.geteuid() != 0:
        yield
        return
    group, others = os.getegid(), os.getgroups()
    # Root's other groups may read what this user may not.
    os.setgroups([found.st_gid])
    try:
        os.setegid(found.st_gid)
        os.seteuid(found.st_uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(others)
