"""Both locks are closed, so they can be installed without resolving; a lock that is not is detected."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tidy.locks import Metadata, gaps, installed, locked_here

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": [*RUNTIME, *PROJECT["project"]["optional-dependencies"]["dev"]],
}
INDEX = {
    "app": Metadata("1.0", ("Web.Server[fast] >=2", "old; python_version < '3'")),
    "web-server": Metadata("2.1", ("loop[c]; extra == 'fast'", "docs-tool; extra == 'docs'")),
    "loop": Metadata("3.0", ("speedups <5; extra == 'c'",)),
    "speedups": Metadata("4.0", ()),
}
LOCK = """\
app==1.0 \\
    --hash=sha256:00
web-server==2.1 \\
    --hash=sha256:00
loop==3.0 ; sys_platform == 'linux' \\
    --hash=sha256:00
speedups==4.0 \\
    --hash=sha256:00
elsewhere==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
"""


@pytest.mark.parametrize("name", WANTED)
def test_the_lock_is_closed(name: str) -> None:
    assert gaps((ROOT / name).read_text("utf-8"), WANTED[name], installed) == []


@pytest.mark.parametrize("name", WANTED)
def test_every_requirement_of_the_lock_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    assert [line for line in text.splitlines() if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line)] == []


def test_both_locks_agree() -> None:
    runtime, dev = (locked_here((ROOT / name).read_text("utf-8")) for name in WANTED)
    assert runtime.items() <= dev.items()


@pytest.mark.parametrize(
    ("name", "line", "lacks"),
    [
        ("requirements.lock", "starlette", "fastapi requires starlette"),
        ("requirements.lock", "tenacity", "the project requires tenacity"),
        ("requirements-dev.lock", "coverage", "pytest-cov requires coverage[toml]"),
        ("requirements-dev.lock", "execnet", "pytest-xdist requires execnet"),
    ],
)
def test_a_line_that_is_removed_from_a_lock_is_missed(name: str, line: str, lacks: str) -> None:
    text, removed = re.subn(
        rf"^{line}==(.*\\\n)+.*\n", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE
    )
    assert removed == 1
    assert any(
        gap.startswith(lacks) and "not in the lock" in gap for gap in gaps(text, WANTED[name], installed)
    )


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
            [
                'loop[c] requires speedups<5; extra == "c": the lock has 5.0',
                "speedups: locked 5.0, installed 4.0",
            ],
        ),
    ],
)
def test_names_extras_markers_and_versions_are_followed(text: str, found: list[str]) -> None:
    assert sys.platform == "linux"
    assert gaps(text, ["app"], INDEX.__getitem__) == found
