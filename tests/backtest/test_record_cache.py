"""A record that is kept is the record that was read."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.paper import recorded
from gateway.paper.recorded import Record, RecordedMarket, read_record
from gateway.paper.recorded_files import Slice
from gateway.paper.sample import write_sample
from lab.backtest import kept_file, record_cache
from lab.backtest.kept_file import READS_MAX
from lab.backtest.record_cache import kept_record, record_digest


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = write_sample(tmp_path_factory.mktemp("record") / "sample", 1, 7)
    return folder


def plain(record: Record) -> object:
    """All of it as plain values."""
    snapshots = [
        (one.at, one.index_usd, one.place, {at: _plain(part) for at, part in one.slices.items()})
        for one in record.snapshots
    ]
    funding = [(each.exchange, each.period, each.all_points()) for each in record.funding]
    return snapshots, record.hourly.all_bars(), record.dvol.all_bars(), funding, record.events


def _plain(part: Slice) -> object:
    return part.instruments, [column if column is None else list(column) for column in part[1:]]


def test_what_is_kept_is_what_was_read(chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept_record(chains, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{record_digest(chains)}.columns"]
    monkeypatch.delattr(recorded, "read_snapshots")
    assert plain(kept_record(chains, tmp_path)) == plain(first)


def test_a_market_on_it_quotes_the_same(chains: Path, tmp_path: Path) -> None:
    kept_record(chains, tmp_path)
    read = RecordedMarket(chains, "move", 25.0, 0.05)
    kept = RecordedMarket(chains, "move", 25.0, 0.05, record=kept_record(chains, tmp_path))
    at = read.start + timedelta(hours=5, minutes=20)
    assert read.expiries(at)
    for expiry in read.expiries(at):
        assert kept.chain(at, expiry) == read.chain(at, expiry)


def test_one_that_is_damaged_is_made_anew(chains: Path, tmp_path: Path) -> None:
    kept_record(chains, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:3000] + b"x" + whole[3001:], b""):
        path.write_bytes(broken)
        assert record_cache._kept(path) is None
        kept_record(chains, tmp_path)
        assert path.read_bytes() == whole


def test_a_cache_that_can_not_be_written_is_done_without(chains: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    assert plain(kept_record(chains, tmp_path / "file" / "cache")) == plain(read_record(chains))


def own_copy(chains: Path, tmp_path: Path) -> Path:
    """A record that a test may change."""
    shutil.copytree(chains.parent, tmp_path / "record")
    return tmp_path / "record" / chains.name


def changing(chains: Path, times: int) -> Callable[[Path], Record]:
    """Reads the record, which something replaces for so many reads before each of them."""
    path = next(chains.glob("*.csv.gz"))
    left = times

    def read(folder: Path) -> Record:
        nonlocal left
        if left:
            left -= 1
            path.write_bytes(path.read_bytes() + gzip.compress(b""))  # Another file with the same rows.
        return read_record(folder)

    return read


def test_what_was_replaced_while_it_was_read_is_not_kept_for_what_it_was(
    chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = own_copy(chains, tmp_path), tmp_path / "cache"
    before = record_digest(folder)
    monkeypatch.setattr(record_cache, "read_record", changing(folder, 1))
    found = kept_record(folder, cache)
    assert before != record_digest(folder)
    assert [path.name for path in cache.iterdir()] == [f"{record_digest(folder)}.columns"]
    assert plain(found) == plain(read_record(folder))


def test_a_record_that_does_not_come_to_rest_is_refused_and_nothing_is_kept(
    chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = own_copy(chains, tmp_path), tmp_path / "cache"
    monkeypatch.setattr(record_cache, "read_record", changing(folder, READS_MAX))
    with pytest.raises(InputError, match="found them changed 3 times; wait for what writes them to end"):
        kept_record(folder, cache)
    assert not cache.exists()


def test_a_cache_file_that_can_not_be_replaced_leaves_no_draft(chains: Path, tmp_path: Path) -> None:
    (tmp_path / f"{record_digest(chains)}.columns" / "in the way").mkdir(parents=True)
    assert plain(kept_record(chains, tmp_path)) == plain(read_record(chains))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_cache_file_that_can_not_be_written_leaves_no_draft(failure: BaseException, tmp_path: Path) -> None:
    def parts() -> Iterable[bytes]:
        yield b"some"
        raise failure

    if isinstance(failure, OSError):
        assert not kept_file.write_kept(tmp_path / "kept", parts())
    else:
        with pytest.raises(KeyboardInterrupt):
            kept_file.write_kept(tmp_path / "kept", parts())
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_in_place_of_what_is_kept_is_not_waited_for(chains: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{record_digest(chains)}.columns")
    assert plain(kept_record(chains, tmp_path)) == plain(read_record(chains))
    (kept,) = tmp_path.iterdir()
    assert kept.is_file()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("folder", ["chains", "series"])
def test_a_pipe_among_the_files_is_refused_and_not_waited_for(
    folder: str, chains: Path, tmp_path: Path
) -> None:
    own = own_copy(chains, tmp_path)
    os.mkfifo((own if folder == "chains" else own.parent) / "zz.csv")
    with pytest.raises(InputError, match=r"zz.csv, line 0: expected a file, found no plain file"):
        kept_record(own, tmp_path / "cache")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "no plain file"),
        (lambda path: path.symlink_to("nowhere"), "none; it may be a link that leads nowhere"),
    ],
    ids=["folder", "device", "link"],
)
def test_what_stands_in_a_file_s_place_is_named(
    make: Callable[[Path], None], found: str, chains: Path, tmp_path: Path
) -> None:
    own = own_copy(chains, tmp_path)
    make(own / "zz.csv")
    with pytest.raises(InputError, match=f"zz.csv, line 0: expected a file, found {found}"):
        record_digest(own)
