"""Paths that a person or a script gives: none that was left empty, and nothing replaced that is no file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from cli.result_files import write_result
from tests.cli.support import Cli


@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "--data-dir"),
        ("status", "--data-dir"),
        ("stop", "--data-dir"),
        ("kill-switch", "arm", "--reason", "x", "--data-dir"),
        ("state", "rebuild", "--from-audit"),
        ("venue", "--data-dir"),
        ("paper", "--data-dir"),
        ("paper", "--chains"),
        ("paper", "--json"),
        ("data", "check"),
        ("config", "hash", "--write", "--strategy"),
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], nothing: str
) -> None:
    """`--data-dir "$UNSET"` would start another engine elsewhere, in which nothing is armed."""
    monkeypatch.chdir(tmp_path)
    ran = cli(*arguments, nothing)
    assert ran.code == 2
    assert "expected a path, found nothing" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(20)
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """As is /dev/stdout, or /dev/null, which a report would replace for everybody on the machine."""
    pipe = tmp_path / "out.json"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    write_result("--json", pipe, "{}")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert read == ["{}"]


def test_a_link_stays_one_and_its_file_is_replaced_whole(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "out.json"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    write_result("--json", link, "{}")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "{}"
    assert sorted(tmp_path.iterdir()) == [link, real]
