"""`state restore` takes nothing that is in use for a backup, and makes no backup a data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.state.backup import backups
from tests.cli.restores import folder_with_backups, tree
from tests.cli.support import Cli
from tests.fakes.held_folder import held_folder


def _linked(folder: Path) -> Path:
    link = folder.with_name("link")
    link.symlink_to(folder)
    return link


def _of_links(folder: Path) -> Path:
    made = folder.with_name("of-links")
    made.mkdir()
    for name in ("audit", "cerbero.db"):
        (made / name).symlink_to(folder / name)
    return made


OWN: dict[str, Callable[[Path], Path]] = {
    "itself": lambda folder: folder,
    "by another way": lambda folder: folder / ".." / folder.name,
    "by a link": _linked,
    "a folder of links": _of_links,
}


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
@pytest.mark.parametrize("way", OWN)
def test_a_data_folder_is_no_backup_of_its_own(
    cli: Cli, tmp_path: Path, way: str, options: tuple[str, ...]
) -> None:
    """It would be put aside for what it holds already."""
    folder = folder_with_backups(tmp_path / "data")
    named = OWN[way](folder)
    before = tree(folder)
    ran = cli("state", "restore", "--from", named, "--data-dir", folder, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: --from {named}: expected a backup (backups/<utc>), found the books of {folder} themselves; "
        "nothing was changed\n"
    )
    assert {name: content for name, content in tree(folder).items() if name in before} == before
    assert not (folder / "replaced").exists()


def test_a_backup_is_no_data_folder(cli: Cli, tmp_path: Path) -> None:
    folder = folder_with_backups(tmp_path / "data")
    first, second = backups(folder)
    before = tree(first)
    ran = cli("state", "restore", "--from", second, "--data-dir", first)
    assert (ran.code, ran.out) == (2, "")
    assert f"--data-dir {first}: expected an engine's folder, found a backup (backup.json)" in ran.err
    assert {name: content for name, content in tree(first).items() if name in before} == before


def test_the_folder_of_another_engine_that_runs_is_no_backup(cli: Cli, tmp_path: Path) -> None:
    """What it writes meanwhile would be missing."""
    folder = folder_with_backups(tmp_path / "data")
    other = folder_with_backups(tmp_path / "other")
    with held_folder(other, ()):
        ran = cli("state", "restore", "--from", other, "--data-dir", folder)
    assert (ran.code, ran.out) == (2, "")
    assert f"--from {other}: expected a backup, found a folder on which an engine runs" in ran.err
