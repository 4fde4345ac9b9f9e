"""Whatever stands in a text field, a command shows it visibly, and not as one of its own lines."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from actors.state.database import database_path
from cli.main import COMMANDS, GROUPS
from cli.views.status_page import show_status
from core.kill_file import Arming
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.engine_status import CellView, EngineStatus
from core.messages.room_status import (
    AlertingStatus,
    AlertRow,
    ChannelStatus,
)
from core.messages.state import RecordEvent
from reading.log_lines import LOG_FILE
from tests.actors.state.books_room import START, BooksRoom
from tests.cli.support import Cli
from tests.cli.test_shown import drawn, status
from tests.fakes.clear_switch import CLEAR
from tests.fakes.whole_books import write_whole_books

FORGED = "audit head 999:ffff"
HOSTILE = (
    f"x\n{FORGED}\r\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp\u2066\u200b\ufeff\u2028\u3164\u00ad"
    "[/reason][bold red]\\[/]{}%s \ud83d"
)
LINE_ENDS = "\n"
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
WRITES = ("typer.echo", "typer.secho", "click.echo", "sys.stdout.write", "sys.stderr.write", "print(")


def require_harmless(text: str) -> None:
    """No line begins as the forged one does, and nothing in the text is obeyed or hidden."""
    for line in text.split(LINE_ENDS):
        assert not line.strip().startswith(FORGED)
        assert [one for one in line if unicodedata.category(one) in UNSEEN] == []
        assert "\u3164" not in line


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Books, log and KILL in which every text that names nothing is hostile."""
    data = tmp_path / "data"
    room = BooksRoom(data).start()
    write_whole_books(room)
    detail = {"reason": HOSTILE.replace("\ud83d", ""), HOSTILE.replace("\ud83d", ""): HOSTILE[:9]}
    event = AuditEvent(kind=AuditKind.SUSPENDED, at=START, detail=detail, correlation="c-1")
    room.tell(RecordEvent(request_id="hostile", audit=(event,)))
    room.stop()
    text = HOSTILE.encode("utf-8", "replace").decode()
    with closing(sqlite3.connect(database_path(data))) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for table, column in (
            ("orders", "reason"),
            ("orders", "order_id"),
            ("kill_switch", "reason"),
            ("kill_switch", "who"),
            ("alerts", "text"),
            ("alerts", "cause"),
            ("alerts", "code"),
            ("inbox", "answer"),
            ("system", "value"),
        ):
            db.execute(f"UPDATE {table} SET {column} = ?", (text,))  # noqa: S608
        # A refused entry too, of which the report counts rule and checks.
        db.execute("UPDATE cycles SET outcome = 'no_entry', closed_at = slot WHERE outcome IS NULL")
        db.execute("UPDATE cycles SET reasons = ?", (json.dumps([text, text]),))
        said = ("0" * 64, text, "2026-01-05T14:00:00.000000Z")
        db.execute("INSERT INTO venue_texts VALUES (?, ?, ?)", said)
        db.commit()
    arming = Arming(arming_id="i", causes=(ArmCause.OPERATOR,), reason=text, who=text, at=START)
    (data / "KILL").write_bytes(arming.to_bytes())
    (data / "log").mkdir()
    record = {"event": text, "logger": text, "level": text, "at": text, "correlation": text, text: text}
    (data / "log" / LOG_FILE).write_text(f"{json.dumps(record)}\n{text}\n", "utf-8", "surrogatepass")
    return data


READING = [
    ("state", "positions", "--all"),
    ("state", "orders"),
    ("state", "cycles"),
    ("state", "trades"),
    ("report",),
    ("state", "texts"),
    ("audit", "tail", "-n", "200"),
    ("audit", "show", "42"),
    ("audit", "verify"),
    ("audit", "verify", "--books"),
    ("trace", "c-1"),
    ("kill-switch", "status"),
    ("healthcheck",),
    ("explain", HOSTILE),
    ("trace", HOSTILE),
    ("inject", HOSTILE),
    ("inject", "ClosePosition", "--position", HOSTILE, "--reason", HOSTILE),
    ("kill-switch", "disarm", "--reason", HOSTILE),
    ("stop", "--reason", HOSTILE),
    ("status",),
    ("logs",),
]


HAVE_NO_TEXT = [("state", "positions", "--all"), ("state", "trades"), ("audit", "verify")]
WANT_AN_ENGINE = ("healthcheck", "status", "stop", "inject", "kill-switch disarm")
"""Without one they say so; what they show of a running one is tried by `hostile_status`."""


def shows_none(arguments: tuple[str, ...]) -> bool:
    return arguments in HAVE_NO_TEXT or (
        " ".join(arguments).startswith(WANT_AN_ENGINE) and arguments != ("inject", HOSTILE)
    )


@pytest.mark.parametrize("arguments", READING, ids=lambda one: " ".join(one[:2])[:24])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_command_shows_hostile_text_as_what_it_is(
    cli: Cli, data_dir: Path, arguments: tuple[str, ...], form: tuple[str, ...]
) -> None:
    ran = cli(*arguments, *form, "--data-dir", data_dir)
    require_harmless(ran.out)
    require_harmless(ran.err)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("arguments", READING, ids=lambda one: " ".join(one[:2])[:24])
def test_the_sample_has_hostile_text_for_every_command(
    cli: Cli, data_dir: Path, arguments: tuple[str, ...]
) -> None:
    """A command that is given none shows nothing of it, whatever it does with such texts."""
    for form in ((), ("--json",)):
        ran = cli(*arguments, *form, "--data-dir", data_dir)
        if "No such option: --json" not in ran.err:
            assert (FORGED in " ".join((ran.out + ran.err).split())) is not shows_none(arguments)


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPS])
def test_a_command_refuses_a_hostile_argument_visibly(cli: Cli, tmp_path: Path, command: str) -> None:
    cli.monkeypatch.chdir(tmp_path)
    ran = cli(command, f"--{HOSTILE}", HOSTILE)
    assert ran.code in (1, 2)
    require_harmless(ran.err + ran.out)


def test_a_hostile_folder_and_strategy_are_named_visibly(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / HOSTILE.replace("/", "|").replace("\ud83d", "")
    folder.mkdir()
    strategy = folder / "strategy.yaml"
    strategy.write_text(f'"k\\n{FORGED}\\e[2J": 1\nentry:\n  x: "\\e[2J\\n{FORGED}"\n', encoding="utf-8")
    for arguments in (
        ("config", "validate", "--strategy", strategy),
        ("config", "show", "--strategy", strategy),
        ("config", "hash", "--strategy", strategy),
        ("status", "--data-dir", folder),
        ("state", "orders", "--data-dir", folder),
        ("paper", "--data-dir", folder, "--days", "1"),
    ):
        ran = cli(*arguments)
        assert ran.code != 0
        require_harmless(ran.err + ran.out)


def hostile_status() -> EngineStatus:
    text = HOSTILE
    cell = CellView(
        name=text, path=text, state=text, restarts=0, epoch=1, mailbox_depth=0, overflowed=0,
        busy_with=text, busy_for_s=0.0, last_error=text,
    )  # fmt: skip
    alert = AlertRow(alert_id="a", severity=Severity.HIGH, code=text, text=text, cause=text, at=START)
    channel = ChannelStatus(channel=text, queued=1, delivered=0, overflowed=0, last_error=text)
    alerting = AlertingStatus(channels=(channel,), unrecorded=1, last_error=text, recent=(alert,))
    switch = CLEAR.model_copy(
        update={"armed": True, "causes": (ArmCause.OPERATOR,), "who": text, "reason": text, "since": START}
    )
    return status(cells=(cell,), alerting=alerting, kill_switch=switch, unavailable={text: text})


def test_the_status_page_shows_hostile_text_as_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_status(hostile_status())
    require_harmless(capsys.readouterr().out)


def test_the_live_view_shows_hostile_text_as_what_it_is() -> None:
    require_harmless(drawn(hostile_status()))


def test_a_secret_of_the_environment_is_not_shown(cli: Cli, data_dir: Path) -> None:
    cli.set(MCP_TOKEN="planted-secret-1")
    with closing(sqlite3.connect(database_path(data_dir))) as db:
        db.execute("UPDATE orders SET reason = 'it said planted-secret-1 and planted-secret\\u002d1'")
        db.commit()
    for form in ((), ("--json",)):
        ran = cli("state", "orders", *form, "--data-dir", data_dir)
        assert ran.code == 0
        assert "planted-secret" not in ran.out
        assert "***" in ran.out


def test_nothing_but_one_module_writes_to_the_terminal() -> None:
    """`cli/views/say.py` does; the live view draws with rich."""
    root = Path(__file__).parents[2]
    writers = {
        path.relative_to(root).as_posix()
        for folder in ("cli", "reading")
        for path in (root / folder).rglob("*.py")
        for sign in WRITES
        if sign in path.read_text(encoding="utf-8").replace("console.print(", "")
    }
    assert writers <= {"cli/log_file.py"}
