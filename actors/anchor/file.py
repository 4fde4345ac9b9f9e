"""The anchor's file, on a second disk or a mounted share that may hang."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from core.audit.hash_chain import GENESIS, Link, parse_head
from core.errors import InputError

CONTENT_BYTES_MAX = 400
PLACE_LENGTH_MAX = 160
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP)
"""What file systems say that can't sync a folder, as some network shares."""


class Holder(NamedTuple):
    """Whose head a file holds: the identity of a data folder, empty if unknown, and where that was."""

    folder: str
    place: str


NOBODY = Holder("", "")


def holder_of(data_dir: Path, folder: str) -> Holder:
    """Of a data folder with this identity, on this machine."""
    return Holder(folder, f"{data_dir} on {os.uname().nodename}")


class AnchorFile(Protocol):
    """What the anchor's room needs. Every method may hang, and raises OSError."""

    @property
    def path(self) -> str:
        """Where it is, for people."""

    def read(self) -> Link | None:
        """The head in it; the chain's beginning if it is empty, None without a file. Raises InputError if
        it is something else."""

    def of_another(self) -> str | None:
        """The place of the other data folder whose head it holds; None if it is ours, or nobody's."""

    def take_over(self) -> None:
        """Let the next write replace the head of the other folder that `of_another` has found."""

    def write(self, head: Link) -> None:
        """Replace the head; it is on the disk when this returns. Raises InputError for what is no file, or
        holds the head of another data folder."""

    def put_aside(self, now: datetime) -> str:
        """Keep the file under another name, and return that."""


class DiskAnchor:
    """One file. A thread that hangs in it can't be ended, so that whoever comes meanwhile is turned away."""

    def __init__(self, path: Path, holder: Holder = NOBODY) -> None:
        self._path = path
        self._holder = holder
        self._found: Holder | None = None
        self._taken_over: Holder | None = None
        self._busy = False

    @property
    def path(self) -> str:
        return str(self._path)

    def read(self) -> Link | None:
        with self._alone():
            content = self._content()
        return None if content is None else parse_head(content[0]) if content[0] else GENESIS

    def of_another(self) -> str | None:
        with self._alone():
            content = self._content()
        self._found = None if content is None else content[1]
        return None if self._found is None or self._may_replace(self._found) else self._found.place

    def take_over(self) -> None:
        self._taken_over = self._found

    def write(self, head: Link) -> None:
        draft = self._path.with_name(f".{self._path.name}.draft")
        with self._alone():
            content = self._content()
            if content is not None and not self._may_replace(content[1]):
                raise InputError(
                    f"{self._path}: two data folders have this file in audit.anchor_path; it holds the head"
                    f" of {content[1].place}; name another file for one of them"
                )
            # Others may write on a share: whatever has that name, a link or a pipe, is not written to.
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, f"{' '.join((str(head), *self._told())).rstrip()}\n".encode("ascii"))
                os.fsync(handle)
            finally:
                os.close(handle)
            draft.replace(self._path)
            self._taken_over = None
            self._sync_folder()

    def _content(self) -> tuple[str, Holder] | None:
        """The head as text, and whose it is; None without a file."""
        if not os.path.lexists(self._path):
            return None
        self._require_plain_file(self._path.lstat().st_mode)
        handle = os.open(self._path, _READ)
        try:
            self._require_plain_file(os.fstat(handle).st_mode)
            content = os.read(handle, CONTENT_BYTES_MAX)
        finally:
            os.close(handle)
        text = content.decode("ascii", "backslashreplace").strip()
        head, _, whose = text.partition(" ")
        folder, _, place = whose.partition(" ")
        return head, Holder(folder, place)

    def _may_replace(self, found: Holder) -> bool:
        is_ours = not found.folder or not self._holder.folder or found.folder == self._holder.folder
        return is_ours or found == self._taken_over

    def _told(self) -> tuple[str, ...]:
        if not self._holder.folder:
            return ()
        place = self._holder.place.encode("ascii", "backslashreplace").decode("ascii")
        return self._holder.folder, "".join(filter(str.isprintable, place))[:PLACE_LENGTH_MAX]

    def put_aside(self, now: datetime) -> str:
        aside = self._path.with_name(f"{self._path.name}.rolled-back-{now:%Y%m%dT%H%M%SZ}")
        with self._alone():
            if self._path.exists():
                self._path.replace(aside)
                self._sync_folder()
        return str(aside)

    def _require_plain_file(self, mode: int) -> None:
        """A device or a pipe would read as empty, and the first write would take a link's place."""
        if stat.S_ISREG(mode):
            return
        what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise InputError(
            f"{self._path}: expected a plain file, found {what}; name another in audit.anchor_path"
        )

    def _sync_folder(self) -> None:
        handle = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(handle)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._busy:
            raise OSError(errno.EBUSY, "expected an answer of the disk or share, it hangs", self.path)
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
