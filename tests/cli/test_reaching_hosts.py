"""What the commands tell of a host that can't be reached, and of one that is reached in clear."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.actors.http.servers import answers, serving
from tests.actors.http.test_tls import Certificate, certificate
from tests.cli.support import Cli

__all__ = ["certificate"]

HEALTH = b'{"status": "ok", "version": "1", "environment": "testnet"}'
HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(HEALTH), HEALTH)


def healthy(connection: socket.socket) -> None:
    """Answer every request; those of a health page have no body."""
    while connection.recv(65_536):
        connection.sendall(HEALTHY)


def pinged(cli: Cli, url: str) -> set[str | None]:
    """What `ping` tells of the routers; one text if it is the same for all."""
    cli.set(MCP_URL=url, MCP_TOKEN="s3cret-token")
    ran = cli("ping", "--json")
    errors = {router["error"] for router in json.loads(ran.out)["routers"]}
    assert ran.code == (0 if errors == {None} else 1)
    return {None if error is None else error.partition(": ")[2] for error in errors}


def test_a_self_signed_certificate_is_told_and_an_own_authority_can_be_named(
    cli: Cli, certificate: Certificate
) -> None:
    with serving(healthy, tls=certificate.server) as port:
        url = f"https://localhost:{port}"
        [told] = {error and error.partition(";")[0] for error in pinged(cli, url)}
        assert told == f"the certificate of localhost:{port} is not trusted: self-signed certificate"
        for variable in ("SSL_CERT_FILE", "CERBERO_BITE_CA_FILE"):
            with cli.monkeypatch.context() as patched:
                patched.setenv(variable, str(certificate.file))
                assert pinged(cli, url) == {None}


@pytest.mark.parametrize("command", ["ping", "dry-run", "start"])
def test_a_file_of_certificates_that_holds_none_is_refused_by_its_variable(
    cli: Cli, command: str, tmp_path: Path, strategy_file: Path
) -> None:
    cli.set(MCP_URL="https://localhost:1", MCP_TOKEN="s3cret-token", CA_FILE=str(tmp_path / "none.pem"))
    options: list[str | Path] = (
        [] if command == "ping" else ["--strategy", strategy_file, "--data-dir", tmp_path / "data"]
    )
    ran = cli(command, *options)
    assert ran.code == 2
    assert "CERBERO_BITE_CA_FILE: expected a file of certificates in PEM" in ran.err


def test_a_file_of_certificates_that_nothing_needs_is_not_read(cli: Cli, tmp_path: Path) -> None:
    """Some systems set the variable to a file that is not there."""
    with serving(healthy) as port, cli.monkeypatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        assert pinged(cli, f"http://127.0.0.1:{port}") == {None}


def test_a_refused_port_and_another_protocol_are_told(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert pinged(cli, f"http://127.0.0.1:{port}") == {
        f"127.0.0.1:{port} refused the connection: nothing listens there; nothing was sent"
    }
    with serving(lambda connection: connection.sendall(HEALTHY)) as port:
        [told] = pinged(cli, f"https://127.0.0.1:{port}")
        assert told is not None
        assert told.startswith(f"no TLS with 127.0.0.1:{port}: ")
        assert "perhaps it speaks http://, not https://; nothing was sent" in told


@pytest.mark.parametrize("command", ["ping", "dry-run", "start"])
def test_http_to_another_machine_is_refused_by_every_command_that_sends_the_token(
    cli: Cli, command: str, strategy_file: Path
) -> None:
    cli.set(MCP_URL="http://upstream.test", MCP_TOKEN="s3cret-token")
    options: list[str | Path] = [] if command == "ping" else ["--strategy", strategy_file]
    ran = cli(command, *options)
    assert ran.code == 2
    assert "CERBERO_BITE_MCP_URL: expected https://" in ran.err


def test_a_start_names_what_goes_in_clear(cli: Cli, tmp_path: Path, strategy_file: Path) -> None:
    """0.0.0.0 reaches this machine, and says so to nobody."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    data = tmp_path / "data"
    with serving(answers(refusal)) as port:
        cli.set(MCP_URL=f"http://0.0.0.0:{port}", MCP_TOKEN="s3cret-token", ALLOW_HTTP="yes")
        ran = cli("start", "--strategy", strategy_file, "--data-dir", data)
    assert ran.code == 2
    assert "token is refused" in ran.err
    warning = "CERBERO_BITE_MCP_URL: http:// to '0.0.0.0': whoever listens on the way"
    assert f"warning: {warning}" in ran.err
    assert warning in (data / "log" / "cerbero-bite.jsonl").read_text("utf-8")
