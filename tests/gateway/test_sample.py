"""The sample record: replayable as it is, the model's own quotes, the same bytes each time."""

from __future__ import annotations

import resource
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.paper.model_market import DAY_ZERO, ModelMarket
from gateway.paper.record_check import examined
from gateway.paper.recorded import RecordedMarket
from gateway.paper.sample import write_sample

SEED = 1


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "made"
    write_sample(folder, 1, SEED)
    return folder


def test_it_can_be_replayed_and_lacks_nothing_that_a_record_may_have(sample: Path) -> None:
    found = examined(sample, 8.0)
    assert found.usable
    assert not found.problems
    assert not found.holes
    assert not found.not_read


def test_its_quotes_are_the_models(sample: Path) -> None:
    recorded = RecordedMarket(sample / "chains", "move", touch_size=25.0, funding_annual=0.05)
    model = ModelMarket(SEED)
    at = DAY_ZERO + timedelta(hours=14)
    assert recorded.start == DAY_ZERO
    assert list(recorded.expiries(at)) == list(model.expiries(at))
    expiry = model.expiries(at)[4]
    for found, expected in zip(recorded.chain(at, expiry), model.chain(at, expiry), strict=True):
        assert found.instrument == expected.instrument
        assert (found.bid_units, found.ask_units) == (expected.bid_units, expected.ask_units)
        assert found.iv_pct == pytest.approx(expected.iv_pct, abs=1e-4)


def test_the_same_seed_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again", 1, SEED)
    first, again = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (sample, tmp_path / "again")
    )
    assert len(first) > 3
    assert again == first


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(InputError, match="new or empty"):
        write_sample(tmp_path, 1, SEED)
    with pytest.raises(InputError, match="new or empty"):
        write_sample(tmp_path / "precious", 1, SEED)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_sample_that_has_no_room_leaves_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        with pytest.raises(InputError, match="the file can't be written: File too large"):
            write_sample(tmp_path / "sample", 1, SEED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
