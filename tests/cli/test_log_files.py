"""The log's files over days, and `logs`, which reads them."""

from __future__ import annotations

import gzip
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import log_file
from cli.log_file import DayLog
from reading.log_lines import LOG_FILE, Follower, log_files, log_lines
from tests.cli.support import Cli

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """The system's clock, moved by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@contextmanager
def log_of(data_dir: Path, clock: Clock) -> Iterator[logging.Handler]:
    (data_dir / "log").mkdir(parents=True, exist_ok=True)
    handler = DayLog(data_dir / "log", clock)
    try:
        yield handler
    finally:
        handler.close()


def write(
    handler: logging.Handler, event: str, *, level: str = "info", correlation: str | None = None
) -> None:
    line = json.dumps(
        {
            "event": event,
            "logger": "x",
            "level": level,
            "at": "2026-03-01T12:00:00",
            "correlation": correlation,
        }
    )
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, line, None, None))


def names(data_dir: Path) -> list[str]:
    return [found.path.name for found in log_files(data_dir / "log")]


def events(data_dir: Path) -> list[str]:
    return [line.event for line in log_lines(data_dir)]


def test_each_day_has_a_file_of_its_own(tmp_path: Path) -> None:
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        for day in range(3):
            write(handler, f"day {day}")
            clock.time += timedelta(days=1)
    assert names(tmp_path) == ["cerbero-bite-2026-03-01.jsonl", "cerbero-bite-2026-03-02.jsonl", LOG_FILE]
    assert events(tmp_path) == ["day 0", "day 1", "day 2"]


def test_a_process_that_begins_on_another_day_leaves_the_former_one_its_file(tmp_path: Path) -> None:
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        write(handler, "yesterday")
    os.utime(tmp_path / "log" / LOG_FILE, (NOON.timestamp(), NOON.timestamp()))
    clock.time += timedelta(days=1)
    with log_of(tmp_path, clock) as handler:
        write(handler, "today")
    assert names(tmp_path) == ["cerbero-bite-2026-03-01.jsonl", LOG_FILE]


def test_a_day_that_writes_much_gets_more_files_and_the_folder_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "FILE_BYTES_MAX", 2000)
    monkeypatch.setattr(log_file, "FOLDER_BYTES_MAX", 6000)
    with log_of(tmp_path, Clock()) as handler:
        for number in range(120):
            write(handler, f"number {number}")
    kept = names(tmp_path)
    assert kept[-1] == LOG_FILE
    assert len(kept) > 2
    assert sum(found.path.stat().st_size for found in log_files(tmp_path / "log")) < 6000 + 2200
    last = [f"number {number}" for number in range(120)][-len(events(tmp_path)) :]
    assert events(tmp_path) == last


def test_what_is_older_than_a_month_is_compressed_and_still_read(tmp_path: Path) -> None:
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        write(handler, "long ago")
        clock.time += timedelta(days=32)
        write(handler, "now")
    assert names(tmp_path) == ["cerbero-bite-2026-03-01.jsonl.gz", LOG_FILE]
    with gzip.open(tmp_path / "log" / "cerbero-bite-2026-03-01.jsonl.gz") as stream:
        assert b"long ago" in stream.read()
    assert events(tmp_path) == ["long ago", "now"]


def test_a_clock_that_is_set_back_overwrites_nothing(tmp_path: Path) -> None:
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        for days in (1, -1, 1, 0):
            write(handler, f"then {days}")
            clock.time += timedelta(days=days)
    assert sorted(events(tmp_path)) == sorted(["then 1", "then -1", "then 1", "then 0"])


@pytest.mark.parametrize("laid", [False, True])
def test_a_file_that_was_taken_away_is_begun_anew(tmp_path: Path, laid: bool) -> None:
    """Else all that an engine says for months would go to a file that has no name any more."""
    path = tmp_path / "log" / LOG_FILE
    with log_of(tmp_path, Clock()) as handler:
        write(handler, "before")
        path.rename(tmp_path / "elsewhere")
        if laid:
            path.touch()
        write(handler, "after")
    assert events(tmp_path) == ["after"]
    assert "before" in (tmp_path / "elsewhere").read_text("utf-8")


def test_a_folder_that_can_not_be_tidied_is_told_once_and_the_log_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_file, "_compress", refuses)
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        write(handler, "first")
        for _ in range(2):
            clock.time += timedelta(days=40)
            write(handler, "lost with its message")
            write(handler, "and on")
    assert capsys.readouterr().err.count("No space left") == 1
    assert events(tmp_path).count("and on") == 2


def test_logs_shows_the_last_lines_of_a_level_and_of_a_cycle(tmp_path: Path, cli: Cli) -> None:
    with log_of(tmp_path, Clock()) as handler:
        write(handler, "quiet", correlation="c-1")
        write(handler, "loud", level="error", correlation="c-1")
        write(handler, "other", level="critical", correlation="c-2")
    shown = cli("logs", "--data-dir", str(tmp_path), "--level", "error")
    assert [line.split("x: ")[1] for line in shown.out.splitlines()] == ["loud [c-1]", "other [c-2]"]
    shown = cli("logs", "--data-dir", str(tmp_path), "--cycle", "c-1", "--limit", "1", "--json")
    assert json.loads(shown.out)["event"] == "loud"


def test_logs_shows_a_person_the_beginning_of_a_long_value_alone(tmp_path: Path, cli: Cli) -> None:
    """Each start logs all settings in one line: without an end it filled two screens."""
    identity = {"mode": "idle", "strategy": "s" * 4000}
    line = json.dumps({"event": "engine starts", "level": "info", "at": "2026", "identity": identity})
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / LOG_FILE).write_text(line + "\n", encoding="utf-8")
    shown = cli("logs", "--data-dir", str(tmp_path)).out
    assert "identity={'mode': 'idle', 'strategy': 'sss" in shown
    assert shown.endswith("s… (--json shows it whole)\n")
    assert len(shown) < 400
    assert json.loads(cli("logs", "--data-dir", str(tmp_path), "--json").out)["identity"] == identity


def test_logs_names_a_folder_without_a_log(tmp_path: Path, cli: Cli) -> None:
    shown = cli("logs", "--data-dir", str(tmp_path))
    assert (shown.code, "expected the log of an engine" in shown.err) == (2, True)


def test_a_line_that_is_no_record_is_shown_as_it_is(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / LOG_FILE).write_bytes(b'{"event": "who\n\x1b[31m\xff red\n')
    shown = cli("logs", "--data-dir", str(tmp_path), "--level", "critical")
    assert '{"event": "who' in shown.out
    assert "\x1b" not in shown.out


def test_following_reads_what_is_appended_across_the_change_of_files(tmp_path: Path) -> None:
    clock = Clock()
    with log_of(tmp_path, clock) as handler:
        write(handler, "before")
        follower = Follower(tmp_path)
        assert list(follower.new_lines()) == []
        write(handler, "one")
        assert [line.event for line in follower.new_lines()] == ["one"]
        write(handler, "two")
        clock.time += timedelta(days=1)
        write(handler, "three")
        assert [line.event for line in follower.new_lines()] == ["two", "three"]
        follower.close()
