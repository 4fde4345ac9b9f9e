"""The import graph of the production code: no circles, and no import past a package's face."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.tidy.sources import CODE, ROOT, files, name_of, parsed, walked


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in files(*CODE)}


def imported(tree: ast.AST, modules: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Line and module of each import of our own modules, also of those for the type checker only."""
    for node in walked(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules:
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                if submodule in modules:
                    yield node.lineno, submodule
                elif node.module in modules:
                    yield node.lineno, node.module


@cache
def imports_of_ours() -> dict[str, tuple[tuple[int, str], ...]]:
    """Of each module, which it imports and in which line."""
    return {name: tuple(imported(parsed(path), MODULES)) for name, path in MODULES.items()}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, in order; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_an_import_for_the_type_checker_alone_counts() -> None:
    text = "if TYPE_CHECKING:\n    from a.b import C\n    from a import d\n"
    assert list(imported(ast.parse(text), {"a": 1, "a.b": 1, "a.d": 1})) == [(2, "a.b"), (3, "a.d")]


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        name: {other for _, other in found if other != name} for name, found in imports_of_ours().items()
    }
    assert circle(graph) == []


FACES = ("actors.runtime", "actors.room")
"""Packages with one face: what it does not export is internal."""
INTERNALS = {
    "bench.runtime": {"actors.runtime.backend.two_lanes", "actors.runtime.cells.incarnation"},
    "lab.simulate.world": {"actors.runtime.tripwires"},
}
"""Exceptions: the benchmark times the mailbox and an incarnation by themselves; no engine loads what the
simulation guards its code with."""


def test_nobody_reaches_past_a_face() -> None:
    wrong = [
        f"{name_of(MODULES[name])}:{line}: {other}"
        for name, found in imports_of_ours().items()
        for line, other in found
        for face in FACES
        if other.startswith(f"{face}.")
        and not name.startswith(face)
        and other not in INTERNALS.get(name, set())
    ]
    assert wrong == []


def test_fakes_stay_out_of_production() -> None:
    wrong = [
        f"{name_of(MODULES[name])}:{line}"
        for name, found in imports_of_ours().items()
        if not name.startswith("actors.runtime.testing")
        for line, other in found
        if other.startswith("actors.runtime.testing")
    ]
    assert wrong == []
