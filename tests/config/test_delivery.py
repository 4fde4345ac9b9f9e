"""The variables about the operator's own day, and where the heartbeat goes."""

from __future__ import annotations

from datetime import UTC, time

import pytest

from config import delivery_from_env
from config.delivery import DIGEST_AT, HEARTBEAT_URL, QUIET_HOURS, TIME_ZONE, heartbeat_from_env
from core.errors import InputError


def test_unset_means_eight_o_clock_utc_and_no_quiet_hours() -> None:
    settings = delivery_from_env({DIGEST_AT: " ", QUIET_HOURS: ""})
    assert (settings.zone, settings.digest_at, settings.quiet) == (UTC, time(8), None)


def test_the_day_of_an_operator() -> None:
    settings = delivery_from_env({DIGEST_AT: "07:30", QUIET_HOURS: "22:00 - 07:00", TIME_ZONE: "Europe/Rome"})
    assert (str(settings.zone), settings.digest_at) == ("Europe/Rome", time(7, 30))
    assert settings.quiet == (time(22), time(7))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (DIGEST_AT, "7:30"),
        (DIGEST_AT, "24:00"),
        (DIGEST_AT, "s3cret"),
        (QUIET_HOURS, "22:00"),
        (QUIET_HOURS, "22:00-22:00"),
        (QUIET_HOURS, "22:00-s3cret"),
        (TIME_ZONE, "Mars/s3cret"),
        (TIME_ZONE, "../../etc/s3cret"),
        (HEARTBEAT_URL, "http://hc.example.com/s3cret"),
        (HEARTBEAT_URL, "ftp://hc.example.com/s3cret"),
        (HEARTBEAT_URL, "https://user:s3cret@hc.example.com/"),
        (HEARTBEAT_URL, "https:///s3cret"),
        (HEARTBEAT_URL, "https://hc.example.com:0/s3cret"),
        (HEARTBEAT_URL, "https://hc.example.com/s3cret#x"),
        (HEARTBEAT_URL, "https://hc.example.com/s3cret x"),
        (HEARTBEAT_URL, "https://[s3cret/"),
    ],
)
def test_what_can_not_be_used_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name) as refused:
        heartbeat_from_env({name: value}) if name == HEARTBEAT_URL else delivery_from_env({name: value})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://hc.example.com/0a1b", "http://127.0.0.1:8000/x", "http://localhost/x?create=1"]
)
def test_a_heartbeat_goes_by_https_or_stays_on_this_machine(url: str) -> None:
    settings = heartbeat_from_env({HEARTBEAT_URL: url})
    assert settings is not None
    assert settings.url.get_secret_value() == url
    assert url not in repr(settings)


def test_without_a_url_there_is_none() -> None:
    assert heartbeat_from_env({}) is None
