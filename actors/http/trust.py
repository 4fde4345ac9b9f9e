"""Whose certificates are trusted: the public authorities', or those that a person names."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx

from core.errors import InputError


@cache
def public_authorities() -> ssl.SSLContext:
    """The authorities that come with certifi. Read once: it takes some hundredths of a second."""
    return httpx.create_ssl_context(trust_env=False)


def trusted(*, instead: Path | None, beside: Path | None) -> ssl.SSLContext | None:
    """The authorities of the file `instead` of the public ones, and those of `beside` as well; None for the
    public ones alone. Raises InputError that names the file's variable."""
    if instead is None and beside is None:
        return None
    if instead is None:
        context = httpx.create_ssl_context(trust_env=False)
    else:
        context = ssl.create_default_context(cafile=str(_certificates("SSL_CERT_FILE", instead)))
    if beside is not None:
        context.load_verify_locations(cafile=str(_certificates("CERBERO_BITE_CA_FILE", beside)))
    return context


def _certificates(variable: str, file: Path) -> Path:
    """The file, if it holds certificates."""
    try:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        found.load_verify_locations(cafile=str(file))
        if found.cert_store_stats()["x509"]:
            return file
        why = "it holds none"
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    raise InputError(f"{variable}: expected a file of certificates in PEM, found {file}: {why}")
