"""Tests see the same environment whatever the shell or the CI says (`tests/environment.py`)."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests import environment

FOREIGN = {
    "GITHUB_ACTIONS": "true",
    "FORCE_COLOR": "1",
    "PY_COLORS": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "COLUMNS": "40",
    "LINES": "3",
    "TZ": "America/New_York",
    "LANG": "C",
    "LC_ALL": "C",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "GIT_DIR": "/nowhere",
    "PYTHONWARNINGS": "error",
    "XDG_RUNTIME_DIR": "/nowhere",
    "CERBERO_BITE_MCP_URL": "http://of-the-user",
}


def test_what_the_shell_says_is_replaced_or_left_out() -> None:
    seen = environment.known({**FOREIGN, "PATH": "/bin", "CERBERO_BITE_TEST_DATA": "/recorded"})
    assert seen == {**environment.GIVEN, "PATH": "/bin", "CERBERO_BITE_TEST_DATA": "/recorded"}


def test_a_temporary_folder_is_kept_unless_sockets_in_it_would_have_too_long_a_path() -> None:
    assert environment.known({"TMPDIR": "/scratch"})["TMPDIR"] == "/scratch"
    assert "TMPDIR" not in environment.known({"TMPDIR": "/" + "l" * 120})
    assert "TMPDIR" not in environment.known({"TMPDIR": ""})


def test_files_lie_in_memory_if_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    for free, found in ((environment.MEMORY_FREE_MIN_BYTES, {"TMPDIR": str(tmp_path)}), (64 * 1024**2, {})):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert environment.in_memory(tmp_path) == found


def test_without_such_a_folder_they_lie_where_the_machine_says(tmp_path: Path) -> None:
    assert environment.in_memory(tmp_path / "none") == {}


def test_bytecode_is_kept_all_the_same_where_the_shell_wants_none_beside_the_sources() -> None:
    none = {"PYTHONDONTWRITEBYTECODE": "1"}
    assert environment.known(none) == {**environment.GIVEN, "PYTHONPYCACHEPREFIX": str(environment.BYTECODE)}
    elsewhere = {"PYTHONPYCACHEPREFIX": "/elsewhere"}
    assert environment.known({**none, **elsewhere}) == {**environment.GIVEN, **elsewhere}


def test_tests_and_the_processes_that_they_start_see_nothing_else() -> None:
    assert dict(os.environ) == environment.known(os.environ)
    assert time.tzname[0] == "Test"
    before = os.umask(0)
    os.umask(before)
    assert before == environment.UMASK
