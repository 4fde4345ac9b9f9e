"""Columns that are kept are the columns that were read, and what is damaged is read anew."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, InputError
from lab.backtest import columns_cache
from lab.backtest.columns import ColumnMap, Columns, read_columns, read_map
from lab.backtest.columns_cache import kept_columns
from lab.backtest.kept_file import READS_MAX

NAMES = ColumnMap(
    time="day",
    expiration="expires",
    strike="strike",
    kind="kind",
    put="p",
    spot="spot",
    bid="bid",
    ask="ask",
    mark="mark",
    iv="iv",
    delta="delta",
)
TEXT = """day,expires,strike,kind,spot,bid,ask,mark,iv,delta
2026-01-02,2026-01-16,2800,p,3000,0.01,0.011,0.0105,0.6,-0.2
2026-01-02,2026-01-16,2900,c,3000,0.05,,0.0505,0.61,0.6
2026-01-03,2026-01-16,2800,p,3010,0.009,0.01,0.0095,0.59,-0.19
"""


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    path = tmp_path / "chains.csv"
    path.write_text(TEXT, "utf-8")
    return path


def plain(columns: Columns) -> list[list[float]]:
    return [list(column) for column in columns]


def test_what_is_kept_is_what_was_read(chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = plain(read_columns(chains, NAMES))
    assert plain(kept_columns(chains, NAMES, tmp_path / "cache")) == read
    monkeypatch.delattr(columns_cache, "read_columns")
    assert plain(kept_columns(chains, NAMES, tmp_path / "cache")) == read


def test_another_map_or_another_file_finds_nothing_of_it(chains: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    kept_columns(chains, NAMES, cache)
    later = NAMES.model_copy(update={"time_of_day": "09:00"})
    assert plain(kept_columns(chains, later, cache)) == plain(read_columns(chains, later))
    chains.write_text(TEXT.replace("2800", "2750"), "utf-8")
    assert plain(kept_columns(chains, NAMES, cache)) == plain(read_columns(chains, NAMES))
    assert len(list(cache.iterdir())) == 3


def test_one_that_is_damaged_is_made_anew(chains: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    read = plain(kept_columns(chains, NAMES, cache))
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    for broken in (b"", whole[:-1], whole[:70] + b"x" + whole[71:]):
        path.write_bytes(broken)
        assert plain(kept_columns(chains, NAMES, cache)) == read
        assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(chains: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", "utf-8")
    assert plain(kept_columns(chains, NAMES, tmp_path / "cache")) == plain(read_columns(chains, NAMES))


def changing(chains: Path, times: int) -> Callable[[Path, ColumnMap], Columns]:
    """Reads the file, which something rewrites for so many reads before each of them."""
    left = times

    def read(path: Path, names: ColumnMap) -> Columns:
        nonlocal left
        if left:
            left -= 1
            chains.write_text(TEXT.replace("2800", f"{2700 + 5 * left}"), "utf-8")
        return read_columns(path, names)

    return read


def test_what_was_replaced_while_it_was_read_is_not_kept_for_what_it_was(
    chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    with monkeypatch.context() as patched:
        patched.setattr(columns_cache, "read_columns", changing(chains, 1))
        later = plain(kept_columns(chains, NAMES, cache))
    assert later == plain(read_columns(chains, NAMES))
    assert len(list(cache.iterdir())) == 1
    chains.write_text(TEXT, "utf-8")
    assert plain(kept_columns(chains, NAMES, cache)) == plain(read_columns(chains, NAMES)) != later


def test_a_file_that_does_not_come_to_rest_is_refused_and_nothing_is_kept(
    chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_cache, "read_columns", changing(chains, READS_MAX))
    with pytest.raises(InputError, match=f"{chains}: expected files that stay as they are"):
        kept_columns(chains, NAMES, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_file_that_can_not_be_replaced_leaves_no_draft(chains: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    kept_columns(chains, NAMES, cache)
    (kept,) = cache.iterdir()
    kept.unlink()
    (kept / "in the way").mkdir(parents=True)
    assert plain(kept_columns(chains, NAMES, cache)) == plain(read_columns(chains, NAMES))
    assert list(cache.iterdir()) == [kept]


def test_a_pipe_in_place_of_what_is_kept_is_not_waited_for(chains: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    read = plain(kept_columns(chains, NAMES, cache))
    (kept,) = cache.iterdir()
    kept.unlink()
    os.mkfifo(kept)
    assert plain(kept_columns(chains, NAMES, cache)) == read
    assert kept.is_file()


def test_what_was_kept_without_being_checked_is_read_anew(
    chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    crossed = read_columns(chains, NAMES)._replace(bids_eth=array("d", [9.0] * 3))
    with monkeypatch.context() as before:
        before.setattr(columns_cache, "FORM", b"cerbero-bite columns 1\n")
        before.setattr(columns_cache, "read_columns", lambda *_: crossed)
        kept_columns(chains, NAMES, cache)
    assert plain(kept_columns(chains, NAMES, cache)) == plain(read_columns(chains, NAMES))


def test_nothing_is_kept_of_a_file_with_a_wrong_row(chains: Path, tmp_path: Path) -> None:
    chains.write_text(TEXT.replace(",0.009,0.01,", ",0.01,0.009,"), "utf-8")
    for _ in range(2):
        with pytest.raises(InputError, match=r"^chains.csv, line 4: bid: expected at most the ask price"):
            kept_columns(chains, NAMES, tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_refuses_what_is_no_file_without_waiting_for_it(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder.csv", tmp_path / "pipe.csv"
    folder.mkdir()
    os.mkfifo(pipe)
    for path, found in ((folder, "a folder"), (pipe, "no plain file"), (tmp_path / "nowhere.csv", "none")):
        with pytest.raises(InputError, match=f"^{path}: expected a file of snapshots .*, found {found}$"):
            kept_columns(path, NAMES, tmp_path / "cache")


def test_a_map_that_is_not_there_or_lacks_a_field_is_told_as_a_map(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    with pytest.raises(ConfigError) as raised:
        read_map(path)
    assert str(raised.value) == f"{path}: expected a file, found none in {tmp_path}"
    path.write_text("time: t\n", "utf-8")
    with pytest.raises(ConfigError, match=f"{path}:1: expiration: expected a value, found none"):
        read_map(path)
