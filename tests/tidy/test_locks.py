"""Both locks are closed and their hashes whole, so that nothing is resolved; what is not so is detected."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.environment import OUTSIDE
from tests.tidy.locks import (
    MACHINES,
    PYTHONS,
    SUPPORTED,
    Metadata,
    environment,
    gaps,
    installed,
    locked,
    not_as_locked,
    too_few_hashes,
)
from tests.tidy.sources import CODE, files, parsed, walked

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [
    *PROJECT["build-system"]["requires"],
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["page"],
]
EXTRAS = [
    *PROJECT["project"]["optional-dependencies"]["research"],
    *PROJECT["project"]["optional-dependencies"]["cluster"],
]
"""What research needs beside the rest; whoever lacks it is told so by name."""
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": [*RUNTIME, *EXTRAS, *PROJECT["project"]["optional-dependencies"]["dev"]],
}
TEXTS = {name: (ROOT / name).read_text("utf-8") for name in WANTED}
HASH = "--hash=sha256:" + "0" * 64
INDEX = {
    "app": Metadata("1.0", ("Web.Server[fast] >=2", "old; python_version < '3'")),
    "web-server": Metadata("2.1", ("loop[c]; extra == 'fast'", "docs-tool; extra == 'docs'")),
    "loop": Metadata("3.0", ("speedups <5; extra == 'c'",)),
    "speedups": Metadata("4.0", ()),
}
LOCK = f"""\
app==1.0 \\
    {HASH}
web-server==2.1 \\
    {HASH}
loop==3.0 ; sys_platform == 'linux' \\
    {HASH}
speedups==4.0 \\
    {HASH}
elsewhere==1.0 ; sys_platform == 'win32' \\
    {HASH}
"""


def gaps_anywhere(text: str, name: str) -> set[str]:
    return {gap for there in SUPPORTED for gap in gaps(locked(text), WANTED[name], installed, there)}


@pytest.mark.parametrize("name", WANTED)
def test_the_lock_is_closed_on_every_supported_python_and_machine(name: str) -> None:
    assert gaps_anywhere(TEXTS[name], name) == set()


@pytest.mark.parametrize("name", WANTED)
def test_what_is_locked_is_what_is_installed(name: str) -> None:
    assert not_as_locked(locked(TEXTS[name]), installed) == []


@pytest.mark.parametrize("name", WANTED)
def test_no_wheel_lacks_its_hash(name: str) -> None:
    assert too_few_hashes(locked(TEXTS[name]), installed) == []


IMPORT_LINE = re.compile(r"^\s*(?:import|from)\s+(\w+)", re.MULTILINE)
"""Also a line of a text; what a statement imports begins a line, as the linter demands."""


def imported(*folders: str) -> set[str]:
    """The distributions from which these folders import."""
    lines: dict[str, list[Path]] = {}
    for path in files(*folders):
        for name in set(IMPORT_LINE.findall(path.read_text("utf-8"))):
            lines.setdefault(name, []).append(path)
    known = packages_distributions()
    foreign = lines.keys() - sys.stdlib_module_names - {*CODE, "tests"}
    really = [name for name in foreign if any(name in imports(parsed(path)) for path in lines[name])]
    return {canonicalize_name(distribution) for name in really for distribution in known.get(name, [name])}


def imports(tree: ast.Module) -> set[str]:
    """The packages that its statements import, also within functions."""
    names: set[str] = set()
    for node in walked(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names.add(node.module.split(".")[0])
    return names


def declared(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def test_whatever_is_imported_is_declared() -> None:
    """Not only required by something else, which may one day do without it."""
    shipped = imported(*(folder for folder in CODE if folder != "bench"))
    assert shipped - declared(RUNTIME) == declared(EXTRAS)
    groups = PROJECT["dependency-groups"]
    apart = [*groups["browser"], *groups["strangers"]]
    assert imported("bench", "tests") - declared([*WANTED["requirements-dev.lock"], *apart]) == set()


def disagreements(runtime: str, dev: str) -> set[str]:
    """What the lock for running has otherwise than the one for development, hashes included."""
    return {line.name for line in set(locked(runtime)) - set(locked(dev))}


def test_both_locks_agree() -> None:
    assert disagreements(*TEXTS.values()) == set()


def test_the_lock_of_research_is_closed_and_agrees_with_that_of_development() -> None:
    """Who sweeps installs it alone. Only what reads Parquet is in no environment of the tests."""
    lines = locked((ROOT / "requirements-research.lock").read_text("utf-8"))
    parquet = PROJECT["project"]["optional-dependencies"]["parquet"]
    wanted = [*RUNTIME, *EXTRAS, *parquet]
    assert {gap for there in SUPPORTED for gap in gaps(lines, wanted, installed, there)} == set()
    apart = {line.name for line in set(lines) - set(locked(TEXTS["requirements-dev.lock"]))}
    assert apart == declared(parquet)


@pytest.mark.parametrize("group", ["docs", "browser", "strangers"])
def test_the_lock_of_a_group_is_pinned_and_has_what_is_asked_for(group: str) -> None:
    """The tests' environment lacks what it has, so that what a line requires is seen by `pip check` alone."""
    lines = {
        line.name: line.version for line in locked((ROOT / f"requirements-{group}.lock").read_text("utf-8"))
    }
    asked = [Requirement(text) for text in PROJECT["dependency-groups"][group]]
    assert asked
    for requirement in asked:
        assert requirement.specifier.contains(lines[canonicalize_name(requirement.name)])


def test_the_lock_of_the_browser_agrees_with_that_of_the_environment_over_which_it_is_installed() -> None:
    browser = locked((ROOT / "requirements-browser.lock").read_text("utf-8"))
    dev = {line.name: line for line in locked(TEXTS["requirements-dev.lock"])}
    shared = [line for line in browser if line.name in dev]
    assert [line.name for line in shared] == ["greenlet"]
    assert [(line.version, line.hashes) for line in shared] == [
        (dev[line.name].version, dev[line.name].hashes) for line in shared
    ]


@pytest.mark.parametrize(
    ("name", "line", "lacks"),
    [
        ("requirements.lock", "starlette", "fastapi requires starlette"),
        ("requirements.lock", "tenacity", "the project requires tenacity"),
        ("requirements-dev.lock", "coverage", "pytest-cov requires coverage[toml]"),
        ("requirements-dev.lock", "execnet", "pytest-xdist requires execnet"),
        # Only Python 3.13 needs it.
        ("requirements-dev.lock", "pyyaml-ft", "libcst requires pyyaml-ft"),
    ],
)
def test_a_line_that_is_removed_from_a_lock_is_missed(name: str, line: str, lacks: str) -> None:
    text, removed = re.subn(rf"^{line}==(.*\\\n)+.*\n", "", TEXTS[name], flags=re.MULTILINE)
    assert removed == 1
    found = gaps_anywhere(text, name)
    assert any(gap.startswith(lacks) and "not in the lock" in gap for gap in found)


@pytest.mark.parametrize(
    ("name", "line", "marker"),
    [
        ("requirements-dev.lock", "mypy", "python_version < '3.12'"),
        ("requirements-dev.lock", "mypy", "python_full_version < '3.13.1'"),
        ("requirements.lock", "httpx", "platform_machine == 'x86_64'"),
        ("requirements.lock", "httpx", "platform_machine != 'x86_64'"),
    ],
)
def test_a_line_that_does_not_count_everywhere_is_missed(name: str, line: str, marker: str) -> None:
    text, changed = re.subn(rf"^({line}==\S+)", rf"\1 ; {marker}", TEXTS[name], flags=re.MULTILINE)
    assert changed == 1
    assert any(f"requires {line}" in gap for gap in gaps_anywhere(text, name))


def test_a_second_line_of_one_name_is_noticed() -> None:
    twice = gaps(locked(LOCK + f"app==1.1 {HASH}\n"), [], INDEX.get, environment("3.11", "x86_64"))
    assert "app: locked more than once" in twice


@pytest.mark.parametrize(
    "broken",
    [
        "app==1.0",
        f"app>=1.0 {HASH}",
        f"app {HASH}",
        f"app==1.0 {HASH[:-1]}",
        f"app==1.0 {HASH}0",
        f"app==1.0 {HASH[:-1]}g",
        f"app==1.0 {HASH} {HASH[:-1]}",
        f"app==1.0 --hash=md5:{'0' * 32}",
        "--index-url http://elsewhere",
        f"app @ http://elsewhere {HASH}",
    ],
)
def test_a_line_that_is_not_pinned_or_whose_hash_is_not_whole_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"found (app|--index-url)"):
        locked(LOCK + broken + "\n")


@pytest.mark.parametrize("broken", ["requirements.lock", "requirements-dev.lock"])
def test_a_hash_that_is_wrong_or_missing_in_one_lock_is_noticed(broken: str) -> None:
    line = re.compile(r"(?<=^httpx==)(\S+ \\\n    --hash=sha256:)\w{64}", re.MULTILINE)
    wrong = {**TEXTS, broken: line.sub(rf"\g<1>{'0' * 64}", TEXTS[broken])}
    assert disagreements(*wrong.values()) == {"httpx"}
    missing = {
        **TEXTS,
        broken: re.sub(r"(?<=^httpx==)(\S+ \\\n).*\n", r"\1", TEXTS[broken], flags=re.MULTILINE),
    }
    assert missing[broken].count("--hash") == TEXTS[broken].count("--hash") - 1
    assert disagreements(*missing.values()) == {"httpx"}


@pytest.mark.parametrize("line", ["mypy", "ruff", "coverage"])
def test_one_hash_that_is_left_of_many_is_noticed(line: str) -> None:
    first = rf"(^{line}==.*\\\n.*?) \\\n(?:    --hash.*\n)+"
    text, changed = re.subn(first, r"\1\n", TEXTS["requirements-dev.lock"], flags=re.MULTILINE)
    assert changed == 1
    assert [gap.split(":")[0] for gap in too_few_hashes(locked(text), installed)] == [line]


def without(name: str) -> str:
    return re.sub(rf"^{name}==.*\n.*\n", "", LOCK, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LOCK, []),
        (without("elsewhere"), []),
        (without("app"), ["the project requires app: not in the lock"]),
        (without("web-server"), ["app requires Web.Server[fast]>=2: not in the lock"]),
        (without("loop"), ['web-server[fast] requires loop[c]; extra == "fast": not in the lock']),
        (without("speedups"), ['loop[c] requires speedups<5; extra == "c": not in the lock']),
        (
            LOCK.replace("speedups==4.0", "speedups==5.0"),
            ['loop[c] requires speedups<5; extra == "c": the lock has 5.0'],
        ),
    ],
)
def test_names_extras_markers_and_versions_are_followed(text: str, found: list[str]) -> None:
    assert gaps(locked(text), ["app"], INDEX.get, environment("3.11", "x86_64")) == found


def test_what_is_installed_otherwise_than_locked_is_noticed() -> None:
    assert sys.platform == "linux"
    lines = locked(LOCK.replace("speedups==4.0", "speedups==5.0") + f"more==1.0 {HASH}\n")
    assert not_as_locked(lines, INDEX.get) == [
        "speedups: locked 5.0, installed 4.0",
        "more: locked 1.0, installed none",
    ]


@pytest.mark.soak
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_locked_distribution_has_a_wheel(tmp_path: Path, python: str, machine: str) -> None:
    """Downloads them all, as `make` does: only wheels, by hash.

    pip evaluates markers for the Python that runs it, so the lines that count are chosen here.
    """
    chosen = [
        line for line in locked(TEXTS["requirements-dev.lock"]) if line.applies(environment(python, machine))
    ]
    lock = tmp_path / "chosen.lock"
    lock.write_text(
        "".join(
            f"{line.name}=={line.version} {' '.join(f'--hash=sha256:{digest}' for digest in line.hashes)}\n"
            for line in chosen
        ),
        "utf-8",
    )
    platforms = [f"--platform=manylinux{tag}_{machine}" for tag in ("2014", "_2_17", "_2_28")]
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", f"--python-version={python}"]
    command = [sys.executable, "-m", "pip", "download", "-q", *options, *platforms, "-d", str(tmp_path), "-r"]
    subprocess.run([*command, str(lock)], env=OUTSIDE, check=True)
    assert len(list(tmp_path.glob("*.whl"))) == len(chosen)
