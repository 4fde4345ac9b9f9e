"""What a sweep varies: each `--set` is an axis, whose settings move together step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from random import Random
from typing import Final

from core.errors import InputError

STEPS_MAX: Final = 1_000
POINTS_MAX: Final = 10_000
_OPENING, _CLOSING, _QUOTES = "[{", "]}", "\"'"

Values = tuple[tuple[str, str], ...]
"""Keys of settings with their values, as YAML has them."""


@dataclass(frozen=True)
class SettingAxis:
    """`keys` take the values of one step at a time."""

    keys: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]

    def at(self, step: int) -> Values:
        return tuple(zip(self.keys, self.steps[step], strict=True))


def named_axis(axis: SettingAxis) -> str:
    """Its first setting, and how many move with it."""
    others = len(axis.keys) - 1
    return axis.keys[0] if not others else f"{axis.keys[0]} and {others} more"


def short_name(axes: Sequence[SettingAxis], values: Values) -> str:
    """What a point sets, of each axis by its first setting: those that move with it say no more."""
    by_key = dict(values)
    parts = []
    for axis in axes:
        if axis.keys[0] in by_key:
            others = len(axis.keys) - 1
            parts.append(
                f"{axis.keys[0]}={by_key[axis.keys[0]]}" + (f" (and {others} more)" if others else "")
            )
    return " ".join(parts) or "as the file has it"


def axes_of(texts: Sequence[str]) -> tuple[SettingAxis, ...]:
    """Each is `KEY=V,V,…`; `KEY=V,V;OTHER=V,V` moves several keys together. Raises `InputError`."""
    axes = tuple(_axis(text) for text in texts)
    keys = [key for axis in axes for key in axis.keys]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"--set {key}: expected each setting once, found it {keys.count(key)} times")
    return axes


def grid(axes: Sequence[SettingAxis]) -> list[Values]:
    """Every combination, the last axis fastest. Raises `InputError` if there are too many."""
    whole = _combinations(axes)
    if whole > POINTS_MAX:
        raise InputError(
            f"--set: expected at most {POINTS_MAX:,} combinations, found {whole:,}; use --sample N"
        )
    return [
        tuple(value for axis, step in zip(axes, steps, strict=True) for value in axis.at(step))
        for steps in product(*(range(len(axis.steps)) for axis in axes))
    ]


def sample(axes: Sequence[SettingAxis], points: int, seed: int) -> list[Values]:
    """So many different combinations, drawn by a seed, in the order of the grid; all if there are fewer."""
    whole = _combinations(axes)
    chosen = sorted(Random(seed).sample(range(whole), min(points, whole)))  # noqa: S311  (repeatable)
    return [_numbered(axes, number) for number in chosen]


def _numbered(axes: Sequence[SettingAxis], number: int) -> Values:
    """The combination that stands at this place of the grid."""
    parts: list[Values] = []
    for axis in reversed(axes):
        number, step = divmod(number, len(axis.steps))
        parts.append(axis.at(step))
    return tuple(value for part in reversed(parts) for value in part)


def _combinations(axes: Sequence[SettingAxis]) -> int:
    return prod(len(axis.steps) for axis in axes)


def _axis(text: str) -> SettingAxis:
    keys: list[str] = []
    columns: list[tuple[str, ...]] = []
    for part in _split(text, ";"):
        key, equals, values = part.partition("=")
        if not equals or not key.strip():
            raise InputError(
                f"--set {text}: expected KEY=VALUE,VALUE,… with a key such as exits.profit_of_credit"
            )
        keys.append(key.strip())
        columns.append(tuple(value.strip() for value in _split(values, ",")))
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise InputError(
            f"--set {text}: expected as many values of each key, as they move together, found "
            f"{', '.join(f'{len(column)} of {key}' for key, column in zip(keys, columns, strict=True))}"
        )
    steps = tuple(zip(*columns, strict=True))
    if any(not value for step in steps for value in step):
        raise InputError(f"--set {text}: expected a value between two commas, found none")
    if len(set(steps)) < len(steps):
        raise InputError(f"--set {text}: expected different values, found one of them twice")
    if len(steps) > STEPS_MAX:
        raise InputError(f"--set {text}: expected at most {STEPS_MAX:,} values, found {len(steps):,}")
    return SettingAxis(tuple(keys), steps)


def _split(text: str, at: str) -> list[str]:
    """Parts between separators that stand in no bracket and no quotes: a value may be a list of YAML."""
    parts, depth, quote, start = [], 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
        elif letter == at and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
