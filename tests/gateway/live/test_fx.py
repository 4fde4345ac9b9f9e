"""Euro and dollar: the bank's rate of the day, held against the venue's index, kept over a weekend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import FxRate, GetFxRate
from gateway.live.errors import AnomalyError
from gateway.live.other_hosts.fx import parsed_rate
from tests.gateway.live.desk import NOW, Desk, on_the_desk, raised

EURO = GetFxRate(base="EUR", quote="USD")
DOCUMENT = (
    b'<?xml version="1.0"?><e:Envelope xmlns:e="http://www.gesmes.org/xml/2002-08-01" '
    b'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time="%s">'
    b'<Cube currency="JPY" rate="165.20"/><Cube currency="USD" rate="%s"/></Cube></Cube></e:Envelope>'
)
GONE: dict[str, tuple[int, object]] = {"eurofxref-daily.xml": (403, b"no")}


def documented(day: str, rate: str) -> dict[str, tuple[int, object]]:
    return {"eurofxref-daily.xml": (200, DOCUMENT % (day.encode(), rate.encode()))}


async def euro(desk: Desk) -> FxRate:
    return await desk.sources.fx.rate(EURO, desk.by())


async def refused(desk: Desk) -> Exception:
    return await raised(desk.sources.fx.rate(EURO, desk.by()))


def test_the_rate_is_dollars_a_euro_of_its_day(tmp_path: Path) -> None:
    found = on_the_desk(tmp_path, euro)
    # A Monday before the bank has published: Friday's.
    assert found == FxRate(rate=1.085, timestamp=datetime(2026, 1, 9, 15, tzinfo=UTC))


def test_the_other_way_round_and_the_same_currency(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[float, float]:
        other = await desk.sources.fx.rate(GetFxRate(base="USD", quote="EUR"), desk.by())
        same = await desk.sources.fx.rate(GetFxRate(base="USD", quote="USD"), desk.by())
        return other.rate, same.rate

    assert on_the_desk(tmp_path, play) == (1 / 1.085, 1.0)


def test_a_rate_far_from_the_venues_index_is_an_anomaly(tmp_path: Path) -> None:
    error = on_the_desk(tmp_path, refused, instead=documented("2026-01-12", "1.1200"))
    assert "within 2 %" in str(error)


def test_the_kept_rate_stands_in_after_a_start_without_the_bank(tmp_path: Path) -> None:
    first = on_the_desk(tmp_path, euro)
    assert on_the_desk(tmp_path, euro, at=NOW + timedelta(hours=5), instead=GONE) == first


def test_a_rate_of_a_day_to_come_is_an_anomaly_and_is_not_kept(tmp_path: Path) -> None:
    error = on_the_desk(tmp_path, refused, instead=documented("2026-02-12", "1.0850"))
    assert "expected a day up to 2026-01-13, found 2026-02-12" in str(error)
    assert "403" in str(on_the_desk(tmp_path, refused, instead=GONE))


def test_a_rate_of_a_week_ago_is_refused(tmp_path: Path) -> None:
    on_the_desk(tmp_path, euro)
    error = on_the_desk(tmp_path, refused, at=NOW + timedelta(days=4), instead=GONE)
    assert "last 6 days" in str(error)


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"<a/>",
        DOCUMENT % (b"yesterday", b"1.1"),
        DOCUMENT % (b"2026-01-12", b"much"),
        DOCUMENT % (b"2026-01-12", b"0"),
        DOCUMENT % (b"2026-01-12", b"-1.1"),
        (DOCUMENT % (b"2026-01-12", b"1.1")).decode().encode("utf-16"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + (DOCUMENT % (b"2026-01-12", b"1.1")).decode()).encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + DOCUMENT % (b"2026-01-12", b"1.1"),
        DOCUMENT % (b"2026-01-12", b"1.1") + b" " * 65_536,
    ],
)
def test_a_document_that_is_none_is_an_anomaly(document: bytes) -> None:
    with pytest.raises(AnomalyError):
        parsed_rate(document)


def test_day_and_rate_are_read() -> None:
    assert parsed_rate(DOCUMENT % (b"2026-01-12", b"1.0921")) == (date(2026, 1, 12), Decimal("1.0921"))
