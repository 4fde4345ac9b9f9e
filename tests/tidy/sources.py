"""The project's own code as the tests of this folder read it."""

from __future__ import annotations

import ast
import tomllib
from functools import lru_cache
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


@lru_cache(maxsize=1)
def parsed(path: Path) -> ast.Module:
    """Only the last one is kept: to read a file again takes 2 ms, but with the trees of all of them each full
    collection of garbage takes 3 s, in this test and in all that follow."""
    return ast.parse(path.read_text("utf-8"), str(path))


@lru_cache(maxsize=1)
def walked(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Its nodes. A walk takes longer than all that the rules do with what it yields."""
    return tuple(ast.walk(tree))
