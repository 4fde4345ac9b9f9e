"""Results are written whole or not at all, and what can't be written is named with its option."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.main import main
from cli.result_files import require_file, require_folder, write_result
from core.errors import InputError
from tests.without_root import NOBODY, without_root

RUN = ("backtest", "--model", "--to", "2026-01-10")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may become longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("before", [None, "the old result"])
def test_without_room_what_was_there_is_left(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "out.json"
    if before is not None:
        path.write_text(before, "utf-8")
    with room_for(100), pytest.raises(InputError) as raised:
        write_result("--json", path, "x" * 101)
    assert str(raised.value) == f"--json {path}: the file can't be written: File too large"
    assert [each.read_text("utf-8") for each in tmp_path.iterdir()] == ([] if before is None else [before])


def test_a_file_keeps_its_mode_and_a_new_one_has_that_of_the_process(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("", "utf-8")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        write_result("--json", old, "{}")
        write_result("--json", new, "{}")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, 0o640]
    assert sorted(tmp_path.iterdir()) == [new, old]


@pytest.fixture
def persons_folder() -> Iterator[Path]:
    """A folder of a person who is not root, with a file in it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "out.json").write_text("the old result", "utf-8")
    if os.geteuid() == 0:
        for path in (folder, folder / "out.json"):
            os.chown(path, NOBODY, NOBODY)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_file_of_a_folder_that_can_not_be_written_in_is_written_in_place(persons_folder: Path) -> None:
    path = persons_folder / "out.json"
    persons_folder.chmod(0o500)
    with without_root():
        require_file("--json", path)
        write_result("--json", path, "{}")
        with pytest.raises(InputError, match=r"--json .*: expected a file that can be written"):
            require_file("--json", persons_folder / "another.json")
        with pytest.raises(InputError, match=r"--out .*: expected a folder to write in"):
            require_folder("--out", persons_folder / "out")
    assert path.read_text("utf-8") == "{}"


def test_a_file_that_is_written_in_place_is_left_without_room(persons_folder: Path) -> None:
    path = persons_folder / "out.json"
    persons_folder.chmod(0o500)
    with without_root(), room_for(100), pytest.raises(InputError, match="File too large"):
        write_result("--json", path, "x" * 101)
    assert path.read_text("utf-8") == "the old result"


def test_a_file_that_is_written_in_place_may_be_write_only(persons_folder: Path) -> None:
    path = persons_folder / "out.json"
    path.chmod(0o200)
    persons_folder.chmod(0o500)
    with without_root():
        write_result("--json", path, "{}")
        write_result("--json", path, "x" * 5000)
    path.chmod(0o600)
    assert path.read_text("utf-8") == "x" * 5000


def test_a_file_that_may_not_be_written_is_not_replaced(persons_folder: Path) -> None:
    path = persons_folder / "out.json"
    path.chmod(0o400)
    with without_root():
        with pytest.raises(InputError, match="the file can't be written: Permission denied"):
            write_result("--json", path, "{}")
        with pytest.raises(InputError, match="expected a file that can be written"):
            require_file("--json", path)
    assert path.read_text("utf-8") == "the old result"


def test_a_place_that_takes_no_file_is_refused_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    for path, problem in (
        (tmp_path, "expected a file, found a folder"),
        (tmp_path / "absent" / "out.json", "expected a file in an existing folder"),
        (file / "out.json", "expected a file in an existing folder"),
    ):
        with pytest.raises(InputError) as raised:
            require_file("--json", path)
        assert str(raised.value) == f"--json {path}: {problem}"
    for path, problem in ((file, "found a file"), (file / "out", f"found the file {file}")):
        with pytest.raises(InputError) as raised:
            require_folder("--out", path)
        assert str(raised.value) == f"--out {path}: expected a folder, {problem}"
    require_file("--json", file)
    require_folder("--out", tmp_path / "new" / "out")


@pytest.mark.parametrize(
    ("option", "name"), [("--out", "out/run.json"), ("--json", "out.json")], ids=["out", "json"]
)
def test_a_backtest_names_option_and_file_and_tells_what_it_found(
    option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name.partition("/")[0]
    with room_for(500):
        assert main([*RUN, option, str(path)]) == 2
    told = capsys.readouterr()
    assert "cycles" in told.out
    assert told.err.endswith(
        f"error: {option} {tmp_path / name}: the file can't be written: File too large\n"
    )
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_a_page_that_can_not_be_made_is_named_and_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> str:
        raise OSError(27, "File too large")

    monkeypatch.setattr("cli.views.html_report.one_file", refuse)
    assert main([*RUN, "--out", str(tmp_path / "out")]) == 2
    assert f"--out {tmp_path / 'out' / 'report.html'}: the page can't be made: File too large" in (
        capsys.readouterr().err
    )
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"run.json", "trades.csv", "account.csv"}


def test_a_device_is_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="--json /dev/full: the file can't be written: No space left"):
        write_result("--json", Path("/dev/full"), "{}")
    write_result("--json", Path(os.devnull), "{}")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_present_folder_that_is_gone_is_told_by_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for require, option in ((require_file, "--json"), (require_folder, "--out")):
        with pytest.raises(InputError, match=f"{option} out: expected to be in a folder that is there"):
            require(option, Path("out"))
