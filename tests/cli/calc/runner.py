"""Runs `run.py calc` in this process, with options or with JSON lines, for its tests."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from cli.commands.calc import app

PUT_AT = {"type": "put", "forward": 2500, "strike": 2300, "dte": 10.75, "iv": 0.62}
BULL_PUT = [{"type": "put", "strike": 2300, "side": "sell"}, {"type": "put", "strike": 2100, "side": "buy"}]
BEAR_CALL = [{"type": "call", "strike": 2800, "amount": -1}, {"type": "call", "strike": 3000, "amount": 1}]


def run(*arguments: str, stdin: str | bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments, input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def lines(command: str, *requests: object) -> list[dict[str, Any]]:
    written = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in requests)
    code, stdout, stderr = run(command, "--stdin", stdin=written)
    assert (code, stderr) == (0, "")
    return [json.loads(line) for line in stdout.splitlines()]
