"""What can't be reached is told with its cause, and the environment's proxies are nobody's business."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from actors.http import HttpTransport, NotConnected
from tests.actors.http.servers import OK, answers, serving


def test_a_port_where_nothing_listens_is_told_as_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        closing(HttpTransport(f"http://127.0.0.1:{port}")) as http,
        pytest.raises(NotConnected, match=f"127.0.0.1:{port} refused the connection: nothing listens there"),
    ):
        http.send("POST", "/x", {}, b"{}", 8.0)


def test_a_host_that_takes_no_connection_is_told_as_too_late() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        socket.socket() as second,
    ):
        second.setblocking(False)
        second.connect_ex(full.getsockname())
        with (
            closing(HttpTransport(f"http://127.0.0.1:{full.getsockname()[1]}")) as http,
            pytest.raises(
                NotConnected,
                match=r"(did not accept a connection in time|not connected within .*); nothing was sent",
            ),
        ):
            http.send("POST", "/x", {}, b"{}", 0.1)


def test_an_url_that_can_not_be_used_is_not_repeated() -> None:
    with (
        closing(HttpTransport("http://127.0.0.1:1/bot\x00s3cret")) as http,
        pytest.raises(NotConnected, match="can't be used") as raised,
    ):
        http.send("POST", "/x", {}, b"{}", 8.0)
    assert "s3cret" not in f"{raised.value}{raised.value.__cause__}"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent holds the token. Whoever wants a proxy for it has to say so to the engine."""
    asked: list[socket.socket] = []
    with serving(answers(OK)) as port, serving(asked.append) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy}")
        with closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
            assert http.send("POST", "/x", {}, b"{}", 8.0).body == b"{}"
    assert asked == []
