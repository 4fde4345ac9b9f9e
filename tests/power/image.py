"""An ext4 file system in a file, whose power can be cut: what was not synced is gone after `cut`."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

SHUTDOWN: Final = 0x8004587D
"""FS_IOC_SHUTDOWN."""
WITHOUT_FLUSH: Final = struct.pack("I", 2)
"""Neither data nor journal are written out any more."""
SIZE_BYTES: Final = 4 * 1024**3
"""More than the engine wants to have free before it trades; the file is sparse."""
BUSY_TRIES, BUSY_WAIT_S = 100, 0.05
NEW_MOUNTS: Final = 0x00020000
"""CLONE_NEWNS."""


class Image:
    """A mounted image. Needs root."""

    def __init__(self, file: Path, mount: Path) -> None:
        self._file = file
        self.mount = mount

    def cut(self) -> None:
        """From here on nothing reaches the disk; whoever still writes or syncs gets an error."""
        handle = os.open(self.mount, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, WITHOUT_FLUSH)
        finally:
            os.close(handle)

    def come_back(self) -> None:
        """Mount again after `cut`, when nobody uses the file system any more. The journal is replayed."""
        self._unmount()
        self._wait_until_released()
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._file), str(self.mount))

    def _unmount(self) -> None:
        for _ in range(BUSY_TRIES):
            if subprocess.run(["umount", str(self.mount)], capture_output=True).returncode == 0:
                return
            Event().wait(BUSY_WAIT_S)
        _run("umount", str(self.mount))

    def _wait_until_released(self) -> None:
        """Whoever mounts an image that still has a loop device gets the file system that was shut down."""
        for _ in range(BUSY_TRIES):
            if not _run("losetup", "--associated", str(self._file)):
                return
            Event().wait(BUSY_WAIT_S)
        raise AssertionError(f"{self._file}: expected that nobody holds it unmounted, found a loop device")


@contextmanager
def mounted(folder: Path) -> Iterator[Image]:
    """A new image, mounted below `folder` until the end of the block."""
    file, mount = folder / "image", folder / "mount"
    with file.open("wb") as made:
        made.truncate(SIZE_BYTES)
    mount.mkdir()
    _leave_the_mounts_of_others()
    _run("mkfs.ext4", "-q", "-F", str(file))
    image = Image(file, mount)
    image._mount()
    try:
        yield image
    finally:
        image._unmount()


def why_not(folder: Path) -> str | None:
    """Why the power can't be cut here; None if it can."""
    if os.geteuid() != 0:
        return "power cuts need root"
    for program in ("mkfs.ext4", "mount", "umount", "losetup"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    trial = folder / "trial"
    trial.mkdir()
    try:
        with mounted(trial) as image:
            image.cut()
            image.come_back()
    except (subprocess.CalledProcessError, OSError) as error:
        said = error.stderr.decode().strip() if isinstance(error, subprocess.CalledProcessError) else error
        return f"an image can't be mounted and shut down here: {said}"
    return None


def _leave_the_mounts_of_others() -> None:
    """Let this process and those that it starts mount for themselves alone, from here on.

    A container that is started anywhere on the machine copies all mounts that it sees, and a copy keeps a
    file system that was shut down alive when it is unmounted here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "unshare")
    _run("mount", "--make-rprivate", "/")


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout
