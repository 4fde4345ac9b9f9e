"""Files of settings: read if they are plain files of a length that settings have, and parsed as YAML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from core.errors import ConfigError
from core.lined_yaml import LinedYaml, parse_lined_yaml
from files.plain import PlainFileError, read_plain

BYTES_MAX = 1 << 20
"""A strategy has some ten thousand."""
NO_STRATEGY: Final = "go to the folder that holds the strategy file, or name the file with --strategy"
"""What to do if there is no strategy file."""


def unreadable(file: Path, error: OSError, advice: str = "") -> str:
    """The complaint about a file of settings that can't be opened; `advice` says what to do if it is not
    there."""
    if isinstance(error, FileNotFoundError):
        told = f"; {advice}" if advice else ""
        return f"{file}: expected a file, found none in {file.absolute().parent}{told}"
    if isinstance(error, PlainFileError):
        return f"{file}: {error.strerror}"
    if isinstance(error, PermissionError):
        return (
            f"{file}: expected a file that uid {os.geteuid()} can read, found {error.strerror}; "
            f"see the rights of the file and of {file.absolute().parent}"
        )
    return f"{file}: expected a readable file, found {error.strerror}"


def content_of(file: Path) -> bytes:
    """The content of a plain file. Raises `OSError` if it is none, and `ConfigError` if it is too long to be
    settings."""
    with read_plain(file) as opened:
        content = opened.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise ConfigError(f"{file}: expected settings of at most {BYTES_MAX:,} bytes, found more")
    return content


def read_lined_yaml(file: Path, advice: str = "") -> LinedYaml:
    """Read one YAML file that holds a mapping; an empty file is an empty mapping. `advice` is for no file.

    Raises `ConfigError` with file and line if it can't be read, does not parse, repeats a key, or holds
    something other than a mapping with text keys.
    """
    return parse_lined_yaml(yaml_text(file, advice), file)


def yaml_text(file: Path, advice: str = "") -> str:
    """The file's text with its line ends as they are. Raises `ConfigError` if it can't be read or is not
    UTF-8."""
    try:
        return content_of(file).decode("utf-8")
    except OSError as error:
        raise ConfigError(unreadable(file, error, advice)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: expected UTF-8 text: {error}") from error
