"""`contract.yaml` beside the strategy: how an upstream host spells the contract, sealed as the other is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.yaml_lines import read_lined_yaml
from core.contract.words import AS_THE_CONTRACT, ContractWords
from core.errors import ConfigError

FILE_NAME: Final = "contract.yaml"
HASH_KEY: Final = "config_hash"


@dataclass(frozen=True)
class LoadedWords:
    """What the file says; both hashes are None without a file."""

    path: Path
    words: ContractWords = AS_THE_CONTRACT
    hash_stored: str | None = None
    hash_computed: str | None = None

    def require_hash(self) -> None:
        """Raise `ConfigError` if a person has not sealed the file."""
        if self.hash_stored != self.hash_computed:
            raise ConfigError(
                f"{self.path}: {HASH_KEY}: expected {self.hash_computed}, "
                f"found {self.hash_stored or 'none'}; if the file is meant, seal it with: "
                "run.py config hash --write"
            )


def words_path(strategy: Path) -> Path:
    """`contract.yaml` in the folder of the strategy."""
    return strategy.with_name(FILE_NAME)


def load_words(strategy: Path) -> LoadedWords:
    """The file beside the strategy, or none. Raises `ConfigError`, each complaint on its own line."""
    path = words_path(strategy)
    if not path.exists():
        return LoadedWords(path)
    # Most hosts need no such file, and most commands no model of the contract.
    from config.contract_words import WordsReading

    source = read_lined_yaml(path)
    stored = source.values.pop(HASH_KEY, None)
    read = WordsReading(source, path)
    words = read.words()
    if stored is not None and not isinstance(stored, str):
        read.complain((HASH_KEY,), "text or null", stored)
    if read.complaints:
        raise ConfigError(*read.complaints)
    canonical = json.dumps(source.values, sort_keys=True, separators=(",", ":"), default=str)
    return LoadedWords(path, words, stored, hashlib.sha256(canonical.encode()).hexdigest())
