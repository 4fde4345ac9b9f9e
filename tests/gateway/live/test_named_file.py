"""Whatever a person names as a file of the gateway's is read only if it is one, and only as far as it may be
long."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.live.account.holdings import read_holdings
from gateway.live.events.calendar import read_calendar
from gateway.live.events.calendar_import import read_agency_file

READERS = {"calendar": read_calendar, "holdings": read_holdings, "--import": read_agency_file}
each_reader = pytest.mark.parametrize(("named", "read"), READERS.items(), ids=READERS)


@each_reader
@pytest.mark.timeout(5)
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(
    tmp_path: Path, named: str, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError) as raised:
        read(tmp_path / "pipe")
    told = f"{named} {tmp_path / 'pipe'}: can't be read: expected a plain file, found a pipe"
    assert str(raised.value) == told


@each_reader
def test_a_file_without_end_is_not_read_to_its_end(
    tmp_path: Path, named: str, read: Callable[[Path], object]
) -> None:
    """Its size says terabytes, of which it has none on disk."""
    with (tmp_path / "endless").open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(InputError, match=rf"^{named} .*: expected at most [\d,]+ bytes, found more$"):
        read(tmp_path / "endless")


@each_reader
def test_other_bytes_than_text_are_named(tmp_path: Path, named: str, read: Callable[[Path], object]) -> None:
    (tmp_path / "latin").write_bytes(b"\xe4")
    with pytest.raises(InputError, match=rf"^{named} .*latin: can't be read: .*codec"):
        read(tmp_path / "latin")
