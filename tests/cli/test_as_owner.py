"""What root's commands write into the folder of the engine's user belongs to that user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.as_owner import as_owner_of
from tests.actors.state.books_room import START
from tests.cli.restores import folder_with_backups
from tests.cli.support import Cli

OWNER, GROUP = 12346, 12347
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def test_root_acts_as_the_owner_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, object]] = []
    found = tmp_path.stat()
    fields = list(found)
    fields[4], fields[5] = OWNER, GROUP
    monkeypatch.setattr(Path, "stat", lambda _path, **_how: os.stat_result(fields))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getegid", lambda: 0)
    monkeypatch.setattr(os, "seteuid", lambda uid: done.append(("user", uid)))
    monkeypatch.setattr(os, "setegid", lambda gid: done.append(("group", gid)))
    monkeypatch.setattr(os, "getgroups", lambda: [0, 4])
    monkeypatch.setattr(os, "setgroups", lambda gids: done.append(("groups", tuple(gids))))

    def fails() -> None:
        done.append(("written", 0))
        raise KeyError

    with pytest.raises(KeyError), as_owner_of(tmp_path):
        fails()
    acts = [("groups", (GROUP,)), ("group", GROUP), ("user", OWNER)]
    assert done == [*acts, ("written", 0), ("user", 0), ("group", 0), ("groups", (0, 4))]


@pytest.mark.parametrize("there", [False, True])
def test_nobody_else_changes_who_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """Nor root, in a folder of its own or one that it makes."""

    def never(_id: object) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "seteuid", never)
    monkeypatch.setattr(os, "setegid", never)
    monkeypatch.setattr(os, "setgroups", never)
    with as_owner_of(tmp_path if there else tmp_path / "none"):
        pass


@ROOT_ONLY
def test_of_root_s_own_groups_none_is_left_meanwhile(owned: Path) -> None:
    """A link to what one of them may read would be followed."""
    before = os.getgroups()
    with as_owner_of(owned):
        meanwhile = (os.geteuid(), os.getegid(), os.getgroups())
    assert meanwhile == (OWNER, GROUP, [GROUP])
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, os.getgid(), before)


@pytest.fixture
def owned() -> Iterator[Path]:
    """The folder of another user, with backups and without a lock, where that user can reach it."""
    above = Path(tempfile.mkdtemp())
    above.chmod(0o755)
    folder = folder_with_backups(above / "data")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OWNER, GROUP)
    yield folder
    shutil.rmtree(above)


def _moved(folder: Path) -> None:
    for path in folder.glob("cerbero.db*"):
        path.rename(folder / "backups" / path.name)


COMMANDS: dict[str, tuple[tuple[str, ...], Callable[[Path], object]]] = {
    "restore": (("restore", "--from", f"{{}}/backups/{START:%Y%m%dT%H%M%SZ}"), lambda _folder: None),
    "rebuild": (("rebuild", "--from-audit", "{}/audit"), _moved),
    "clear-texts": (("clear-texts",), lambda _folder: None),
}


@ROOT_ONLY
@pytest.mark.parametrize("command", COMMANDS)
def test_all_that_is_in_the_folder_belongs_to_its_owner(cli: Cli, owned: Path, command: str) -> None:
    words, before = COMMANDS[command]
    before(owned)
    ran = cli("state", *(word.format(owned) for word in words), "--data-dir", owned)
    assert ran.code == 0, ran.err
    strangers = [
        path for path in owned.rglob("*") if (path.lstat().st_uid, path.lstat().st_gid) != (OWNER, GROUP)
    ]
    assert strangers == []
    assert os.geteuid() == 0
