"""The look-up of names: a resolver that hangs costs its deadline and one thread, and each failure is told."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from threading import Event

import pytest

from actors.http import HttpTransport, NotConnected
from actors.http.look_up import Endpoint, LookUps
from tests.actors.http.servers import OK, answers, serving


class Resolver:
    """Resolves every name to one port of this machine, as soon as it may."""

    def __init__(self, port: int = 1) -> None:
        self.may_answer = Event()
        self.asked = 0
        self._port = port

    def __call__(self, host: str, port: int) -> Sequence[Endpoint]:
        self.asked += 1
        self.may_answer.wait(60)
        return [Endpoint(socket.AF_INET, ("127.0.0.1", self._port))]


def test_a_resolver_that_hangs_ends_with_the_deadline_and_nothing_was_sent() -> None:
    resolver = Resolver()
    with (
        closing(HttpTransport("http://upstream.test:80", look_ups=LookUps(resolver))) as http,
        pytest.raises(NotConnected, match="name server does not answer; nothing was sent"),
    ):
        http.send("POST", "/x", {}, b"{}", 0.05)
    resolver.may_answer.set()


def test_a_name_is_looked_up_once_at_a_time() -> None:
    """Seven transports that try again and again must not leave a thread each time."""
    resolver = Resolver()
    look_ups = LookUps(resolver)
    for _ in range(20):
        with pytest.raises(NotConnected):
            look_ups.endpoints("upstream.test", 80, 0.001)
    assert resolver.asked == 1
    resolver.may_answer.set()
    assert look_ups.endpoints("upstream.test", 80, 20.0)[0].address == ("127.0.0.1", 1)


def test_after_a_late_answer_it_is_looked_up_anew() -> None:
    with serving(answers(OK)) as port:
        resolver = Resolver(port)
        with closing(HttpTransport("http://upstream.test:80", look_ups=LookUps(resolver))) as http:
            with pytest.raises(NotConnected):
                http.send("POST", "/x", {}, b"{}", 0.01)
            resolver.may_answer.set()
            assert http.send("POST", "/x", {}, b"{}", 20.0).body == b"{}"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "upstream.test is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no name server gives an answer now"),
        (UnicodeError("label too long"), "upstream.test can't be looked up: label too long"),
        (OSError("too many open files"), "upstream.test can't be looked up: too many open files"),
    ],
)
def test_each_failure_of_the_look_up_is_told_as_such(failure: Exception, told: str) -> None:
    def fail(host: str, port: int) -> Sequence[Endpoint]:
        raise failure

    with (
        closing(HttpTransport("http://upstream.test", look_ups=LookUps(fail))) as http,
        pytest.raises(NotConnected, match=told),
    ):
        http.send("GET", "/x", {}, None, 8.0)


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(NotConnected, match="it has no address"):
        LookUps(lambda host, port: []).endpoints("upstream.test", 80, 8.0)


def test_an_address_needs_no_thread() -> None:
    asked = []

    def resolve(host: str, port: int) -> Sequence[Endpoint]:
        asked.append(host)
        return [Endpoint(socket.AF_INET6, (host, port))]

    assert LookUps(resolve).endpoints("::1", 80, 0.0)[0].address == ("::1", 80)
    assert asked == ["::1"]


def test_the_next_address_is_tried_if_one_refuses() -> None:
    with serving(answers(OK)) as port, socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()
        gone.close()
        both = [Endpoint(socket.AF_INET, dead), Endpoint(socket.AF_INET, ("127.0.0.1", port))]
        with closing(HttpTransport("http://upstream.test", look_ups=LookUps(lambda *_: both))) as http:
            assert http.send("POST", "/x", {}, b"{}", 8.0).body == b"{}"


def test_an_address_that_swallows_everything_leaves_time_for_the_next() -> None:
    """A listener whose queue is full drops what comes, as a firewall does."""
    with (
        serving(answers(OK)) as port,
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        socket.socket() as second,
    ):
        second.setblocking(False)
        second.connect_ex(full.getsockname())
        both = [Endpoint(socket.AF_INET, full.getsockname()), Endpoint(socket.AF_INET, ("127.0.0.1", port))]
        with closing(HttpTransport("http://upstream.test", look_ups=LookUps(lambda *_: both))) as http:
            assert http.send("POST", "/x", {}, b"{}", 2.0).body == b"{}"
