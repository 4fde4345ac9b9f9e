"""The schema of the books: the migrations that make it, and what in a file is not of their making.

A trigger that somebody added is a change that waits: it would eat or alter a row that is written later, and
the rows of now say nothing of it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from importlib import resources

from actors.failpoints import Failpoint, reach
from actors.state.seals import offer_seals
from core.errors import CerberoError

_OBJECTS = "SELECT type, name, sql FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


class DatabaseCorruptError(CerberoError):
    """The file is no database, fails its own check, or is of a newer version than this program."""


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of every migration in order; raises AssertionError if their numbers have a gap."""
    folder = resources.files("actors.state.migrations")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda f: f.name)
    for number, file in enumerate(files, start=1):
        if not file.name.startswith(f"{number:04d}_"):
            raise AssertionError(f"migrations: expected number {number:04d}, found {file.name}")
    return tuple(file.read_text("utf-8") for file in files)


def migrate(db: sqlite3.Connection) -> int:
    """Bring the schema to the newest version, each step in its own transaction; returns the version."""
    offer_seals(db)
    steps = migrations()
    newer = newer_version(db)
    if newer is not None:
        raise DatabaseCorruptError(newer)
    version = _version(db)
    reach(Failpoint.BOOKS_OPENED)
    for number, sql in enumerate(steps[version:], start=version + 1):
        # executescript commits an open transaction first, so BEGIN and COMMIT are part of the script: the
        # step and its number must be one transaction.
        db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
        reach(Failpoint.BOOKS_MIGRATED)
    return len(steps)


def schema_fault(db: sqlite3.Connection) -> str | None:
    """The first object that is missing, different or not ours; None if there is none.

    Books of an older version are compared by their version alone.
    """
    older = older_version(db)
    if older is not None:
        return f"schema: {older}"
    found, wanted = _objects(db), _wanted()
    for kind, name in sorted(found.keys() | wanted.keys()):
        if (kind, name) not in wanted:
            return f"schema: expected no {kind} {name}, found one"
        if (kind, name) not in found:
            return f"schema: expected the {kind} {name}, found none"
        if found[kind, name] != wanted[kind, name]:
            return f"schema: the {kind} {name} is not the one that this program makes"
    return None


def older_version(db: sqlite3.Connection) -> str | None:
    """What to do with books that the newest migrations have not reached yet; None if they have."""
    version, newest = _version(db), len(migrations())
    if version >= newest:
        return None
    return f"they are of version {version}, those of this program of {newest}; the next start converts them"


def newer_version(db: sqlite3.Connection) -> str | None:
    """What is wrong with books that a newer program has converted; None if none has. What their rows mean,
    only that one knows."""
    version, newest = _version(db), len(migrations())
    if version <= newest:
        return None
    return (
        f"user_version: expected at most {newest}, found {version}: a newer version of the program wrote it"
    )


def _version(db: sqlite3.Connection) -> int:
    found: int = db.execute("PRAGMA main.user_version").fetchone()[0]
    return found


def _objects(db: sqlite3.Connection) -> dict[tuple[str, str], str | None]:
    return {(kind, name): sql for kind, name, sql in db.execute(_OBJECTS)}


@cache
def _wanted() -> dict[tuple[str, str], str | None]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        return _objects(db)
