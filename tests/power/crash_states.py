"""The states that a crash at any instant of a recording may leave, and what was acknowledged by then.

Of what was not synced each state has all, nothing, one file, all but one file, only the names, only the
contents, only the removals or only the additions of names, or the last write up to a boundary of 512 or
4,096 bytes. The venue is a machine of its own: it has
answered every request, and of one that was just being sent it has either done all or nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random

from core.messages.arm_cause import ArmCause
from tests.power.disk import ROOT, Disk, Write
from tests.power.story import DATA, MARKS
from tests.power.syscalls import Call

SECTORS = (512, 4096)
VENUE = "venue"
ARMED, CLEAR = "armed", "clear"

Content = tuple[int, int, int | None]
"""A file's number, how many of its changes are made, and how many bytes of the last one if it is torn."""
Tree = Mapping[str, Content | None]
"""By path below the root; None is a folder."""


@dataclass(frozen=True)
class Acknowledged:
    """What had been said by an instant, and therefore must be true after a restart."""

    switch: frozenset[str] = frozenset({CLEAR})
    """Both while a person's command is under way."""
    head: tuple[int, str] | None = None
    accepted: tuple[str, ...] = ()
    """The ids of a person's messages."""
    closing: tuple[str, ...] = ()
    """The positions that they close."""
    backup: str | None = None
    causes: frozenset[ArmCause] = frozenset({ArmCause.OPERATOR})
    """Why it may be armed, if the log is not broken."""
    market_damaged: bool = False
    """The file of the market's snapshots was damaged before: it is among the evidence."""
    broken: frozenset[str] = frozenset()
    """The SHA-256 of the log's files, after the story has broken it and until a person accepts that."""

    def after(self, mark: Mapping[str, object], digests: frozenset[str]) -> Acknowledged:
        match mark:
            case {"mark": "begun"}:
                return replace(self, switch=frozenset({ARMED, CLEAR}))
            case {"mark": "done", "what": what}:
                return replace(self, switch=frozenset({ARMED if what == "arm" else CLEAR}))
            case {"mark": "head", "seq": int(seq), "hash": str(digest)}:
                return replace(self, head=(seq, digest))
            case {"mark": "accepted", "request_id": str(request), "position_id": str(position)}:
                return replace(self, accepted=(*self.accepted, request), closing=(*self.closing, position))
            case {"mark": "backup", "path": str(path)}:
                return replace(self, backup=path)
            case {"mark": "broken"}:
                return replace(self, switch=frozenset({ARMED}), head=None, broken=digests)
            case _:
                return self


@dataclass(frozen=True)
class CrashState:
    """`number` is the call after which the crash is, `way` what became of what was not synced."""

    number: int
    chapter: str
    call: str
    way: str
    tree: Tree
    venue: Tree
    venue_step: int
    at: datetime
    acknowledged: Acknowledged
    after_a_word: bool = False
    """Something was acknowledged when the disk was in this state."""

    @property
    def name(self) -> str:
        return (
            f"{self.chapter}, after call {self.number} ({self.call}), {self.way}, venue at {self.venue_step}"
        )

    @property
    def key(self) -> bytes:
        """Equal for equal content of the disk and the same requests done by the venue."""
        text = repr((sorted(self.tree.items()), self.venue_step))
        return hashlib.blake2b(text.encode(), digest_size=16).digest()

    @property
    def kind(self) -> tuple[str, str, str]:
        """States of one kind have little to tell that is new."""
        return self.chapter, self.call, self.way


@dataclass
class _Venue:
    """The venue's files after each request. `step` counts those that may have changed the account."""

    now: Tree = field(default_factory=dict)
    step: int = 0


class Replay:
    """One pass through a recording; `without` is the site of a sync of ours that is left out (a mutant)."""

    def __init__(
        self, folder: Path, calls: Sequence[tuple[str, Call]], *, without: tuple[str, ...] | None = None
    ) -> None:
        self._folder = folder
        self._calls = calls
        self._without = without
        self.disk = Disk(folder, marks=MARKS, ignore_sqlite_syncs_below=f"{DATA}/backups")
        self.sites: set[tuple[str, ...]] = set()

    def states(self) -> Iterator[CrashState]:
        """Every state after every call, with repetitions."""
        acknowledged, venue, said = Acknowledged(), _Venue(), self._times()
        asking: tuple[bool, CrashState | None] = (False, None)
        leave_out, pending = False, list[CrashState]()
        in_request, tampering, chapter_before = False, False, ""
        at = next(said)
        for number, (chapter, call) in enumerate(self._calls):
            done = self.disk.take(call, syncs=not (leave_out and call.name == "fsync"))
            if call.name == "fsync":
                leave_out = False
            if chapter != chapter_before:
                tampering, chapter_before = chapter == "broken_log", chapter
            if done is None:
                continue
            written, path, mark = done
            what = f"{call.name} {self._short(path)}"
            if mark is not None:
                facts = json.loads(mark)
                at = next(said, at)
                what = f"mark {facts['mark']}"
                if facts["mark"] == "sync":
                    site = tuple(facts["site"])
                    self.sites.add(site)
                    leave_out = site == self._without
                    continue
                if facts["mark"] == "broken":
                    tampering = False
                digests = self._log_digests() if facts["mark"] == "broken" else frozenset[str]()
                acknowledged = acknowledged.after(facts, digests)
                if facts["mark"] == "request":
                    in_request, changes = True, bool(facts["changes"])
                    asking = (changes, None)
                    pending = list(self._ways(number, chapter, what, None, at, venue, acknowledged))
                    continue
                if facts["mark"] == "answered":
                    in_request = False
                    before = venue
                    venue = _Venue(self._seen_of(VENUE), before.step + asking[0])
                    for state in pending:
                        if asking[0]:
                            yield state
                        yield replace(state, venue=venue.now, venue_step=venue.step, at=at)
                    continue
            if in_request or tampering:
                continue
            if not venue.now:
                venue = _Venue(self._seen_of(VENUE))
            yield from self._ways(number, chapter, what, written, at, venue, acknowledged)

    def _ways(
        self,
        number: int,
        chapter: str,
        call: str,
        written: int | None,
        at: datetime,
        venue: _Venue,
        acknowledged: Acknowledged,
    ) -> Iterator[CrashState]:
        disk = self.disk
        seen = self._resolved(disk.seen)
        durable_names = self._resolved(disk.durable)
        unsynced = sorted(
            file for file in _files(seen) if disk.seen_changes[file] > disk.durable_changes[file]
        )

        def state(way: str, names: Mapping[str, int | None], counts: Mapping[int, Content]) -> CrashState:
            tree = {path: None if file is None else counts[file] for path, file in names.items()}
            return CrashState(number, chapter, call, way, tree, venue.now, venue.step, at, acknowledged)

        kept = {file: (file, count, None) for file, count in disk.seen_changes.items()}
        dropped = {file: (file, count, None) for file, count in disk.durable_changes.items()}
        yield state("all kept", seen, kept)
        if not unsynced and seen == durable_names:
            return
        yield state("all dropped", durable_names, dropped)
        yield state("names kept, contents dropped", seen, dropped)
        yield state("names dropped, contents kept", durable_names, kept)
        if seen != durable_names:
            yield state("removals kept, additions dropped", self._resolved(self._removals()), kept)
            yield state("additions kept, removals dropped", self._resolved(self._additions()), kept)
        if len(unsynced) > 1:
            for file in unsynced:
                yield state("one file dropped", seen, {**kept, file: dropped[file]})
                yield state("one file kept", seen, {**dropped, file: kept[file]})
        if written is None or written not in unsynced:
            return
        change = disk.change(written, disk.seen_changes[written])
        if isinstance(change, Write):
            for tear in tears(change):
                torn = (written, disk.seen_changes[written], tear)
                yield state("torn, the rest kept", seen, {**kept, written: torn})
                yield state("torn, the rest dropped", seen, {**dropped, written: torn})

    def _resolved(self, names: Mapping[int, Mapping[str, int]]) -> Mapping[str, int | None]:
        """What is in the data folder: files by path, None for folders."""
        found: dict[str, int | None] = {DATA: None}
        data = self.disk.seen[ROOT].get(DATA)
        folders = [] if data is None else [(DATA, data)]
        while folders:
            path, node = folders.pop()
            for name, child in names.get(node, {}).items():
                below = f"{path}/{name}"
                if self.disk.is_folder(child):
                    found[below] = None
                    folders.append((below, child))
                elif self.disk.is_kept(child):
                    found[below] = child
        return found

    def _removals(self) -> dict[int, dict[str, int]]:
        """The folders if of what was not synced only the removals have reached the disk.

        What was renamed keeps its old name: a rename reaches the disk as a whole or not at all.
        """
        disk = self.disk
        somewhere = {node for names in disk.seen.values() for node in names.values()}
        return {
            folder: {
                name: node for name, node in names.items() if name in disk.seen[folder] or node in somewhere
            }
            for folder, names in disk.durable.items()
        }

    def _additions(self) -> dict[int, dict[str, int]]:
        """The folders if of what was not synced only the additions and the renames have reached the disk."""
        disk = self.disk
        somewhere = {node for names in disk.seen.values() for node in names.values()}
        return {
            folder: {name: node for name, node in names.items() if node not in somewhere} | disk.seen[folder]
            for folder, names in disk.durable.items()
        }

    def _seen_of(self, folder: str) -> Tree:
        node = self.disk.seen[ROOT].get(folder)
        names = {} if node is None else self.disk.seen[node]
        return {
            f"{folder}/{name}": (file, self.disk.seen_changes[file], None)
            for name, file in names.items()
            if self.disk.is_kept(file)
        }

    def _log_digests(self) -> frozenset[str]:
        seen = self._resolved(self.disk.seen)
        return frozenset(
            hashlib.sha256(self.disk.content(file, self.disk.seen_changes[file])).hexdigest()
            for path, file in seen.items()
            if file is not None and path.startswith(f"{DATA}/audit/")
        )

    def _times(self) -> Iterator[datetime]:
        """The market time of each mark; what is between two marks happened no later than at the second."""
        marks = f"{self._folder}/{MARKS}"
        last = None
        for _, call in self._calls:
            if call.name == "write" and _hex(marks) in call.arguments[0]:
                last = datetime.fromisoformat(json.loads(_bytes(call))["at"])
                yield last
        if last is not None:
            yield last

    def _short(self, path: str) -> str:
        """The path below the root, with the digits left out that differ from day to day."""
        below = path.removeprefix(f"{self._folder}/")
        return "".join("#" if sign.isdigit() else sign for sign in below)


def tears(change: Write) -> list[int]:
    """After how many bytes the write may be torn: at the first, a middle and the last boundary of each."""
    found: set[int] = set()
    end = change.offset + len(change.payload)
    for sector in SECTORS:
        first = (change.offset // sector + 1) * sector
        boundaries = range(first, end, sector)
        if boundaries:
            found |= {boundaries[0], boundaries[len(boundaries) // 2], boundaries[-1]}
    return [boundary - change.offset for boundary in sorted(found)]


def distinct(states: Iterable[CrashState]) -> dict[bytes, CrashState]:
    """Each state once, with the most that was acknowledged at any instant that may leave it."""
    found: dict[bytes, CrashState] = {}
    for state in states:
        key = state.key
        known = found.get(key)
        if known is None:
            found[key] = state
            continue
        said = replace(state.acknowledged, switch=known.acknowledged.switch & state.acknowledged.switch)
        found[key] = replace(
            known,
            at=state.at,
            venue=state.venue,
            acknowledged=said,
            after_a_word=known.after_a_word or state.acknowledged != known.acknowledged,
        )
    return found


def chosen(states: Iterable[CrashState], count: int, seed: int = 1) -> list[CrashState]:
    """At least one state of each kind if `count` permits, then more at random, in the order of the story."""
    chance = Random(seed)
    kinds: dict[tuple[str, str, str], list[CrashState]] = {}
    for state in states:
        kinds.setdefault(state.kind, []).append(state)
    for of_kind in kinds.values():
        chance.shuffle(of_kind)
    rows = list(kinds.values())
    chance.shuffle(rows)
    first = [of_kind[0] for of_kind in rows]
    rest = [state for of_kind in rows for state in of_kind[1:]]
    chance.shuffle(rest)
    return sorted((first + rest)[:count], key=lambda state: state.number)


def lay(disk: Disk, state: CrashState, folder: Path) -> Path:
    """Write the state's files into a new folder."""
    for path in (VENUE, *(path for path, content in sorted(state.tree.items()) if content is None)):
        (folder / path).mkdir(parents=True, mode=0o700)
    for path, content in (*state.tree.items(), *state.venue.items()):
        if content is not None:
            (folder / path).write_bytes(disk.content(*content))
    return folder


def _files(names: Mapping[str, int | None]) -> set[int]:
    return {file for file in names.values() if file is not None}


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _bytes(call: Call) -> bytes:
    return bytes.fromhex(call.arguments[1].strip('"').replace("\\x", ""))
