"""TLS against real servers: whose certificate is taken, and what is told if it is not."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from actors.http import HttpTransport, NotConnected, Response, trusted
from core.errors import InputError
from tests.actors.http.servers import OK, answers, request_of, serving


@dataclass(frozen=True)
class Certificate:
    """Signed by itself, for localhost and 127.0.0.1."""

    file: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def signed(folder: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> Certificate:
    """A new certificate; skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on the PATH, which makes certificates")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    command = ("openssl", "req", "-x509", *key)
    subject = ("-subj", "/CN=cerbero-test", "-addext", f"subjectAltName={names}", "-days", "3650")
    files = ("-keyout", made.key, "-out", made.file)
    subprocess.run((*command, *subject, *files), check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def https(certificate: Certificate) -> Iterator[int]:
    with serving(answers(OK, OK), tls=certificate.server) as port:
        yield port


def send(url: str, tls: ssl.SSLContext | None = None) -> Response:
    with closing(HttpTransport(url, tls=tls)) as http:
        return http.send("POST", "/x", {"Authorization": "Bearer s3cret"}, b"{}", 8.0)


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    certificate: Certificate,
) -> None:
    received = []
    with (
        serving(lambda each: received.append(each.recv(65_536)), tls=certificate.server) as port,
        pytest.raises(NotConnected, match=r"certificate of localhost:\d+ is not trusted: self-signed"),
    ):
        send(f"https://localhost:{port}")
    assert received in ([], [b""])


def test_an_authority_of_ones_own_is_trusted_if_it_is_named(https: int, certificate: Certificate) -> None:
    for context in (
        trusted(instead=certificate.file, beside=None),
        trusted(instead=None, beside=certificate.file),
    ):
        assert send(f"https://127.0.0.1:{https}", context).body == b"{}"


def test_requests_share_a_connection_under_tls_too(certificate: Certificate) -> None:
    with serving(answers(OK, OK), tls=certificate.server) as port:
        context = trusted(instead=certificate.file, beside=None)
        with closing(HttpTransport(f"https://localhost:{port}", tls=context)) as http:
            for _ in range(2):
                assert http.send("POST", "/x", {}, b"{}", 8.0).body == b"{}"


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    other = signed(tmp_path, "DNS:upstream.test")
    with (
        serving(answers(OK), tls=other.server) as port,
        pytest.raises(NotConnected, match=r"is not trusted: .*mismatch"),
    ):
        send(f"https://127.0.0.1:{port}", trusted(instead=other.file, beside=None))


def test_the_files_that_are_named_must_hold_certificates(tmp_path: Path) -> None:
    nothing = tmp_path / "empty.pem"
    nothing.write_text("no certificate\n", encoding="utf-8")
    for file in (nothing, tmp_path / "missing.pem", tmp_path):
        with pytest.raises(InputError, match=f"SSL_CERT_FILE: expected a file of certificates .*{file.name}"):
            trusted(instead=file, beside=None)
        with pytest.raises(InputError, match="CERBERO_BITE_CA_FILE: expected"):
            trusted(instead=None, beside=file)
    assert trusted(instead=None, beside=None) is None


def test_https_to_a_port_that_speaks_http_is_told_and_nothing_was_sent() -> None:
    received = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(serve) as port, pytest.raises(NotConnected, match="perhaps it speaks http://"):
        send(f"https://127.0.0.1:{port}")
    assert b"s3cret" not in received[0]


def test_http_to_a_port_that_speaks_tls_is_told(https: int) -> None:
    with pytest.raises(Exception, match=r"hung up|perhaps https:// is meant|broke the connection"):
        send(f"http://127.0.0.1:{https}")


def test_a_handshake_that_drips_ends_with_the_deadline_and_nothing_was_sent(certificate: Certificate) -> None:
    over = Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65_536)
        # The head of a record of 16,383 bytes, which then come one by one.
        connection.sendall(b"\x16\x03\x03\x3f\xff")
        while not over.wait(0.02):
            connection.sendall(b"\0")

    with serving(drip) as port, closing(HttpTransport(f"https://127.0.0.1:{port}")) as http:
        with pytest.raises(NotConnected, match=r"TLS handshake in time|not connected within"):
            http.send("POST", "/x", {}, b"{}", 0.3)
        over.set()


def test_an_answer_that_ends_without_tls_saying_so_is_cut(certificate: Certificate) -> None:
    """Somebody in between can end a TCP connection, and make a whole answer of a part of one."""

    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    context = trusted(instead=certificate.file, beside=None)
    with (
        serving(serve, tls=certificate.server) as port,
        pytest.raises(Exception, match="broke the connection: unexpected eof"),
    ):
        send(f"https://127.0.0.1:{port}", context)
