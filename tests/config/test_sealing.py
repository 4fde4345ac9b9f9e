"""The golden hash is written where it belongs, and the file is otherwise what it was."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import load_strategy, write_hash, write_local_hash
from config import sealing as sealing_module
from core.errors import ConfigError
from tests.config.test_strategy_file import written


def test_writing_the_hash_keeps_comments_and_order(tmp_path: Path) -> None:
    path = written(
        tmp_path, "# head\nconfig_hash: null  # sealed by a person\n\nentry:\n  vrp_min_pts: 2  # points\n"
    )
    computed = write_hash(path)
    assert path.read_text(encoding="utf-8") == (
        f'# head\nconfig_hash: "{computed}"  # sealed by a person\n\nentry:\n  vrp_min_pts: 2  # points\n'
    )
    assert load_strategy(path).hash_matches
    assert write_hash(path) == computed
    assert [child.name for child in tmp_path.iterdir()] == ["strategy.yaml"]


def test_writing_the_hash_into_a_file_without_one_adds_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    write_hash(path)
    assert load_strategy(path).hash_matches


def test_an_invalid_file_is_not_sealed(tmp_path: Path) -> None:
    path = written(tmp_path, "entry:\n  x: 2\n")
    with pytest.raises(ConfigError):
        write_hash(path)
    assert path.read_text(encoding="utf-8") == "entry:\n  x: 2\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "# nothing yet",
        "---\n",
        "---\nstrategy:\n  name: x\n",
        "--- # a document\nstrategy:\n  name: x\n...\n",
        '"config_hash": "abc"\nstrategy:\n  name: x\n',
        "'config_hash' : abc\nstrategy:\n  name: x\n",
        'config_hash : "abc"\nstrategy:\n  name: x\n',
        'config_hash:\n  "abc"\nstrategy:\n  name: x\n',
        "config_hash:\nstrategy:\n  name: x\n",
        "config_hash: # of nothing\nstrategy:\n  name: x\n",
        "config_hash: |\n  abc\nstrategy:\n  name: x\n",
        "config_hash: >-\n  abc\n\nstrategy:\n  name: x\n",
        "? config_hash\n: abc\nstrategy:\n  name: x\n",
        "config_hash: !!str abc\nstrategy:\n  name: x\n",
        "config_hash: ~",
        '\ufeffconfig_hash: "abc"\nstrategy:\n  name: x\n',
        "\ufeffstrategy:\n  name: x\n",
        "\ufeff# a comment\nstrategy:\n  name: x\n",
        "{strategy: {name: x}}\n",
        "{strategy: {name: x}, config_hash: abc}\n",
        "{config_hash: , strategy: {name: x}}\n",
        "{\n  strategy: {name: x}\n}\n",
        "  strategy:\n    name: x\n",
        "%YAML 1.1\n---\nstrategy:\n  name: x\n",
        "strategy:\r\n  name: x\r\n",
        'config_hash: "abc"\r\nstrategy:\r\n  name: x\r\n',
        "strategy: {name: 'config_hash: abc'}\n",
        "# config_hash: of old\nstrategy:\n  name: x # config_hash: no\n",
        "strategy:\n  name: x\nconfig_hash: abc # last",
    ],
)
def test_whatever_the_spelling_the_file_is_sealed_and_otherwise_the_same(tmp_path: Path, text: str) -> None:
    path = tmp_path / "strategy.yaml"
    path.write_bytes(text.encode())
    before = load_strategy(path)
    computed = write_hash(path)
    after = load_strategy(path)
    assert after.hash_matches
    assert after.strategy == before.strategy
    assert sorted(path.parent.iterdir()) == [path]
    kept = path.read_bytes()
    assert kept.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
    assert kept.count(b"\r\n") == kept.count(b"\n") or "\r\n" not in text
    for comment in (line.partition("#")[2] for line in text.splitlines() if "#" in line):
        assert comment.encode() in kept
    assert write_hash(path) == computed
    assert path.read_bytes() == kept


def test_what_cannot_be_sealed_alone_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "strategy:\n  name: x\n")
    monkeypatch.setattr(sealing_module, "_sealed", lambda text, value: f"{text}entry: {{dvol_min_pts: 40}}\n")
    with pytest.raises(ConfigError, match="nothing was changed; write this line by hand: config_hash"):
        write_hash(path)
    assert path.read_text(encoding="utf-8") == "strategy:\n  name: x\n"


def test_mode_and_link_stay(tmp_path: Path) -> None:
    path = written(tmp_path, "strategy:\n  name: x\n", "real.yaml")
    path.chmod(0o640)
    link = tmp_path / "strategy.yaml"
    link.symlink_to("real.yaml")
    write_hash(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load_strategy(link).hash_matches


def test_a_file_that_cannot_be_replaced_is_written_in_place_without_a_leftover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is if the file alone is mounted into a container."""
    path = written(tmp_path, "strategy:\n  name: a longer name than before\n")
    inode = path.stat().st_ino

    def busy(self: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    write_hash(path)
    assert load_strategy(path).hash_matches
    assert path.stat().st_ino == inode
    assert list(tmp_path.iterdir()) == [path]


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, refused: int) -> None:
    """As of a file system that is read-only, for whoever opens with one of these flags."""
    usual = os.open

    def opened(path: str, flags: int, *more: int, **others: int) -> int:
        if flags & refused:
            raise OSError(30, "Read-only file system", str(path))
        return usual(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", opened)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may become longer, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("is_mounted", [False, True])
def test_without_room_for_the_hash_the_file_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_mounted: bool
) -> None:
    text = "strategy:\n  name: x\n# The last line.\n"
    path = written(tmp_path, text)

    if is_mounted:
        refuse_to_open(monkeypatch, os.O_EXCL)
    with room_for(len(text) + 8), pytest.raises(ConfigError, match="can be written: File too large"):
        write_hash(path)
    assert path.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_at_all_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "strategy:\n  name: x\n")
    refuse_to_open(monkeypatch, os.O_EXCL | os.O_WRONLY | os.O_RDWR)
    with pytest.raises(ConfigError, match="expected a file that can be written: Read-only file system"):
        write_hash(path)
    assert path.read_bytes() == b"strategy:\n  name: x\n"


@pytest.mark.timeout(20)
def test_what_is_no_plain_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    """A device or a pipe that is sealed would be a plain file afterwards, for everybody who uses it."""
    pipe, link = tmp_path / "pipe.yaml", tmp_path / "strategy.yaml"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(ConfigError, match="expected a plain file, found a pipe"):
            write_hash(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [pipe, link]


def test_a_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "strategy:\n  name: x\n")
    with path.open("ab") as file:
        file.truncate(1 << 40)  # Without a byte on the disk.
    with pytest.raises(ConfigError, match="expected settings of at most 1,048,576 bytes, found more"):
        write_hash(path)


@pytest.fixture
def raised_limit(tmp_path: Path) -> Path:
    """A sealed strategy, and a local file that raises a limit."""
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    write_hash(path)
    written(tmp_path, "limits:\n  contracts_max: 9\n", "strategy.local.yaml")
    return path


def test_a_limit_that_is_raised_without_a_seal_is_refused_and_says_what_to_do(raised_limit: Path) -> None:
    loaded = load_strategy(raised_limit)
    assert loaded.hash_matches
    with pytest.raises(ConfigError) as raised:
        loaded.require_hash()
    text = str(raised.value)
    assert text.startswith(f"{raised_limit.with_name('strategy.local.yaml')}: config_hash: expected ")
    assert "found none" in text
    assert "limits.contracts_max=9" in text
    assert "run.py config hash --write" in text


@pytest.mark.parametrize(
    "text",
    [
        "protections:\n  drawdown_max_frac: null\n",
        "protections:\n  drawdown_window_d: 1\n",
        "protections:\n  loss_max_multiple: 1000\n",
        "protections:\n  losing_trades_max: null\n",
        "exits:\n  margin_warn: null\n",
        "exits:\n  margin_exit: null\n",
    ],
)
def test_what_stops_the_strategy_is_not_switched_off_without_a_seal(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    write_hash(path)
    written(tmp_path, text, "strategy.local.yaml")
    with pytest.raises(ConfigError, match=r"strategy\.local\.yaml: config_hash: expected "):
        load_strategy(path).require_hash()
    assert write_local_hash(path) is not None
    load_strategy(path).require_hash()


@pytest.mark.parametrize("key", ["limits", "sizing"])
def test_a_sealed_override_holds_until_either_file_changes(tmp_path: Path, key: str) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    write_hash(path)
    field = {"limits": "contracts_max: 9", "sizing": "contracts_max: 1"}[key]
    local = written(tmp_path, f"{key}:\n  {field}\n", "strategy.local.yaml")
    sealed = write_local_hash(path)
    assert sealed is not None
    load_strategy(path).require_hash()
    assert write_local_hash(path) == sealed
    base = path.read_text(encoding="utf-8")
    path.write_text(base.replace("vrp_min_pts: 2", "vrp_min_pts: 3"), encoding="utf-8")
    write_hash(path)
    with pytest.raises(ConfigError, match=r"strategy\.local\.yaml"):
        load_strategy(path).require_hash()
    path.write_text(base, encoding="utf-8")
    load_strategy(path).require_hash()
    local.write_text(local.read_text(encoding="utf-8") + "entry:\n  vrp_min_pts: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"strategy\.local\.yaml"):
        load_strategy(path).require_hash()


def test_other_overrides_need_no_seal_and_their_file_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    write_hash(path)
    local = written(tmp_path, "entry:\n  vrp_min_pts: 1\n", "strategy.local.yaml")
    load_strategy(path).require_hash()
    assert write_local_hash(path) is None
    assert local.read_text(encoding="utf-8") == "entry:\n  vrp_min_pts: 1\n"


def test_the_seal_of_the_strategy_does_not_seal_its_overrides(raised_limit: Path) -> None:
    """Nor may a hash be copied from one file to the other."""
    local = raised_limit.with_name("strategy.local.yaml")
    computed = load_strategy(raised_limit).hash_computed
    local.write_text(f'config_hash: "{computed}"\nlimits:\n  contracts_max: 9\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        load_strategy(raised_limit).require_hash()
