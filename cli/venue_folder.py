"""The folder in which a simulated venue keeps its account: of one venue at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cli.data_folder import FolderInUseError, held
from core.errors import InputError


@contextmanager
def held_by_venue(data_dir: Path) -> Iterator[None]:
    """Make the folder, and hold it. Raises InputError if another venue does: two would mix up its account."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--data-dir {data_dir}: expected a folder to write in: {error.strerror}") from None
    with ExitStack() as stack:
        try:
            stack.enter_context(held(data_dir))
        except FolderInUseError:
            raise InputError(
                f"--data-dir {data_dir}: expected an account that no other venue keeps, found one in use; "
                "nothing was changed"
            ) from None
        yield
