"""The settings of a backtest: a strategy file, perhaps with a `lab` section, and the changes of `--set`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.strategy_file import (
    HASH_KEY,
    LoadedStrategy,
    canonical_json,
    local_overrides_path,
    merged,
    strategy_hash,
    taken_hash,
    validated,
)
from config.yaml_lines import NO_STRATEGY, read_lined_yaml
from core.errors import ConfigError
from core.lined_yaml import KeyPath, LinedYaml, Place, parse_lined_value
from core.strategy import Strategy
from core.text import shown
from lab.backtest.switches import Switches

LAB: Final = "lab"
"""The section of the switches, which no engine's schema knows."""


@dataclass(frozen=True)
class BacktestSettings:
    """What is run. `changes` are those of `--set`; `hash_computed` is of the file alone."""

    path: Path
    strategy: Strategy
    switches: Switches
    has_lab: bool
    changes: tuple[str, ...]
    hash_stored: str | None
    hash_computed: str

    @property
    def loaded(self) -> LoadedStrategy:
        """The same as an engine starts with it; the changes are its overrides."""
        return LoadedStrategy(self.path, self.strategy, self.hash_stored, self.hash_computed, self.changes)


def load_settings(path: Path, changes: Sequence[str] = ()) -> BacktestSettings:
    """Read the file, the local overrides beside it, and the changes, in this order.

    A file with a `lab` section must be sealed: it stands for a list of trades that others rely on. Raises
    `ConfigError` with every complaint on its own line.
    """
    base = read_lined_yaml(path, NO_STRATEGY)
    stored = taken_hash(base)
    has_lab = LAB in base.values
    computed = _hash(*_parts(base), has_lab=has_lab)
    if has_lab and stored != computed:
        raise ConfigError(
            f"{path}: {HASH_KEY}: expected {computed}, found {stored or 'none'}; if the change is meant, "
            f'write this line by hand: {HASH_KEY}: "{computed}"'
        )
    source, local_path = base, local_overrides_path(path)
    if local_path.exists():
        local = read_lined_yaml(local_path)
        taken_hash(local)
        source = merged(source, local)
        if changes:
            _parts(source)  # What is wrong without the changes is not said of them.
    source = _with_changes(source, [_changed(change) for change in changes])
    strategy, switches = _parts(source)
    return BacktestSettings(path, strategy, switches, has_lab, tuple(changes), stored, computed)


def _parts(source: LinedYaml) -> tuple[Strategy, Switches]:
    values = dict(source.values)
    lab = values.pop(LAB, None)
    if lab is not None and not isinstance(lab, dict):
        raise ConfigError(f"{source.place_of((LAB,))}: {LAB}: expected a section, found {shown(lab)}")
    strategy = validated(LinedYaml(values, source.places), Strategy)
    return strategy, validated(LinedYaml(lab or {}, source.places), Switches, (LAB,))


def _hash(strategy: Strategy, switches: Switches, *, has_lab: bool) -> str:
    """As an engine hashes it; with the switches, if the file has them."""
    if not has_lab:
        return strategy_hash(strategy)
    lab = json.dumps(switches.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{canonical_json(strategy)}{lab}".encode()).hexdigest()


def _changed(change: str) -> tuple[tuple[str, ...], LinedYaml]:
    """The key of one KEY=VALUE, and what a file with its value would say. Raises `ConfigError`."""
    key, equals, text = change.partition("=")
    parts, given = tuple(key.split(".")), Place.of_option(f"--set {change}")
    if not equals or not all(parts):
        raise ConfigError(f"{given}: expected KEY=VALUE with a key such as exits.profit_of_credit")
    if parts == (HASH_KEY,):
        raise ConfigError(f"{given}: expected a setting, found the seal of the file")
    return parts, parse_lined_value(text, parts, given)


def _with_changes(source: LinedYaml, changes: Sequence[tuple[tuple[str, ...], LinedYaml]]) -> LinedYaml:
    """The settings with the changes. A section that several have changed is wrong by all of them together."""
    for _, change in changes:
        source = merged(source, change)
    given: dict[KeyPath, list[str]] = {}
    for parts, change in changes:
        for length in range(len(parts)):
            given.setdefault(parts[:length], []).append(str(change.places[parts]))
    for section, options in given.items():
        told = ", ".join(options)
        source.places[section] = Place(told if section else f"{source.places[()].source} with {told}", None)
    return source
