"""Where the control socket lies: in a folder for this user only, whoever else may write around it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.control.socket_path import PATH_BYTES_MAX, choose_socket, make_private_folder
from core.errors import InputError


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose own path leaves room for a socket's; pytest's may not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_the_data_folder_itself_is_the_first_choice(tmp_path: Path) -> None:
    path = choose_socket(tmp_path, {"XDG_RUNTIME_DIR": "/nowhere"})
    assert path == tmp_path / "run" / "control.sock"
    assert list(path.parent.iterdir()) == []


def test_a_data_folder_too_deep_for_a_socket_gets_one_elsewhere(short: Path) -> None:
    deep = short / ("x" * 100)
    deep.mkdir()
    path = choose_socket(deep, {"XDG_RUNTIME_DIR": str(short)})
    assert path.parent == short / f"cerbero-bite-{os.getuid()}"
    assert len(os.fsencode(path)) <= PATH_BYTES_MAX
    assert path == choose_socket(deep / "y" / "..", {"XDG_RUNTIME_DIR": str(short)})
    assert path != choose_socket(short / ("z" * 100), {"XDG_RUNTIME_DIR": str(short)})


def test_a_squatted_folder_is_passed_over_for_the_next_and_at_last_for_one_of_a_random_name(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another local user may have made, where everybody may write, whatever folder can be foreseen."""
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    deep = short / ("x" * 100)
    deep.mkdir()
    foreseen = short / f"cerbero-bite-{os.getuid()}"
    foreseen.symlink_to(deep)
    path = choose_socket(deep, {})
    assert path.parent.parent == short
    assert path.parent != foreseen
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_any_usable_folder_each_is_named_with_what_is_wrong(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = short / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(InputError, match=r"found none: .*at most 107 bytes; .*at most 107 bytes"):
        choose_socket(deep, {})
    assert list(deep.iterdir()) == []


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InputError, match="found something else"):
        make_private_folder(tmp_path / "link")


def test_an_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
