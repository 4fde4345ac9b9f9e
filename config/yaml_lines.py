"""YAML as plain data with the line of every key, so that a complaint can name the place."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

from core.errors import ConfigError

KeyPath = tuple[str | int, ...]
Loader: TypeAlias = yaml.SafeLoader | yaml.CSafeLoader
FOUND_LENGTH_MAX = 80
BYTES_MAX = 1 << 20
"""A strategy has some ten thousand."""
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
    """File and line of a key."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class LinedYaml:
    """The mapping at the top of a file, and the place of each key path in it (`()` is the file itself)."""

    values: dict[str, Any]
    places: dict[KeyPath, Place]


def unreadable(file: Path, error: OSError) -> str:
    """The complaint about a strategy file that can't be opened."""
    if isinstance(error, FileNotFoundError):
        return (
            f"{file}: expected a file, found none in {file.absolute().parent}; "
            "go to the folder that holds the strategy file, or name the file with --strategy"
        )
    if isinstance(error, PermissionError):
        return (
            f"{file}: expected a file that uid {os.geteuid()} can read, found {error.strerror}; "
            f"see the rights of the file and of {file.absolute().parent}"
        )
    return f"{file}: expected a readable file, found {error.strerror}"


def content_of(file: Path) -> bytes:
    """The content of a plain file. Raises `OSError` for a device, a pipe or a folder, which may never end,
    and `ConfigError` if it is too long to be settings."""
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no plain file, but a device or a pipe")
        content = opened.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise ConfigError(f"{file}: expected settings of at most {BYTES_MAX:,} bytes, found more")
    return content


def read_lined_yaml(file: Path) -> LinedYaml:
    """Read one YAML file that holds a mapping; an empty file is an empty mapping.

    Raises `ConfigError` with file and line if it can't be read, does not parse, repeats a key, or holds
    something other than a mapping with text keys.
    """
    return parse_lined_yaml(yaml_text(file), file)


def yaml_text(file: Path) -> str:
    """The file's text with its line ends as they are. Raises `ConfigError` if it can't be read or is not
    UTF-8."""
    try:
        return content_of(file).decode("utf-8")
    except OSError as error:
        raise ConfigError(unreadable(file, error)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: expected UTF-8 text: {error}") from error


def parse_lined_yaml(text: str, file: Path) -> LinedYaml:
    """Read the text of `file`. Raises `ConfigError` as `read_lined_yaml` does."""
    places: dict[KeyPath, Place] = {(): Place(file, 1)}
    try:
        loader, node = _composed(text)
        if node is None or node.tag == "tag:yaml.org,2002:null":
            values: object = {}
        else:
            values = _build(node, (), file, places, loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise ConfigError(f"{file}:{line}: expected YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: expected YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: expected settings, found brackets nested too deeply to read") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{file}:1: expected keys and values, found {type(values).__name__}")
    return LinedYaml(values, places)


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
    node: yaml.Node, path: KeyPath, file: Path, places: dict[KeyPath, Place], loader: Loader
) -> object:
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        raise ConfigError(f"{_place(node, file)}: expected plain values, found the tag {node.tag}")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, file, places, loader)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for i, item in enumerate(node.value):
            places[*path, i] = _place(item, file)
            items.append(_build(item, (*path, i), file, places, loader))
        return items
    return _scalar(node, file, loader)


def _scalar(node: yaml.Node, file: Path, loader: Loader) -> object:
    """Convert a scalar. PyYAML may take a text for a date or number whose value Python then refuses.

    A number that YAML 1.1 does not read as a person does (`010` is 8, `14:00` is 840), or as YAML 1.2 does
    (`1_000` is text there), is refused.
    """
    kind = node.tag.rpartition(":")[2]
    if kind in ("int", "float") and isinstance(node, yaml.ScalarNode) and not node.style:
        if ":" in node.value:
            raise ConfigError(
                f"{_place(node, file)}: expected a number or a text in quotes, found {node.value}, "
                f'which YAML reads as minutes and seconds; if it is a time, quote it: "{node.value}"'
            )
        if _OTHER_BASE.match(node.value):
            raise ConfigError(
                f"{_place(node, file)}: expected a decimal number, found {node.value}, which YAML reads as "
                f"{loader.construct_object(node)}; write it without the leading 0"
            )
        if "_" in node.value:
            raise ConfigError(
                f"{_place(node, file)}: expected a decimal number, found {node.value}; write it without the _"
            )
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, KeyError) as error:
        found = repr(node.value) if len(str(node.value)) <= FOUND_LENGTH_MAX else "a longer one"
        raise ConfigError(f"{_place(node, file)}: expected a valid {kind}, found {found}") from error


def _mapping(
    node: yaml.MappingNode, path: KeyPath, file: Path, places: dict[KeyPath, Place], loader: Loader
) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        place = _place(key_node, file)
        key = _scalar(key_node, file, loader)
        if not isinstance(key, str):
            raise ConfigError(f"{place}: expected a key of text, found {key!r}")
        if key in result:
            raise ConfigError(f"{place}: {_dotted((*path, key))}: expected once, found again")
        places[*path, key] = place
        result[key] = _build(value_node, (*path, key), file, places, loader)
    return result


def _place(node: yaml.Node, file: Path) -> Place:
    return Place(file, node.start_mark.line + 1)


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
