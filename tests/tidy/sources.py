"""The project's own code as the tests of this folder read it."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PRODUCTION: tuple[str, ...] = tuple(PROJECT["tool"]["importlinter"]["root_packages"])
"""The packages that are shipped, as the import contracts list them; `test_packages.py` has other lists."""
CODE = (*PRODUCTION, "bench")


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))
