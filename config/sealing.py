"""Writes the golden hash into a strategy file, and changes nothing else of it."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from config.contract_file import load_words
from config.strategy_file import HASH_KEY, load_strategy, local_overrides_path
from config.yaml_lines import read_lined_yaml, yaml_text
from core.errors import ConfigError
from core.lined_yaml import parse_lined_yaml
from files.whole import rewrite_whole


def write_hash(path: Path) -> str:
    """Validate the file, write its golden hash where its key stands or belongs, and return the hash.

    What is written is read back first: if the hash can't be placed without changing anything else, the file
    stays as it is. It keeps its owner, mode, line ends and byte order mark, and a link stays a link. Raises
    `ConfigError`.
    """
    return _write(path, load_strategy(path).hash_computed)


def write_local_hash(path: Path) -> str | None:
    """Seal the local overrides beside the file, as `write_hash` does, and return their hash.

    Only guarded overrides need it (`config.strategy_file.GUARDED`): without any, None, and the local file
    stays as it is.
    """
    loaded = load_strategy(path)
    if not loaded.guarded_overrides or loaded.local_hash_computed is None:
        return None
    return _write(local_overrides_path(path), loaded.local_hash_computed)


def write_words_hash(path: Path) -> str | None:
    """Seal `contract.yaml` beside the strategy, as `write_hash` does; its hash, or None without a file."""
    loaded = load_words(path)
    return None if loaded.hash_computed is None else _write(loaded.path, loaded.hash_computed)


def _write(path: Path, computed: str) -> str:
    text = yaml_text(path)
    sealed = _sealed(text, f'"{computed}"')
    settings = {key: value for key, value in read_lined_yaml(path).values.items() if key != HASH_KEY}
    try:
        holds = parse_lined_yaml(sealed, path).values
    except ConfigError:
        holds = {}
    if holds != settings | {HASH_KEY: computed}:
        raise ConfigError(
            f"{path}: {HASH_KEY}: the hash can't be written without changing more than its value; "
            f'nothing was changed; write this line by hand: {HASH_KEY}: "{computed}"'
        )
    if sealed != text:
        _replace(path.resolve(), sealed.encode())
    return computed


def _sealed(text: str, value: str) -> str:
    """The text with the value at its key; without the key, at the beginning of the mapping."""
    root = yaml.SafeLoader(text).get_single_node()
    if not isinstance(root, yaml.MappingNode) or not root.value:
        lines = text if not text or text.endswith("\n") else f"{text}\n"
        return f"{lines}{HASH_KEY}: {value}\n"
    for key, held in root.value:
        if key.value == HASH_KEY:
            begin, end = held.start_mark.index, held.end_mark.index
            before = " " if text[begin - 1 : begin] == ":" else ""
            # A block text ends behind its last line's end, which belongs to the next key.
            after = "\n" if text[begin:end].endswith("\n") else ""
            return f"{text[:begin]}{before}{value}{after}{text[end:]}"
    first = root.value[0][0].start_mark
    if root.flow_style:
        return f"{text[: first.index]}{HASH_KEY}: {value}, {text[first.index :]}"
    line_end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[: first.index]}{HASH_KEY}: {value}{line_end}{' ' * first.column}{text[first.index :]}"


def _replace(path: Path, content: bytes) -> None:
    """Give the file this content, which outlives a power cut. Raises `ConfigError` with the file unchanged,
    or if that last is uncertain."""
    try:
        is_another = rewrite_whole(path, content, is_synced=True)
    except OSError as error:
        raise ConfigError(f"{path}: expected a file that can be written: {error.strerror}") from error
    if is_another:
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    """Until its folder is on disk, a power cut may bring the old file back."""
    try:
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise ConfigError(
            f"{path}: the hash is written, but its folder can't be synced ({error.strerror}): after a power "
            "cut check it again with config validate"
        ) from error
