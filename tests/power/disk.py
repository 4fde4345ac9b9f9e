"""A disk as a crash may leave it: content is durable by its file's fsync, names by the folder's.

`Disk` takes the calls of a recording one by one and knows what a process sees then, and what is durable.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.power import syscalls
from tests.power.syscalls import Call, NotUnderstoodError

ROOT: Final = 0
NOT_KEPT: Final = ("-shm", "/ballast", "/lock")
"""Not part of a state: SQLite makes `-shm` anew, a start takes the ballast again, a lock says nothing."""


@dataclass(frozen=True)
class Write:
    offset: int
    payload: bytes


@dataclass(frozen=True)
class Resize:
    size: int


Change = Write | Resize


@dataclass
class _File:
    changes: list[Change] = field(default_factory=list)
    size: int = 0
    kept: bool = True


@dataclass
class _Open:
    node: int
    position: int = 0
    appends: bool = False


Done = tuple[int | None, str, bytes | None]
"""What a call did: the file that it has written to, the path that it was about, the mark that it was."""


class Disk:
    """Everything below one folder, replayed call by call."""

    def __init__(self, root: Path, *, marks: str, ignore_sqlite_syncs_below: str) -> None:
        """`marks` is the file whose writes are marks and not part of the disk.

        An `fdatasync` is SQLite's own. Below `ignore_sqlite_syncs_below` none counts: the copies that VACUUM
        INTO makes are synced by some versions of SQLite only.
        """
        self._root = str(root)
        self._marks = f"{root}/{marks}"
        self._unsynced_below = f"{root}/{ignore_sqlite_syncs_below}/"
        self._files: dict[int, _File] = {}
        self._folders: set[int] = {ROOT}
        self._last = ROOT
        self._descriptors: dict[tuple[int, int], _Open | None] = {}
        # For each folder, by its number, the numbers of what is in it.
        self.seen: dict[int, dict[str, int]] = {ROOT: {}}
        self.durable: dict[int, dict[str, int]] = {ROOT: {}}
        # How many of each file's changes were made, and how many of them are durable.
        self.seen_changes: dict[int, int] = {}
        self.durable_changes: dict[int, int] = {}
        self._content: dict[int, tuple[int, bytearray]] = {}

    def take(self, call: Call, *, syncs: bool = True) -> Done | None:
        """Replay one call; None if it changes nothing below the root.

        Without `syncs` a call that syncs is passed over.
        """
        handle = getattr(self, f"_on_{call.name}", None)
        if handle is None:
            raise NotUnderstoodError(call.name)
        if call.name in ("fsync", "fdatasync") and not syncs:
            return None
        return handle(call)  # type: ignore[no-any-return]

    def content(self, file: int, count: int, tear: int | None = None) -> bytes:
        """The bytes after the first `count` changes; with `tear`, only so many bytes of the last one."""
        if tear is not None:
            last = self._files[file].changes[count - 1]
            assert isinstance(last, Write)
            return bytes(_changed(bytearray(self.content(file, count - 1)), _torn(last, tear)))
        known, content = self._content.get(file, (0, bytearray()))
        if known > count:
            known, content = 0, bytearray()
        for change in self._files[file].changes[known:count]:
            content = _changed(content, change)
        self._content[file] = (count, content)
        return bytes(content)

    def change(self, file: int, number: int) -> Change:
        """The `number`-th change of a file, from 1."""
        return self._files[file].changes[number - 1]

    def is_kept(self, file: int) -> bool:
        return self._files[file].kept

    def is_folder(self, node: int) -> bool:
        return node in self._folders

    # The calls, each by its name.

    def _on_open(self, call: Call) -> Done | None:
        path, *rest = call.arguments
        if not syscalls.text(path).startswith("/"):
            raise NotUnderstoodError(f"open of a relative path: {syscalls.text(path)}")
        return self._on_openat(replace(call, arguments=("AT_FDCWD</>", path, *rest)))

    def _on_openat(self, call: Call) -> Done | None:
        flags = call.arguments[2]
        path = self._below(call.arguments[0], call.arguments[1])
        if path is None or "O_TMPFILE" in flags:
            self._descriptors.pop((call.process, call.returned), None)
            return None
        if path == self._marks:
            self._descriptors[call.process, call.returned] = None
            return None
        node = self._find(path)
        made = node is None
        if node is None:
            node = self._make_file(path)
        self._descriptors[call.process, call.returned] = _Open(node, appends="O_APPEND" in flags)
        if "O_TRUNC" in flags and node in self._files and self._files[node].size:
            self._change(node, Resize(0))
            return node, path, None
        return (None, path, None) if made else None

    def _on_close(self, call: Call) -> None:
        self._descriptors.pop((call.process, syscalls.descriptor(call.arguments[0])), None)

    def _on_dup(self, call: Call) -> None:
        if (call.process, syscalls.descriptor(call.arguments[0])) in self._descriptors:
            raise NotUnderstoodError(f"{call.name} of a file below the root")

    _on_dup2 = _on_dup3 = _on_dup

    def _on_lseek(self, call: Call) -> None:
        opened = self._opened(call)
        if opened is not None:
            opened.position = call.returned

    def _on_write(self, call: Call) -> Done | None:
        key = (call.process, syscalls.descriptor(call.arguments[0]))
        if key in self._descriptors and self._descriptors[key] is None:
            return None, "", syscalls.payload(call.arguments[1])[: call.returned]
        opened = self._opened(call)
        if opened is None:
            return None
        payload = syscalls.payload(call.arguments[1])[: call.returned]
        return self._write_at_position(opened, payload, call)

    def _on_pwrite64(self, call: Call) -> Done | None:
        opened = self._opened(call)
        if opened is None:
            return None
        offset = syscalls.number(call.arguments[3])
        assert offset is not None
        self._change(opened.node, Write(offset, syscalls.payload(call.arguments[1])[: call.returned]))
        return opened.node, self._path(call), None

    def _on_sendfile(self, call: Call) -> Done | None:
        target, source = self._opened(call), self._opened(call, 1)
        if target is None:
            return None
        if source is None:
            raise NotUnderstoodError("a copy from outside the root")
        offset = syscalls.number(call.arguments[2])
        at = source.position if offset is None else offset
        content = self.content(source.node, len(self._files[source.node].changes))
        if offset is None:
            source.position += call.returned
        if not call.returned:
            return None
        return self._write_at_position(target, content[at : at + call.returned], call)

    def _on_ftruncate(self, call: Call) -> Done | None:
        opened = self._opened(call)
        if opened is None:
            return None
        self._change(opened.node, Resize(int(call.arguments[1])))
        return opened.node, self._path(call), None

    def _on_fallocate(self, call: Call) -> Done | None:
        opened = self._opened(call)
        if opened is None or not self._files[opened.node].kept:
            return None
        raise NotUnderstoodError("fallocate of a file that is kept")

    def _on_fsync(self, call: Call) -> Done | None:
        opened = self._opened(call)
        if opened is None:
            return None
        if opened.node in self._folders:
            self.durable[opened.node] = dict(self.seen[opened.node])
        else:
            self.durable_changes[opened.node] = len(self._files[opened.node].changes)
        return None, self._path(call), None

    def _on_fdatasync(self, call: Call) -> Done | None:
        if self._path(call).startswith(self._unsynced_below):
            return None
        return self._on_fsync(call)

    def _on_rename(self, call: Call) -> Done | None:
        source, target = call.arguments[:2]
        return self._move(source, target, "AT_FDCWD", "AT_FDCWD")

    def _on_renameat(self, call: Call) -> Done | None:
        there, source, here, target = call.arguments[:4]
        return self._move(source, target, there, here)

    _on_renameat2 = _on_renameat

    def _move(self, source: str, target: str, there: str, here: str) -> Done | None:
        old, new = self._below(there, source), self._below(here, target)
        if old is None and new is None:
            return None
        if old is None or new is None:
            raise NotUnderstoodError("a rename across the root")
        node = self._remove(old)
        self._enter(new, node)
        return None, new, None

    def _on_link(self, call: Call) -> Done | None:
        source, target = call.arguments[:2]
        return self._hardlink(source, target, "AT_FDCWD", "AT_FDCWD")

    def _on_linkat(self, call: Call) -> Done | None:
        there, source, here, target = call.arguments[:4]
        return self._hardlink(source, target, there, here)

    def _hardlink(self, source: str, target: str, there: str, here: str) -> Done | None:
        old, new = self._below(there, source), self._below(here, target)
        if old is None or new is None:
            return None
        node = self._find(old)
        assert node is not None
        self._enter(new, node)
        return None, new, None

    def _on_unlink(self, call: Call) -> Done | None:
        path = self._below("AT_FDCWD", call.arguments[0])
        return None if path is None else self._take_away(path)

    _on_rmdir = _on_unlink

    def _on_unlinkat(self, call: Call) -> Done | None:
        path = self._below(call.arguments[0], call.arguments[1])
        return None if path is None else self._take_away(path)

    def _take_away(self, path: str) -> Done:
        self._remove(path)
        return None, path, None

    def _on_mkdir(self, call: Call) -> Done | None:
        path = self._below("AT_FDCWD", call.arguments[0])
        return None if path is None else self._make_folder(path)

    def _on_mkdirat(self, call: Call) -> Done | None:
        path = self._below(call.arguments[0], call.arguments[1])
        return None if path is None else self._make_folder(path)

    # What they share.

    def _make_folder(self, path: str) -> Done:
        node = self._new()
        self._folders.add(node)
        self.seen[node], self.durable[node] = {}, {}
        self._enter(path, node)
        return None, path, None

    def _make_file(self, path: str) -> int:
        node = self._new()
        self._files[node] = _File(kept=not path.endswith(NOT_KEPT))
        self.seen_changes[node] = self.durable_changes[node] = 0
        self._enter(path, node)
        return node

    def _new(self) -> int:
        self._last += 1
        return self._last

    def _change(self, node: int, change: Change) -> None:
        file = self._files[node]
        if not file.kept:
            return
        file.changes.append(change)
        self.seen_changes[node] = len(file.changes)
        file.size = (
            change.size if isinstance(change, Resize) else max(file.size, change.offset + len(change.payload))
        )

    def _write_at_position(self, opened: _Open, payload: bytes, call: Call) -> Done | None:
        offset = self._files[opened.node].size if opened.appends else opened.position
        opened.position = offset + len(payload)
        self._change(opened.node, Write(offset, payload))
        return opened.node, self._path(call), None

    def _opened(self, call: Call, argument: int = 0) -> _Open | None:
        return self._descriptors.get((call.process, syscalls.descriptor(call.arguments[argument])))

    def _path(self, call: Call) -> str:
        return syscalls.folder_of(call.arguments[0])

    def _below(self, folder: str, name: str) -> str | None:
        """The whole path, or None if it is not below the root. `AT_FDCWD` without a path takes whole ones."""
        path = syscalls.text(name)
        if not path.startswith("/"):
            if folder == "AT_FDCWD":
                return None
            path = f"{syscalls.folder_of(folder)}/{path}"
        path = os.path.normpath(path)
        return path if path == self._root or path.startswith(f"{self._root}/") else None

    def _find(self, path: str) -> int | None:
        node: int | None = ROOT
        for name in _parts(path, self._root):
            if node is None:
                return None
            node = self.seen[node].get(name)
        return node

    def _parent(self, path: str) -> tuple[int, str]:
        *_, name = _parts(path, self._root)
        parent = self._find(str(Path(path).parent))
        if parent is None:
            raise NotUnderstoodError(f"{path}: its folder was not made below the root")
        return parent, name

    def _enter(self, path: str, node: int) -> None:
        parent, name = self._parent(path)
        self.seen[parent] = {**self.seen[parent], name: node}

    def _remove(self, path: str) -> int:
        parent, name = self._parent(path)
        left = dict(self.seen[parent])
        node = left.pop(name)
        self.seen[parent] = left
        return node


def _parts(path: str, root: str) -> list[str]:
    return [part for part in path[len(root) :].split("/") if part]


def _torn(change: Write, tear: int) -> Write:
    return Write(change.offset, change.payload[:tear])


def _changed(content: bytearray, change: Change) -> bytearray:
    if isinstance(change, Resize):
        if change.size <= len(content):
            del content[change.size :]
        else:
            content.extend(bytes(change.size - len(content)))
        return content
    end = change.offset + len(change.payload)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[change.offset : end] = change.payload
    return content
