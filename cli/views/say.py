"""Lines for a person, on standard output or standard error. Small, because every command needs it.

Printing never ends a command: one that arms the switch must not stop half-way because nobody reads its words.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from core.named_commands import DEFAULT_FOLDER, typeable
from core.text import encodable, visible
from reading.redacted import redacted

STANDARD_HANDLES = (0, 1, 2)
DATA_DIR_VARIABLE = "CERBERO_BITE_DATA_DIR"
"""Names the data folder where `--data-dir` does not; blank counts as not set."""


class _Unwritten:
    """What kept standard output from being written, beside a reader that has gone away."""

    error: OSError | None = None


class _Folder:
    """The data folder of the command that runs, as the commands that it names have to name it."""

    named = ""


def speak_of(data_dir: Path | None) -> None:
    """From now on have each command that is named in a line name this folder, unless it would take it by
    itself where this one was typed."""
    taken = os.environ.get(DATA_DIR_VARIABLE, "").strip() or DEFAULT_FOLDER
    _Folder.named = "" if data_dir is None or data_dir == Path(taken) else encodable(str(data_dir))


def folder_spoken_of() -> str:
    """How commands name the folder of the command that runs; empty if they take it by themselves."""
    return _Folder.named


def say(*lines: str, err: bool = False) -> None:
    """Print lines on standard output, or on standard error.

    Everything that a command prints goes through here or through `cli.views.output`: each line stays one
    line, whatever is in it, and holds nothing that a terminal obeys and no secret of the environment.
    """
    put("".join(f"{visible(redacted(typeable(line, _Folder.named)))}\n" for line in lines), err=err)


def put(text: str, *, err: bool = False) -> None:
    """Write a text that is clean already. What can't be written is dropped, and `unwritten` knows why."""
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        # A stream that `open_streams` could not set up: what it lacks is written as an escape.
        encoding = stream.encoding or "ascii"
        put(text.encode(encoding, "backslashreplace").decode(encoding), err=err)
    except OSError as error:
        _give_up(stream, error)


def open_streams() -> None:
    """Make the standard streams take whatever is written.

    One that the caller has closed is opened on nothing: else the next file that is opened would get its
    number, and words for a terminal would go into the books.
    """
    for handle in STANDARD_HANDLES:
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest free number, which is this one.
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A folder's name may be any bytes, and a terminal may lack any character.
            stream.reconfigure(errors="backslashreplace")


def unwritten() -> OSError | None:
    """Flush what is left, and say what kept the output from being written, if anything did."""
    put("")
    put("", err=True)
    error, _Unwritten.error = _Unwritten.error, None
    return error


def _give_up(stream: IO[str], error: OSError) -> None:
    """Let the rest go nowhere. A reader such as `head` that has seen enough is no failure."""
    if not isinstance(error, BrokenPipeError) and stream is sys.stdout:
        _Unwritten.error = error
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
