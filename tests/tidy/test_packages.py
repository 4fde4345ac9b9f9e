"""A new package is covered by every tool: the lists of packages agree with the folders."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatch

from tests.tidy.sources import PRODUCTION, PROJECT, ROOT

TOOL = PROJECT["tool"]
NOT_SHIPPED = {"bench", "tests"}
STARTER = "run.py"


def python_files() -> list[str]:
    """Every Python file that is, or could be, committed; without git, every one that is not ignored."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    return [
        path.relative_to(ROOT).as_posix()
        for top in ROOT.iterdir()
        if not top.name.startswith(".") and not any(fnmatch(top.name, pattern) for pattern in ignored)
        for path in ([top] if top.suffix == ".py" else top.rglob("*.py"))
    ]


def test_every_folder_with_code_is_a_package_that_the_tools_know() -> None:
    folders = {name.split("/")[0] for name in python_files() if "/" in name}
    assert folders == {*PRODUCTION, *NOT_SHIPPED}


def test_the_starter_is_the_only_module_outside_a_package() -> None:
    assert [name for name in python_files() if "/" not in name] == [STARTER]


def test_what_is_shipped_and_type_checked_are_the_same_packages() -> None:
    assert set(TOOL["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PRODUCTION)
    assert set(TOOL["mypy"]["packages"]) == {*PRODUCTION, *NOT_SHIPPED}
    assert TOOL["mypy"]["modules"] == [STARTER.removesuffix(".py")]
