"""What a process loads that speaks HTTP: commands are typed by people who wait for them."""

from __future__ import annotations

import subprocess
import sys


def test_http_comes_without_the_command_line_of_its_library() -> None:
    text = (
        "import sys, actors.http; from actors.http import HttpTransport; HttpTransport;"
        " print(*sorted({'httpx', 'click', 'rich', 'pygments'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout.split() == ["httpx"]
