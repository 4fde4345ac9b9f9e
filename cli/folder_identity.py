"""What tells a data folder from its copies, however it was copied, and also after it was moved."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from files.plain import open_plain

FOLDER_FILE = "folder-id"
_MACHINE_ID = Path("/etc/machine-id")
_NETWORK = Path("/sys/class/net")
_PERMANENT = "0"
"""Of a network card whose address was not set by software."""
_DIGITS = 16
_FLAGS = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW


def folder_identity(data_dir: Path) -> str:
    """The identity of a data folder: that of a file in it, and of the machine.

    A copied file has another inode and another time of its last change, which nobody can set: not `cp -a`,
    not an archive, not a synchronisation. Renaming the folder changes neither. A copy of the whole disk has
    both; then the machine's own id differs, or, if that was copied too, the addresses of its network cards.

    Empty if the file can't be made; an engine then takes the folder for a new one.
    """
    try:
        handle = open_plain(data_dir / FOLDER_FILE, _FLAGS)
    except OSError:
        return ""
    try:
        found = os.fstat(handle)
    finally:
        os.close(handle)
    told = "\n".join((_machine_id(), str(found.st_ino), str(found.st_ctime_ns), *_network_cards()))
    return sha256(told.encode()).hexdigest()[:_DIGITS]


def forget_identity(data_dir: Path) -> None:
    """Have the folder be another one from now on. Raises OSError."""
    (data_dir / FOLDER_FILE).unlink(missing_ok=True)


def _machine_id() -> str:
    """Containers have none, or that of their image."""
    try:
        return _MACHINE_ID.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def _network_cards() -> list[str]:
    """The addresses of the machine's wired cards, which a copy of a virtual machine does not share.

    A container has none of its own, so that a new one on the same volume changes nothing. A card that is
    added or taken away makes another folder of this one, which harms nothing.
    """
    try:
        cards = sorted(_NETWORK.iterdir())
    except OSError:
        return []
    return [address for card in cards if (address := _address(card))]


def _address(card: Path) -> str:
    """The permanent address of a wired card; empty for anything else."""
    if not (card / "device").exists() or (card / "wireless").exists():
        return ""
    try:
        kind, address = (card / "addr_assign_type").read_text("ascii"), (card / "address").read_text("ascii")
    except (OSError, ValueError):
        return ""
    return address.strip() if kind.strip() == _PERMANENT else ""
