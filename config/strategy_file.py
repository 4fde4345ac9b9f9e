"""`strategy.yaml`: read, overridden by the local file beside it, validated, and sealed by its golden hash."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.contract_file import LoadedWords, load_words
from config.yaml_lines import NO_STRATEGY, read_lined_yaml
from core.contract.words import AS_THE_CONTRACT, ContractWords
from core.errors import ConfigError
from core.lined_yaml import KeyPath, LinedYaml, Place
from core.schema_words import wrong_by
from core.section import Section
from core.strategy import Strategy
from core.text import shown, visible

HASH_KEY = "config_hash"
SectionT = TypeVar("SectionT", bound=Section)
GUARDED = ("limits.", "sizing.", "protections.", "exits.margin_")
"""Outside paper, overrides of these need a seal of their own: they say how much money is at stake, and what
stops the strategy before more is lost."""


@dataclass(frozen=True)
class LoadedStrategy:
    """A valid strategy and where it comes from.

    `hash_computed` covers the file's own settings, without `overrides`. An override reads
    `key=value (strategy.yaml: value)`. `local_hash_computed` covers all settings with the overrides, so that
    a seal of the local file holds for them on this strategy alone; both local hashes are None without a
    local file.
    """

    path: Path
    strategy: Strategy
    hash_stored: str | None
    hash_computed: str
    overrides: tuple[str, ...]
    local_hash_stored: str | None = None
    local_hash_computed: str | None = None
    words: LoadedWords | None = None
    """How the upstream host spells the contract, if a file beside the strategy says so."""

    @property
    def contract_words(self) -> ContractWords:
        """In which words the upstream host is spoken to."""
        return AS_THE_CONTRACT if self.words is None else self.words.words

    @property
    def hash_matches(self) -> bool:
        return self.hash_stored == self.hash_computed

    @property
    def guarded_overrides(self) -> tuple[str, ...]:
        """Those of limits, sizes, protections and the bounds on margin."""
        return tuple(override for override in self.overrides if override.startswith(GUARDED))

    def require_hash(self) -> None:
        """Raise `ConfigError` if a person has not sealed these settings, guarded overrides and words too."""
        if not self.hash_matches:
            found = self.hash_stored or "none"
            raise ConfigError(
                f"{self.path}: {HASH_KEY}: expected {self.hash_computed}, found {found}; "
                "if the change is meant, seal it with: run.py config hash --write"
            )
        if self.guarded_overrides and self.local_hash_stored != self.local_hash_computed:
            found = self.local_hash_stored or "none"
            raise ConfigError(
                f"{local_overrides_path(self.path)}: {HASH_KEY}: expected {self.local_hash_computed}, found "
                f"{found}; outside paper, limits, sizes, protections and the bounds on margin are overridden "
                f"under a seal only, here {', '.join(self.guarded_overrides)}; if that is meant, seal it "
                "with: run.py config hash --write; else take them out of the file"
            )
        if self.words is not None:
            self.words.require_hash()


def local_overrides_path(path: Path) -> Path:
    """`strategy.local.yaml` beside `strategy.yaml`."""
    return path.with_name(f"{path.stem}.local{path.suffix}")


def load_strategy(path: Path) -> LoadedStrategy:
    """Read and validate a strategy file and the local overrides beside it.

    Raises `ConfigError` with every complaint on its own line: file, line, key, what was expected and found.
    """
    base = read_lined_yaml(path, NO_STRATEGY)
    stored = taken_hash(base)
    strategy = validated(base, Strategy)
    computed = strategy_hash(strategy)
    local_path = local_overrides_path(path)
    overrides: tuple[str, ...] = ()
    local_stored = local_computed = None
    if local_path.exists():
        local = read_lined_yaml(local_path)
        local_stored = taken_hash(local)
        overridden = validated(merged(base, local), Strategy)
        overrides = _described(strategy, overridden, path)
        strategy = overridden
        local_computed = strategy_hash(strategy)
    words = load_words(path)
    return LoadedStrategy(path, strategy, stored, computed, overrides, local_stored, local_computed, words)


def taken_hash(source: LinedYaml) -> str | None:
    """Take the stored hash out of a file's settings."""
    stored = source.values.pop(HASH_KEY, None)
    if stored is not None and not isinstance(stored, str):
        raise ConfigError(
            f"{source.places[HASH_KEY,]}: {HASH_KEY}: expected text or null, found {shown(stored)}"
        )
    return stored


def strategy_hash(strategy: Strategy) -> str:
    """SHA-256 of the canonical JSON of all settings: sorted keys, no white space, UTF-8."""
    return hashlib.sha256(canonical_json(strategy).encode()).hexdigest()


def canonical_json(strategy: Strategy) -> str:
    """Every setting, defaults included: a changed default changes the hash, as it should."""
    values = strategy.model_dump(mode="json")
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def validated(source: LinedYaml, schema: type[SectionT], within: KeyPath = ()) -> SectionT:
    """The settings as their schema has them; `within` is the path of the section that they are.

    Raises `ConfigError` with every complaint on its own line.
    """
    try:
        return schema.model_validate_json(json.dumps(source.values, default=str))
    except ValidationError as error:
        found = error.errors(include_url=False)
        complaints = [
            _complaint(details, source, schema, within) for details in found if not _follows(details, found)
        ]
        raise ConfigError(*complaints) from error


def _follows(details: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether a list is too short because one of its items was refused: it was told once."""
    loc = tuple(details["loc"])
    return details["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and tuple(other["loc"])[: len(loc)] == loc for other in found
    )


def _complaint(details: ErrorDetails, source: LinedYaml, schema: type[BaseModel], within: KeyPath) -> str:
    below: KeyPath = tuple(details["loc"])
    loc = (*within, *below)
    place = source.place_of(loc)
    key = visible(".".join(str(part) for part in loc))
    prefix = f"{place}: {key}: " if key else f"{place}: "
    if details["type"] == "extra_forbidden":
        return f"{prefix}unknown key{_suggestion(below, schema)}"
    return f"{prefix}{wrong_by(details)}{_misread(details)}"


def _misread(details: ErrorDetails) -> str:
    """What to write where YAML took a number for a text, or a text for a truth value."""
    found = details["input"]
    if details["type"] in ("int_type", "float_type") and isinstance(found, str):
        return "; YAML reads it as text: write it in plain decimal digits and without quotes"
    if details["type"] == "string_type" and isinstance(found, bool):
        return "; YAML reads it as yes or no: write it in quotes"
    return ""


def _suggestion(loc: KeyPath, schema: type[BaseModel]) -> str:
    section = schema
    for part in loc[:-1]:
        # Only sections refuse unknown keys, so every part of the path before the key is a section.
        section = cast("type[BaseModel]", section.model_fields[str(part)].annotation)
    near = difflib.get_close_matches(str(loc[-1]), section.model_fields, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(section.model_fields)}"


def merged(base: LinedYaml, other: LinedYaml) -> LinedYaml:
    """The settings of both; where both have a key, the other's, and its place.

    What the other replaces as a whole has no place any more.
    """
    places = dict(base.places)
    values = _merged(base.values, other.values, (), places)
    return LinedYaml(values, places | other.places)


def _merged(
    base: dict[str, Any], local: dict[str, Any], path: KeyPath, places: dict[KeyPath, Place]
) -> dict[str, Any]:
    result = dict(base)
    for key, value in local.items():
        below, here = result.get(key), (*path, key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = _merged(below, value, here, places)
            continue
        result[key] = value
        for replaced in [known for known in places if known[: len(here)] == here]:
            del places[replaced]
    return result


def _described(before: Strategy, after: Strategy, path: Path) -> tuple[str, ...]:
    old, new = _flat(before.model_dump(mode="json")), _flat(after.model_dump(mode="json"))
    return tuple(
        f"{key}={json.dumps(new[key])} ({path.name}: {json.dumps(old[key])})"
        for key in sorted(new)
        if new[key] != old[key]
    )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result |= _flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result
