"""Faces of packages that import a file only when a name of it is asked for: a command needs a name or two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_face(package: str, files: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """The package's `__getattr__` (PEP 562); `files` says which names each of its files gives.

    Raises AttributeError for any other name, as a module does.
    """
    file_of = {name: file for file, names in files.items() for name in names}

    def from_its_file(asked: str) -> object:
        if asked not in file_of:
            raise AttributeError(f"module {package!r} has no attribute {asked!r}")
        found: object = getattr(import_module(f"{package}.{file_of[asked]}"), asked)
        return found

    return from_its_file
