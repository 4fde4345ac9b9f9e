"""By what a result is known again: the digests of what was run, on what, and by which code."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NamedTuple

from config import code_version
from config.strategy_file import canonical_json
from core.contract import iso_utc
from core.errors import InputError
from files.plain import read_plain
from gateway.paper.recorded_files import chain_files
from lab.backtest.record_cache import record_digest
from lab.backtest.result import Plan
from lab.backtest.sources import Market

RUNS: Final = ("actors.decision", "gateway.paper", "lab.backtest")
"""What else than `core` decides what a run finds."""
DIGEST_LENGTH: Final = 32
ROW_MAX: Final = 10_000
"""Bytes of a row that count."""


class PointKey(NamedTuple):
    """What was asked, of which market, from which code."""

    config: str
    data: str
    code: str

    def __str__(self) -> str:
        return f"{self.config}-{self.data}-{self.code}"


def key_of(plan: Plan, data: str) -> PointKey:
    """The key of one run on data of this digest."""
    return PointKey(config_hash(plan), data, bench_version())


def config_hash(plan: Plan) -> str:
    """Strategy, switches, assumptions and span: all that changes what a run of the same market finds."""
    asked = {
        "lab": plan.settings.switches.model_dump(mode="json"),
        "assumptions": plan.market.assumptions,
        "began": None if plan.began is None else iso_utc(plan.began),
        "ended": None if plan.ended is None else iso_utc(plan.ended),
        "resume_after_s": None if plan.resume_after is None else plan.resume_after.total_seconds(),
    }
    text = f"{canonical_json(plan.settings.strategy)}{json.dumps(asked, sort_keys=True)}"
    return digest([text.encode()])


def data_hash(market: Market) -> str:
    """A digest of all that is read of a recorded market, or of a seed. Raises `InputError`."""
    if market.chains is None:
        return digest([f"model seed {market.seed}".encode()])
    if market.columns is None:
        return digest([record_digest(market.chains).encode()])
    return digest([_bytes(market.chains), _bytes(market.columns)])


def origin_hash(market: Market) -> str:
    """What a market keeps while its record grows: the first row of its chains. Raises `InputError`."""
    if market.chains is None or market.columns is not None:
        return data_hash(market)
    first = chain_files(market.chains)[0]
    try:
        with read_plain(first) as plain, gzip.open(plain) if first.suffix == ".gz" else plain as file:
            return digest([first.name.encode(), file.readline(ROW_MAX), file.readline(ROW_MAX)])
    except (OSError, EOFError) as error:
        raise InputError(f"{first}: expected a file that can be read: {error}") from None


@cache
def bench_version() -> str:
    """As `code_version`, with a digest of the rest that a run goes through."""
    sources = [part for name in RUNS for part in _sources(files(name), name)]
    return f"{code_version()}+{digest(sources)[:12]}"


def _bytes(path: Path) -> bytes:
    try:
        with read_plain(path) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path}: expected a file that can be read: {error.strerror}") from None


def _sources(folder: Traversable, name: str) -> Iterable[bytes]:
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        if item.is_dir():
            yield from _sources(item, f"{name}/{item.name}")
        elif item.name.endswith(".py"):
            yield f"{name}/{item.name}".encode()
            yield item.read_bytes()


def digest(parts: Iterable[bytes]) -> str:
    """Of these parts, each apart from the others."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:".encode())
        whole.update(part)
    return whole.hexdigest()[:DIGEST_LENGTH]
