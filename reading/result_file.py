"""Opens a file that one of the commands wrote."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from core.errors import InputError


def read_result(file: Path, named: str, bytes_max: int) -> object:
    """What stands there as JSON. Raises `InputError` if it is no plain file of it, or longer than that.

    It is read again as long as a page shows it, which a pipe can't be, and reading a device may never end.
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{named} {file}: expected a file, found a folder, a device or a pipe")
        if found.st_size > bytes_max:
            raise InputError(f"{named} {file}: expected at most {bytes_max:,} bytes, found more")
        content: object = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{named} {file}: it can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{named} {file}: expected JSON, found something else") from None
    return content
