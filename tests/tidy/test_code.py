"""House rules that no linter knows. Each failure names file, line and what to do instead."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.tidy.sources import CODE, PROJECT, ROOT, files, name_of, parsed, walked

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
        "cli/live_run.py",
        "cli/commands/alert.py",
        "cli/commands/contract.py",
        "cli/commands/gateway.py",
        "cli/logs.py",
        "cli/dry_cycle.py",
        "cli/commands/dry_run.py",
        "cli/commands/page.py",
        "cli/commands/preflight.py",
        "cli/commands/sweep.py",
        "bench/books.py",
        "reading/switch/arming.py",
        "cli/restoring.py",
        "gateway/paper/paper_venue.py",
        "gateway/paper/server.py",
    },
    "sleep": {
        "gateway/live/orders/combos.py",
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


def calls(tree: ast.AST) -> Iterator[tuple[int, str, str | None]]:
    """Line, called name, and the name before its dot."""
    for node in walked(tree):
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


def clock_sleep_ids_and_print_are_used_only_where_they_belong(name: str, tree: ast.Module) -> Iterator[str]:
    if name.startswith(("tests/", GENERIC)):
        return
    for line, called, owner in calls(tree):
        if (
            called in BANNED_CALLS
            and name not in ALLOWED_FILES.get(called, set())
            and owner not in ALLOWED_CALLS.get(called, set())
        ):
            yield f"{name}:{line}: {called}(): {BANNED_CALLS[called]}"


def no_file_is_too_long_and_each_says_what_it_is_for(name: str, tree: ast.Module) -> Iterator[str]:
    text = (ROOT / name).read_text("utf-8")
    if text.count("\n") > LINES_MAX:
        yield f"{name}: split it"
    if text.strip() and not ast.get_docstring(tree):
        yield f"{name}: say in a docstring what it is for"


def nobody_imports_the_starter(name: str, tree: ast.Module) -> Iterator[str]:
    for node in walked(tree):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module or ""]
        else:
            continue
        if any(module.split(".")[0] == "run" for module in imported):
            yield f"{name}:{node.lineno}: run.py only starts; import what it starts"


def no_test_sleeps(name: str, tree: ast.Module) -> Iterator[str]:
    # The tripwires must catch a sleep.
    if not name.startswith("tests/") or name == "tests/actors/runtime/test_tripwires.py":
        return
    for line, called, owner in calls(tree):
        if called == "sleep" and owner in ("time", "asyncio", None):
            yield f"{name}:{line}: time is a fake clock; wait for an event"


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


def text_is_read_and_written_in_a_named_encoding(name: str, tree: ast.Module) -> Iterator[str]:
    if name == "gateway/paper/launch.py":
        return  # Both ends of that pipe are ours and have the same locale.
    for node in walked(tree):
        if isinstance(node, ast.Call) and lacks_encoding(node):
            yield f"{name}:{node.lineno}: name the encoding: the user's locale may have another"


RULES: tuple[Callable[[str, ast.Module], Iterator[str]], ...] = (
    clock_sleep_ids_and_print_are_used_only_where_they_belong,
    no_file_is_too_long_and_each_says_what_it_is_for,
    nobody_imports_the_starter,
    no_test_sleeps,
    text_is_read_and_written_in_a_named_encoding,
)


@cache
def offences() -> dict[str, list[str]]:
    """What each rule finds, of all files: a test for each rule and file would be 5,800 of them."""
    found: dict[str, list[str]] = {rule.__name__: [] for rule in RULES}
    for path in files(*CODE, "tests"):
        for rule in RULES:
            found[rule.__name__] += rule(name_of(path), parsed(path))
    return found


@pytest.mark.parametrize("rule", [rule.__name__ for rule in RULES])
def test_house_rule_holds_in_every_file(rule: str) -> None:
    assert offences()[rule] == []


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
