"""Secrets are planted wherever somebody may say them; then everything that the engine left is searched.

The venue and Telegram echo, in every spelling, what they were sent; a person types the token into reasons.
"""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from threading import Event
from urllib.parse import quote, unquote

import pytest

from config import write_hash
from tests.cli.paper.test_paper import wait_for_audit
from tests.cli.support import ROOT, Cli, Variables, started
from tests.fakes.loopback import LoopbackServer

MCP_TOKEN = "mcp-Planted/8f3a+Token=51"
BOT_TOKEN = "7712345678:AAplanted_bot-token_Z9x8"
CHAT_ID = "-1009876543210"
WEBHOOK_KEY = "9f3e7c1d-planted-key-of-the-webhook"
SECRETS = (MCP_TOKEN, BOT_TOKEN, CHAT_ID, WEBHOOK_KEY)
WAIT_S = 60.0
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("inject", "ArmKillSwitch", "--reason", "SAID"),
    ("status",),
    ("status", "--json"),
    ("kill-switch", "status"),
    ("healthcheck",),
    ("audit", "tail", "-n", "200"),
    ("state", "cycles"),
    ("state", "texts", "--json"),
    ("ping",),
)


def spellings(secret: str) -> list[str]:
    """As JSON texts between quotation marks."""
    encoded = base64.b64encode(secret.encode()).decode()
    spelled = [
        secret,
        secret.upper(),
        quote(secret, safe=""),
        "".join(f"%{ord(one):02x}" for one in secret),
        encoded,
        base64.b64encode(f"bot:{secret}!".encode()).decode(),
        secret.encode().hex(),
        "".join(f"&#{ord(one)};" for one in secret),
    ]
    escaped = "".join(f"\\u{ord(one):04x}" for one in secret)
    return [*(json.dumps(one)[1:-1] for one in spelled), escaped, escaped.replace("\\", "\\\\")]


EVERYTHING_SAID = " , ".join(spelling for secret in SECRETS for spelling in spellings(secret))
FORMS = {
    form
    for secret in SECRETS
    for form in (
        secret.lower(),
        secret.encode().hex(),
        base64.b64encode(secret.encode()).decode().lower().rstrip("=")[:-2],
        base64.b64encode(f"bot:{secret}!".encode()).decode().lower()[8:-6],
    )
}


def found_in(content: str) -> set[str]:
    """The secrets, in whatever spelling, that a text holds."""
    views = {content.lower()}
    for _ in range(3):
        views |= {unquote(view).lower() for view in views}
        views |= {re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), view).lower() for view in views}
        views |= {
            re.sub(r"\\+u00([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), view).lower()
            for view in views
        }
    return {form for form in FORMS for view in views if form in view}


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


class Echo(LoopbackServer):
    """Answers each request in another way, always with all secrets in all spellings; `told_person` is set by
    the first message to the person's chat."""

    def __init__(self) -> None:
        super().__init__()
        self.told_person = Event()
        self._answers = cycle(
            [
                (422, '{"detail": "%s"}'),
                (200, '{"error": "%s"}'),
                (500, "<html>%s</html>"),
                (200, '{"environment": "%s", "account": "%s", "%s": 1}'),
                (400, '{"ok": false, "description": "%s"}'),
                (200, "%s"),
            ]
        )

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        status, form = next(self._answers)
        if "/sendMessage" in path:
            status, form = 400, '{"ok": false, "description": "%s"}'
            self.told_person.set()
        return status, form.replace("%s", EVERYTHING_SAID).encode()


@dataclass
class Searched:
    """Where a secret was found, by the place's name."""

    places: list[str] = field(default_factory=list)
    looked_at: int = 0

    def look(self, place: str, content: bytes | str) -> None:
        text = content if isinstance(content, str) else content.decode("latin-1")
        self.looked_at += 1
        self.places += [f"{place}: {form[:6]}..." for form in sorted(found_in(text))]


def command_lines(process: subprocess.Popen[str]) -> Iterator[bytes]:
    """Those of the engine's process and of its children."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    for pid in (str(process.pid), *children):
        yield Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_search_finds_each_spelling() -> None:
    """Otherwise it would prove nothing."""
    for secret in SECRETS:
        for spelling in spellings(secret):
            assert found_in(f"x{spelling}y"), spelling


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="it reads the process list of Linux")
def test_no_planted_secret_is_found_in_anything_that_an_engine_leaves(cli: Cli, tmp_path: Path) -> None:
    strategy, data = tmp_path / "strategy.yaml", tmp_path / "data"
    strategy.write_bytes((ROOT / "strategy.yaml").read_bytes())
    write_hash(strategy)
    searched = Searched()
    with Echo() as server:
        url = server.url
        variables: Variables = {
            "MCP_URL": url,
            "MCP_TOKEN": MCP_TOKEN,
            "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "TELEGRAM_CHAT_ID": CHAT_ID,
            "TELEGRAM_API_URL": url,
            "WEBHOOK_URL": f"{url}/hooks/{WEBHOOK_KEY}?wait=true",
        }
        engine = started("start", "--strategy", strategy, "--data-dir", data, **variables)
        try:
            wait_for_audit(data, b'"ALERT"')
            assert server.told_person.wait(WAIT_S)
            for line in command_lines(engine):
                searched.look("process list", line)
            without: Variables = {}
            owned = (without, variables)
            said = f"I typed {MCP_TOKEN} and {BOT_TOKEN}"
            for arguments in COMMANDS:
                # With the secrets in its own environment and without: then what it shows comes from others.
                for own in owned:
                    cli.unset(*variables)
                    cli.set(**own)
                    if arguments != ("ping",):
                        ran = cli(*(one.replace("SAID", said) for one in arguments), "--data-dir", data)
                    elif own:
                        ran = cli("ping")
                    assert "Traceback" not in ran.err
                    searched.look(f"{arguments[:2]}", ran.out + ran.err)
        finally:
            engine.send_signal(signal.SIGTERM)
            out, err = engine.communicate(timeout=WAIT_S)
    searched.look("terminal", out + err)
    for path in sorted(data.rglob("*")):
        if path.is_file():
            searched.look(str(path.relative_to(data)), path.read_bytes())
    assert searched.places == []
    assert searched.looked_at > 14
    assert "venue_texts" in (data / "cerbero.db").read_bytes().decode("latin-1")
