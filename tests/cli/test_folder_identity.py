"""A data folder is told from its copies, and known again after everything else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cli import folder_identity as identity
from cli.folder_identity import FOLDER_FILE, folder_identity, forget_identity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def test_folder_stays_itself_while_it_is_used_moved_and_renamed(folder: Path) -> None:
    before = folder_identity(folder)
    (folder / "cerbero.db").write_bytes(b"x" * 100)
    assert folder_identity(folder) == before
    moved = folder.rename(folder.with_name("renamed"))
    assert folder_identity(moved) == before


def test_every_way_to_copy_it_makes_another(folder: Path, tmp_path: Path) -> None:
    before = folder_identity(folder)
    shutil.copytree(folder, tmp_path / "copytree")
    subprocess.run(["cp", "-a", folder, tmp_path / "cp"], check=True)
    (tmp_path / "tar").mkdir()
    subprocess.run(["tar", "-cf", tmp_path / "a.tar", "-C", folder, "."], check=True)
    subprocess.run(["tar", "-xpf", tmp_path / "a.tar", "-C", tmp_path / "tar"], check=True)
    copies = [folder_identity(tmp_path / name) for name in ("copytree", "cp", "tar")]
    assert len({before, *copies}) == 4


def test_links_to_its_file_are_no_way_to_copy_it(folder: Path, tmp_path: Path) -> None:
    """Linking changes the time of the file's last change, so that both folders draw a new tag."""
    before = folder_identity(folder)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / FOLDER_FILE).hardlink_to(folder / FOLDER_FILE)
    assert folder_identity(tmp_path / "linked") != before


def test_copy_of_a_whole_disk_differs_by_the_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = folder_identity(folder)
    other = folder / "machine-id"
    other.write_text("another machine", encoding="utf-8")
    monkeypatch.setattr(identity, "_MACHINE_ID", other)
    assert folder_identity(folder) != before


def test_forgotten_identity_is_another_one(folder: Path) -> None:
    before = folder_identity(folder)
    forget_identity(folder)
    assert folder_identity(folder) != before


def test_folder_in_which_no_file_can_be_made_is_unknown(folder: Path) -> None:
    (folder / FOLDER_FILE).symlink_to("elsewhere")
    assert folder_identity(folder) == ""


def card(network: Path, name: str, address: str, *, kind: str = "0", device: bool = True) -> Path:
    made = network / name
    made.mkdir(parents=True)
    (made / "address").write_text(f"{address}\n", encoding="ascii")
    (made / "addr_assign_type").write_text(f"{kind}\n", encoding="ascii")
    if device:
        (made / "device").mkdir()
    return made


def test_a_copied_virtual_machine_differs_by_its_network_card(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk and machine id are the same, block by block."""
    found = []
    for number in (1, 2):
        network = tmp_path / f"net{number}"
        card(network, "eth0", f"52:54:00:00:00:0{number}")
        monkeypatch.setattr(identity, "_NETWORK", network)
        found.append(folder_identity(folder))
    assert len(set(found)) == 2


def test_cards_without_an_address_of_their_own_change_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's, a bridge's, a wireless one's and one that software has set are new ones each time."""
    network = tmp_path / "net"
    card(network, "eth0", "52:54:00:00:00:01")
    monkeypatch.setattr(identity, "_NETWORK", network)
    before = folder_identity(folder)
    card(network, "veth1", "02:42:00:00:00:01", device=False)
    card(network, "eth1", "02:00:00:00:00:02", kind="3")
    (card(network, "wlan0", "52:54:00:00:00:03") / "wireless").mkdir()
    (network / "broken" / "device").mkdir(parents=True)
    assert folder_identity(folder) == before


def test_a_machine_that_shows_no_network_has_an_identity(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_NETWORK", tmp_path / "nothing")
    assert folder_identity(folder)
