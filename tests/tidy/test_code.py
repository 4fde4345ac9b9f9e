"""House rules that no linter knows. Each failure names file, line and what to do instead."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PRODUCTION: tuple[str, ...] = tuple(PROJECT["tool"]["importlinter"]["root_packages"])
"""The packages that are shipped, as the import contracts list them; `test_packages.py` has other lists."""
CODE = (*PRODUCTION, "bench")
LINES_MAX = 400
BANNED_CALLS = {
    "now": "take the time as an argument or from the context",
    "utcnow": "take the time as an argument or from the context",
    "today": "take the time as an argument or from the context",
    "sleep": "a handler makes one attempt; a wait is a timer",
    "uuid4": "ids come from the context",
    "print": "people are spoken to by typer.echo, the log by the context",
}
ALLOWED_CALLS = {
    # The context's own clock, sleep and ids are the ones to use.
    "now": {"ctx", "_ctx", "context", "_context", "runtime", "_runtime", "clock", "_clock"},
    "sleep": {"ctx", "_ctx", "context", "_context", "clock", "_clock"},
    "print": {"console"},
}
ALLOWED_FILES = {
    "now": {
        # The edges of the system, where the wall clock is the market's.
        "cli/commands/start.py",
        "cli/commands/alert.py",
        "cli/logs.py",
        "cli/dry_cycle.py",
        "cli/commands/dry_run.py",
        "cli/commands/page.py",
        "cli/commands/preflight.py",
        "bench/books.py",
        "reading/switch/arming.py",
        "cli/restoring.py",
        "gateway/paper/process.py",
        "gateway/paper/server.py",
    },
    "sleep": {
        "gateway/live/combos.py",
        "gateway/live/recorders.py",
        "gateway/sim/faults.py",
        "gateway/paper/server.py",
        "gateway/shell/serving.py",
        # The simulation lets an actor hang.
        "lab/simulate/station.py",
    },
}
GENERIC = "actors/runtime/"
"""The runtime implements clock, sleep and ids."""


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def calls(tree: ast.AST) -> Iterator[tuple[int, str, str | None]]:
    """Line, called name, and the name before its dot."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            yield node.lineno, node.func.id, None
        elif isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Call):
                owner = owner.func
            if isinstance(owner, ast.Attribute):
                yield node.lineno, node.func.attr, owner.attr
            elif isinstance(owner, ast.Name):
                yield node.lineno, node.func.attr, owner.id
            else:
                yield node.lineno, node.func.attr, ""


@pytest.mark.parametrize("path", files(*CODE), ids=name_of)
def test_clock_sleep_ids_and_print_are_used_only_where_they_belong(path: Path) -> None:
    name = name_of(path)
    if name.startswith(GENERIC):
        return
    wrong = [
        f"{name}:{line}: {called}(): {BANNED_CALLS[called]}"
        for line, called, owner in calls(parsed(path))
        if called in BANNED_CALLS
        and name not in ALLOWED_FILES.get(called, set())
        and owner not in ALLOWED_CALLS.get(called, set())
    ]
    assert wrong == []


@pytest.mark.parametrize("path", files(*CODE, "tests"), ids=name_of)
def test_no_file_is_too_long_and_each_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= LINES_MAX, f"{name_of(path)}: split it"
    if text.strip():
        assert ast.get_docstring(parsed(path)), f"{name_of(path)}: say in a docstring what it is for"


@pytest.mark.parametrize("path", files(*CODE, "tests"), ids=name_of)
def test_nobody_imports_the_starter(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] != "run" for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level > 0 or (node.module or "").split(".")[0] != "run"


@pytest.mark.parametrize("path", files("tests"), ids=name_of)
def test_no_test_sleeps(path: Path) -> None:
    if name_of(path) == "tests/actors/runtime/test_tripwires.py":
        return  # The tripwires must catch a sleep.
    wrong = [
        line
        for line, called, owner in calls(parsed(path))
        if called == "sleep" and owner in ("time", "asyncio", None)
    ]
    assert wrong == [], f"{name_of(path)}: time is a fake clock; wait for an event"


TEXT_MODE = re.compile(r"[rwax]\+?t?|[rwax]t?\+")


def lacks_encoding(call: ast.Call) -> bool:
    """Whether it reads or writes text in whatever encoding the locale has."""
    given = {keyword.arg for keyword in call.keywords}
    if "encoding" in given:
        return False
    match call.func:
        case ast.Attribute(attr="read_text"):
            return not call.args
        case ast.Attribute(attr="write_text"):
            return len(call.args) < 2
        case ast.Attribute(attr="open") | ast.Name(id="open"):
            modes = [word.value for word in call.args if isinstance(word, ast.Constant)]
            return any(isinstance(mode, str) and TEXT_MODE.fullmatch(mode) for mode in modes)
        case ast.Attribute(attr="run" | "Popen" | "check_output", value=ast.Name(id="subprocess")):
            return bool({"text", "universal_newlines"} & given)
        case _:
            return False


@pytest.mark.parametrize("path", files(*CODE, "tests"), ids=name_of)
def test_text_is_read_and_written_in_a_named_encoding(path: Path) -> None:
    if name_of(path) == "gateway/paper/launch.py":
        return  # Both ends of that pipe are ours and have the same locale.
    wrong = [
        node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Call) and lacks_encoding(node)
    ]
    assert wrong == [], f"{name_of(path)}: name the encoding: the user's locale may have another"


def tracked() -> list[str]:
    if shutil.which("git") is None:
        pytest.skip("no git on the PATH, which says what is committed")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_path_of_a_machine_and_no_loose_end_is_committed() -> None:
    machine = re.compile(r"(^|[^A-Za-z0-9_.])/(work|home|root|Users)/[a-z]")
    loose = re.compile(r"\b(TODO|FIXME|XXX)\b|# type: ignore$|pytest\.mark\.skip\b")
    wrong = []
    for name in tracked():
        if name.startswith("tests/tidy/") or not name.endswith((".py", ".md", ".toml", ".yaml", ".lock")):
            continue
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), start=1):
            if machine.search(line) or (name.endswith(".py") and loose.search(line)):
                wrong.append(f"{name}:{number}: {line.strip()}")
    assert wrong == []


def test_locks_and_build_files_name_no_registry() -> None:
    host = re.compile(r"index-url|find-links|https?://")
    locks = sorted(path.name for path in ROOT.glob("requirements*.lock"))
    for name in (*locks, "pyproject.toml", "Dockerfile"):
        path = ROOT / name
        if path.exists():
            lines = [line for line in path.read_text("utf-8").splitlines() if host.search(line)]
            assert lines == [], name


def test_the_type_checker_refuses_what_it_must() -> None:
    """`tests/tidy/refused_by_types.py` shows that it does, but only under these settings."""
    settings = PROJECT["tool"]["mypy"]
    assert settings["strict"] is True
    assert "tests" in settings["packages"]
    assert "unused-awaitable" in settings["enable_error_code"]
