"""`paper` as a user runs it: venue and engine in their own processes, to the report."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.cli.support import ROOT, Cli, Ran, Variables, ended, started
from tests.fakes.telegram import FakeTelegram
from tests.report_checks import problems

DAYS = "0.65"
"""The first Monday until 15:36: one entry cycle and its order."""
TRADING = ("--seed", "1")
"""A market whose first Monday trades."""
KEYS = {
    "run",
    "holes",
    "cycles",
    "orders",
    "trades",
    "trading",
    "equity",
    "actors",
    "alerts",
    "kill_switch",
    "audit",
    "account",
    "assumptions",
}


@pytest.fixture(scope="module")
def channels() -> Iterator[FakeTelegram]:
    """Where the live engine tells its person what happened."""
    with FakeTelegram() as server:
        yield server


def of_the_live_engine(channels: FakeTelegram) -> Variables:
    """The environment that a person has for it."""
    return {
        "TELEGRAM_BOT_TOKEN": "1:token",
        "TELEGRAM_CHAT_ID": "4242",
        "TELEGRAM_API_URL": channels.url,
        "WEBHOOK_URL": f"{channels.url}/hook",
        "INSTANCE_NAME": "my engine",
        "ALERT_DIGEST_AT": "00:10",
    }


def here(cli: Cli, folder: Path, *more: str, days: str) -> Ran:
    """A run whose engine is in this process, which has imported what it needs."""
    out = ("--json", folder / "out.json")
    return cli("paper", "--days", days, "--no-ui", "--data-dir", folder / "data", *out, *more)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, channels: FakeTelegram
) -> tuple[Path, Ran, dict[str, Any]]:
    """The data folder is given relative to where the command runs, as its default is."""
    folder = tmp_path_factory.mktemp("paper")
    data_dir = os.path.relpath(folder / "data", ROOT)
    arguments = ["paper", "--days", DAYS, "--no-ui", "--data-dir", data_dir]
    out = ("--json", str(folder / "out.json"))
    ran = ended(started(*arguments, *out, **of_the_live_engine(channels)))
    assert ran.code == 0, ran.err
    return folder, ran, json.loads((folder / "out.json").read_text("utf-8"))


def test_the_report_has_the_documented_keys_and_money_is_text(
    finished: tuple[Path, Ran, dict[str, Any]],
) -> None:
    _, _, document = finished
    assert set(document) == KEYS
    for side in ("start", "end"):
        assert all(isinstance(document["account"][side][key], str) for key in ("balance_eth", "equity_usd"))
    assert set(document["cycles"][0]) == {"id", "kind", "slot", "outcome", "reasons"}


def test_every_due_slot_has_a_cycle_with_an_outcome(finished: tuple[Path, Ran, dict[str, Any]]) -> None:
    _, _, document = finished
    slots = {(cycle["kind"], cycle["slot"]) for cycle in document["cycles"]}
    assert ("entry", "2026-01-05T14:00:00Z") in slots
    assert ("settlement", "2026-01-05T08:10:00Z") in slots
    assert ("monitor", "2026-01-05T12:00:00Z") in slots
    assert problems(document) == []


def test_books_and_venue_agree_to_the_last_decimal(finished: tuple[Path, Ran, dict[str, Any]]) -> None:
    _, ran, document = finished
    change = Decimal(document["account"]["end"]["balance_eth"]) - Decimal(
        document["account"]["start"]["balance_eth"]
    )
    assert sum((Decimal(trade["cash_eth"]) for trade in document["trades"]), Decimal(0)) == change
    assert "agree to the last decimal" in ran.out


def test_the_audit_log_is_whole_and_says_so(finished: tuple[Path, Ran, dict[str, Any]], cli: Cli) -> None:
    folder, _, document = finished
    assert document["audit"]["ok"] is True
    ran = cli(
        "audit", "verify", "--strict", "--head", document["audit"]["head"], "--data-dir", folder / "data"
    )
    assert ran.code == 0, ran.err


def test_a_changed_byte_is_found(finished: tuple[Path, Ran, dict[str, Any]], cli: Cli) -> None:
    folder, _, _ = finished
    [first, *_] = sorted((folder / "data" / "audit").glob("*.jsonl"))
    whole = first.read_bytes()
    first.write_bytes(whole.replace(b"ENGINE_START", b"ENGINE_STARt", 1))
    try:
        assert cli("audit", "verify", "--data-dir", folder / "data").code == 1
    finally:
        first.write_bytes(whole)
    assert cli("audit", "verify", "--data-dir", folder / "data").code == 0


def test_a_log_that_is_gone_is_broken_not_missing(
    finished: tuple[Path, Ran, dict[str, Any]], cli: Cli, tmp_path: Path
) -> None:
    folder, _, document = finished
    shutil.copytree(folder / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "audit")
    ran = cli("audit", "verify", "--data-dir", tmp_path / "data")
    assert ran.code == 1
    assert f"expected records up to {document['audit']['records']}" in ran.err


def test_without_books_the_verdict_says_that_a_missing_end_is_not_seen(
    finished: tuple[Path, Ran, dict[str, Any]], cli: Cli, tmp_path: Path
) -> None:
    folder, _, document = finished
    with_books = cli("audit", "verify", "--json", "--data-dir", folder / "data")
    assert json.loads(with_books.out)["compared_with_books"] is True
    shutil.copytree(folder / "data" / "audit", tmp_path / "audit")
    ran = cli("audit", "verify", "--json", "--data-dir", tmp_path)
    assert (ran.code, json.loads(ran.out)["compared_with_books"]) == (0, False)
    assert "can't be seen" in cli("audit", "verify", "--data-dir", tmp_path).out
    told = cli("audit", "verify", "--head", document["audit"]["head"], "--data-dir", tmp_path)
    assert "after the head that was told" in told.out


def test_a_decision_is_recomputed_to_the_byte(finished: tuple[Path, Ran, dict[str, Any]], cli: Cli) -> None:
    folder, _, document = finished
    [entry] = [cycle["id"] for cycle in document["cycles"] if cycle["kind"] == "entry"]
    ran = cli("explain", entry, "--data-dir", folder / "data")
    assert ran.code == 0, ran.err
    assert "same to the byte" in ran.out


def test_the_books_are_read_without_an_engine(finished: tuple[Path, Ran, dict[str, Any]], cli: Cli) -> None:
    folder, _, document = finished
    cycles = json.loads(cli("state", "cycles", "--json", "--data-dir", folder / "data").out)
    assert cycles == document["cycles"]
    for what in ("positions", "orders", "trades"):
        assert cli("state", what, "--data-dir", folder / "data").code == 0
    traced = cli("trace", document["cycles"][0]["id"], "--data-dir", folder / "data")
    assert "CYCLE_OPENED" in traced.out


def holding(folder: Path, secret: bytes) -> tuple[list[str], int]:
    """The names of the files in which it stands, and how many were read."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "ballast"]
    return [path.name for path in files if secret in path.read_bytes()], len(files)


def test_no_header_with_a_token_is_on_disk(finished: tuple[Path, Ran, dict[str, Any]]) -> None:
    folder, _, _ = finished
    found, files = holding(folder / "data", b"Bearer ")
    assert found == []
    assert files > 5


def test_the_venues_token_is_not_on_disk(cli: Cli, tmp_path: Path) -> None:
    cli.monkeypatch.setattr("cli.paper.start.new_token", lambda: "the-only-token-of-this-venue")
    assert here(cli, tmp_path, days="0.05").code == 0
    found, files = holding(tmp_path, b"the-only-token-of-this-venue")
    assert found == []
    assert files > 5


def test_whatever_it_keeps_is_for_its_owner_alone_and_the_report_is_as_the_user_has_it(
    finished: tuple[Path, Ran, dict[str, Any]],
) -> None:
    folder, _, _ = finished
    readable = [path for path in (folder / "data").rglob("*") if path.stat().st_mode & 0o077]
    assert readable == []
    plain = folder / "plain"
    plain.touch()
    assert (folder / "out.json").stat().st_mode == plain.stat().st_mode


@pytest.mark.long
def test_keep_goes_on_with_the_account_and_a_new_run_starts_from_nothing(
    finished: tuple[Path, Ran, dict[str, Any]], cli: Cli
) -> None:
    folder, _, document = finished
    assert here(cli, folder, "--keep", days="0.1").code == 0
    kept = json.loads((folder / "out.json").read_text("utf-8"))
    assert kept["run"]["began"] >= document["run"]["ended"]
    assert kept["account"]["start"] == document["account"]["start"]
    # Each start has a recovery of its own on record: ids of the run before would be taken for repetitions.
    audit = b"".join(path.read_bytes() for path in sorted((folder / "data" / "audit").iterdir()))
    assert audit.count(b'"kind":"RECOVERY"') == audit.count(b'"kind":"ENGINE_START"') == 2
    assert [cycle["id"] for cycle in kept["cycles"]][: len(document["cycles"])] == [
        cycle["id"] for cycle in document["cycles"]
    ]
    assert here(cli, folder, days="0.05").code == 0
    anew = json.loads((folder / "out.json").read_text("utf-8"))
    assert anew["run"]["began"] == document["run"]["began"]
    assert anew["audit"]["records"] < document["audit"]["records"]


@pytest.mark.long
def test_ctrl_c_ends_it_with_the_same_summary(tmp_path: Path, cli: Cli) -> None:
    with running(tmp_path / "data") as process:
        wait_for_audit(tmp_path / "data", b"CYCLE_CLOSED")
        process.send_signal(signal.SIGINT)
        ran = ended(process, timeout_s=20)
    assert ran.code == 0, ran.err
    assert "(SIGINT)" in ran.out
    assert "verified" in ran.out
    assert "Traceback" not in ran.err


@pytest.mark.long
def test_ctrl_c_again_and_again_is_one_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        wait_for_audit(tmp_path / "data", b"CYCLE_CLOSED")
        pause = Event()
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            pause.wait(0.01)
        ran = ended(process, timeout_s=20)
    assert ran.code == 0, ran.err
    assert "verified" in ran.out
    assert ran.err == ""


@pytest.mark.long
def test_a_venue_that_cannot_write_its_store_ends_the_run_with_a_summary_and_1(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        wait_for_audit(tmp_path / "data", b"CYCLE_CLOSED")
        [venue] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("utf-8").split()
        resource.prlimit(int(venue), resource.RLIMIT_FSIZE, (0, 0))
        ran = ended(process, timeout_s=30)
    assert ran.code == 1
    assert "not compared" in ran.out
    assert "verified" in ran.out
    [line] = ran.err.splitlines()
    assert str(tmp_path / "data" / "venue" / "venue.db") in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_before_the_venue_listens_it_leaves_no_traceback(
    tmp_path: Path, number: signal.Signals
) -> None:
    """What the venue's process says is waited for too: it has the same standard error."""
    process = started("paper", "--no-ui", "--data-dir", tmp_path / "data")
    while process.poll() is None and not (tmp_path / "data" / "lock").exists():
        Event().wait(0.01)
    process.send_signal(number)
    ran = ended(process, timeout_s=20)
    assert ran.code in (0, 128 + number, -number)
    assert ran.err == ""


@pytest.mark.long
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, cli: Cli) -> None:
    with running(tmp_path / "data"):
        wait_for_audit(tmp_path / "data", b'"INSTRUCTION"')
    ran = here(cli, tmp_path, *TRADING, "--keep", days="0.3")
    assert ran.code == 0, ran.err
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert document["audit"]["ok"] is True
    labels = [order["label"] for order in document["orders"]]
    assert len(labels) == len(set(labels))
    assert "agree to the last decimal" in ran.out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--fault", "moon:crash"], "moon"),
        (["--fault", "deribit:explode"], "explode"),
        (["--assume", "gravity=1"], "gravity"),
        (["--chains", "no-such-folder"], "no-such-folder"),
        (["--strategy", "no-such-file.yaml"], "no-such-file.yaml"),
    ],
)
def test_what_the_venue_cannot_use_is_bad_input(tmp_path: Path, cli: Cli, more: list[str], said: str) -> None:
    ran = cli("paper", "--no-ui", "--data-dir", tmp_path / "data", *more)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_of_a_live_engine_is_not_touched(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "cerbero.db").write_text("precious", "utf-8")
    ran = cli("paper", "--no-ui", "--data-dir", tmp_path)
    assert ran.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["cerbero.db"]


@contextmanager
def running(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A run without an end, killed if it still runs at the end of the block."""
    process = started("paper", "--days", "3650", "--no-ui", "--data-dir", data_dir, *TRADING)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def wait_for_audit(data_dir: Path, sign: bytes, tries: int = 600) -> None:
    """Until the engine has put something on record; looks, and lets the engine work between two looks."""
    pause = Event()
    for _ in range(tries):
        if any(sign in path.read_bytes() for path in (data_dir / "audit").glob("*.jsonl")):
            return
        pause.wait(0.05)
    pytest.fail(f"the engine put no {sign!r} on record")


def told(channels: FakeTelegram) -> list[tuple[str, str]]:
    """Path and text of each message; what else was asked for only looks whether the channels are there."""
    looks = {"/bot1:token/getChat", *(["/hook"] if "OPTIONS" in channels.methods else [])}
    messages = [(path, body.get("message") or body.get("text")) for path, body in channels.requests]
    assert {path for path, text in messages if not text} <= looks
    return [(path, str(text)) for path, text in messages if text]


def test_paper_posts_nowhere_unless_asked(
    finished: tuple[Path, Ran, dict[str, Any]], channels: FakeTelegram
) -> None:
    """The environment is that of the live engine: its chat must not hear of a paper run by accident."""
    assert told(channels) == []


def test_paper_that_is_asked_to_post_says_what_it_is(tmp_path: Path, cli: Cli) -> None:
    with FakeTelegram() as channels:
        cli.set(**of_the_live_engine(channels))
        ran = here(cli, tmp_path, "--telegram", days="0.02")
        assert ran.code == 0, ran.err
        sent = told(channels)
    assert {text.removeprefix("<b>")[:17] for _, text in sent} == {"[PAPER] my engine"}
    assert {path for path, _ in sent} == {"/bot1:token/sendMessage", "/hook"}
