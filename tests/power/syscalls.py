"""What `strace -f -y -xx` has written down, as calls: one that others interrupted stands where it ends.

With `-xx` every byte of a string is `\\xNN`, so that commas and brackets are always strace's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TRACED = (
    "open,openat,creat,close,dup,dup2,dup3,lseek,write,pwrite64,writev,pwritev,pwritev2,sendfile,"
    "copy_file_range,fallocate,truncate,ftruncate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,"
    "link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
"""Whatever changes a file or a folder, but for `mmap`: only SQLite's `-shm` files are written through it."""
STRING_BYTES_MAX = 1 << 22

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_ARGUMENT = re.compile(r'(?:"[^"]*"(?:\.\.\.)?|\[[^]]*\]|\{[^}]*\}|[^,"\[{])+')
_UNFINISHED = " <unfinished ...>"


class NotUnderstoodError(Exception):
    """The recording holds something that this program can't replay: it must not be passed over."""


@dataclass(frozen=True)
class Call:
    """A call that succeeded. `arguments` are as strace shows them."""

    process: int
    name: str
    arguments: tuple[str, ...]
    returned: int


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Every call that succeeded, in the order in which they ended."""
    begun: dict[int, str] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            raise NotUnderstoodError(line[:200])
        process, text = int(found[1]), found[2]
        if text.startswith(("+++", "---")):
            continue
        if text.endswith(_UNFINISHED):
            begun[process] = text.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(text):
            text = begun.pop(process) + resumed[2]
        call = _CALL.match(text)
        if call is None:
            if text.rstrip().endswith("= ?"):
                continue  # The process was killed in it; a call that changes a file is not left half done.
            raise NotUnderstoodError(line[:200])
        returned = int(call[3])
        if returned >= 0:
            yield Call(process, call[1], tuple(_split(call[2])), returned)


def descriptor(argument: str) -> int:
    """The number in `3</path>`."""
    return int(argument.partition("<")[0])


def folder_of(argument: str) -> str:
    """The path in `AT_FDCWD</path>` or `3</path>`."""
    return _decoded(argument.partition("<")[2].rstrip(">")).decode()


def text(argument: str) -> str:
    return payload(argument).decode()


def payload(argument: str) -> bytes:
    """The bytes of a quoted string."""
    if not (argument.startswith('"') and argument.endswith('"')):
        raise NotUnderstoodError(f"expected a whole string, found {argument[:80]}")
    return _decoded(argument[1:-1])


def number(argument: str) -> int | None:
    """A number, also one that is passed by a pointer (`[0]`, `[0] => [12]`); None for NULL."""
    if argument == "NULL":
        return None
    return int(argument.partition(" => ")[0].strip("[]"))


def _split(arguments: str) -> list[str]:
    return [found.strip() for found in _ARGUMENT.findall(arguments)]


def _decoded(shown: str) -> bytes:
    if "\\x" not in shown:
        return shown.encode()
    return bytes.fromhex(shown.replace("\\x", ""))
