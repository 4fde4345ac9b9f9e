"""YAML as plain data with the place of every key, so that a complaint can name it.

What a person writes in a file and what is given by an option are read alike, with the same guards: no alias,
no tag, no key twice, no key but text, no depth without end, no number that YAML reads as no person would.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import yaml

from core.errors import ConfigError
from core.text import encodable, shown, visible

KeyPath = tuple[str | int, ...]
Loader: TypeAlias = yaml.SafeLoader | yaml.CSafeLoader
FOUND_LENGTH_MAX = 80
TOLD_LENGTH_MAX = 160
DEPTH_MAX = 50
"""libyaml composes by recursion on the stack of C: where it is full, the process ends."""
_QUICK: type[yaml.CSafeLoader] | None = getattr(yaml, "CSafeLoader", None)
"""None where PyYAML was built without libyaml."""
_READ_OTHERWISE = re.compile(r"[\t!?\ufeff]|[|>][-+0-9]*#")
"""Tabs, tags, `?`, a byte order mark, a comment at once after `|` or `>`: libyaml takes some of what PyYAML
refuses."""
_OTHER_BASE = re.compile(r"[-+]?0[0-9_xXbB]")
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(frozen=True)
class Place:
    """Where a key stands: in a line of a file, or in what else gave it, which has no lines (None)."""

    source: object
    line: int | None

    @classmethod
    def of_option(cls, option: str) -> Place:
        """An option as it was typed, short enough for a message."""
        return cls(_cut(option), None)

    def __str__(self) -> str:
        return str(self.source) if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class LinedYaml:
    """The mapping at the top of a file, and the place of each key path in it (`()` is the file itself)."""

    values: dict[str, Any]
    places: dict[KeyPath, Place]

    def place_of(self, path: KeyPath) -> Place:
        """Of the key, or of what it would stand in."""
        return next(
            self.places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.places
        )


def parse_lined_yaml(text: str, source: object) -> LinedYaml:
    """Read the text of a file that holds a mapping; an empty one is an empty mapping.

    Raises `ConfigError` with file and line if it does not parse, repeats a key, or holds something other than
    a mapping with text keys.
    """
    places: dict[KeyPath, Place] = {(): Place(source, 1)}
    values = _parsed(text, (), places[()], places)
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{places[()]}: expected keys and values, found {type(values).__name__}")
    return LinedYaml(values, places)


def parse_lined_value(text: str, path: tuple[str, ...], given: Place) -> LinedYaml:
    """Read the value that an option gives for a key, as a file of that key alone.

    Raises `ConfigError` as `parse_lined_yaml` does; the place of everything is the option.
    """
    if len(path) > DEPTH_MAX:
        raise ConfigError(f"{given}: expected a key of at most {DEPTH_MAX} parts, found {len(path):,}")
    places: dict[KeyPath, Place] = {path[:length]: given for length in range(1, len(path) + 1)}
    value = _parsed(text, path, given, places)
    for part in reversed(path):
        value = {part: value}
    return LinedYaml(cast("dict[str, Any]", value), places)


def _parsed(text: str, path: KeyPath, whole: Place, places: dict[KeyPath, Place]) -> object:
    try:
        loader, node = _composed(text)
        return None if node is None else _build(node, path, whole, places, loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(
            f"{_line(error.problem_mark, whole)}: expected YAML: {_cut(str(error.problem))}"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{whole.source}: expected YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(
            f"{whole.source}: expected settings, found brackets nested too deeply to read"
        ) from error


def _composed(text: str) -> tuple[Loader, yaml.Node | None]:
    """The text's nodes, and the loader that makes values of them.

    PyYAML's own parser takes thirty times as long as libyaml, but says better what is wrong and where.
    """
    if _QUICK is not None and not _READ_OTHERWISE.search(text):
        try:
            _refuse_shapes(text, _QUICK)
            quick = _QUICK(text)
            return quick, quick.get_single_node()
        except (yaml.YAMLError, UnicodeEncodeError):
            pass  # The other parser has the words for it.
    _refuse_shapes(text, yaml.SafeLoader)
    loader = yaml.SafeLoader(text)
    return loader, loader.get_single_node()


def _refuse_shapes(text: str, parser: type[Loader]) -> None:
    """Raise on an alias, which may contain itself or expand to any size, and on what lies too deep: settings
    need neither."""
    depth = 0
    for event in yaml.parse(text, parser):
        match event:
            case yaml.AliasEvent():
                raise yaml.MarkedYAMLError(
                    problem="expected plain values, found an alias",
                    problem_mark=cast("yaml.error.Mark", event.start_mark),
                )
            case yaml.CollectionStartEvent():
                depth += 1
                if depth > DEPTH_MAX:
                    raise RecursionError
            case yaml.CollectionEndEvent():
                depth -= 1
            case _:
                pass


def _build(
    node: yaml.Node, path: KeyPath, whole: Place, places: dict[KeyPath, Place], loader: Loader
) -> object:
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        raise ConfigError(f"{_place(node, whole)}: expected plain values, found the tag {_cut(node.tag)}")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, whole, places, loader)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for i, item in enumerate(node.value):
            places[*path, i] = _place(item, whole)
            items.append(_build(item, (*path, i), whole, places, loader))
        return items
    return _scalar(node, whole, loader)


def _scalar(node: yaml.Node, whole: Place, loader: Loader) -> object:
    """Convert a scalar. PyYAML may take a text for a date or number whose value Python then refuses.

    A number that YAML 1.1 does not read as a person does (`010` is 8, `14:00` is 840), or as YAML 1.2 does
    (`1_000` is text there), is refused.
    """
    kind = node.tag.rpartition(":")[2]
    try:
        value: object = loader.construct_object(node, deep=True)
    except (ValueError, KeyError) as error:
        found = repr(node.value) if len(str(node.value)) <= FOUND_LENGTH_MAX else "a longer one"
        raise ConfigError(f"{_place(node, whole)}: expected a valid {kind}, found {found}") from error
    if kind in ("int", "float") and isinstance(node, yaml.ScalarNode) and not node.style:
        _refuse_numbers(node.value, value, _place(node, whole))
    return value


def _refuse_numbers(written: str, read: object, place: Place) -> None:
    found = _cut(written)
    if ":" in written:
        raise ConfigError(
            f"{place}: expected a number or a text in quotes, found {found}, "
            f'which YAML reads as minutes and seconds; if it is a time, quote it: "{found}"'
        )
    if _OTHER_BASE.match(written):
        # So long a whole number is none that Python writes.
        reads = f", which YAML reads as {read}" if len(written) <= FOUND_LENGTH_MAX else ""
        raise ConfigError(
            f"{place}: expected a decimal number, found {found}{reads}; write it without the leading 0"
        )
    if "_" in written:
        raise ConfigError(f"{place}: expected a decimal number, found {found}; write it without the _")


def _mapping(
    node: yaml.MappingNode, path: KeyPath, whole: Place, places: dict[KeyPath, Place], loader: Loader
) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        place = _place(key_node, whole)
        key = _scalar(key_node, whole, loader)
        if not isinstance(key, str):
            raise ConfigError(f"{place}: expected a key of text, found {shown(key)}")
        if key in result:
            raise ConfigError(f"{place}: {_dotted((*path, key))}: expected once, found again")
        places[*path, key] = place
        result[key] = _build(value_node, (*path, key), whole, places, loader)
    return result


def _place(node: yaml.Node, whole: Place) -> Place:
    return _line(node.start_mark, whole)


def _line(mark: yaml.Mark | None, whole: Place) -> Place:
    return whole if whole.line is None or mark is None else Place(whole.source, mark.line + 1)


def _cut(text: str) -> str:
    """On one line, short enough for a message."""
    seen = visible(encodable(text))
    return seen if len(seen) <= TOLD_LENGTH_MAX else f"{seen[:TOLD_LENGTH_MAX]}…"


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
