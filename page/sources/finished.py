"""A finished run as the page shows it, from the JSON that the run wrote."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from page.app import Views


def finished_run(file: Path) -> Views:
    """The views of a run's file. Raises InputError if it can't be read as one."""
    raise InputError(f"--report {file}: not built yet")
