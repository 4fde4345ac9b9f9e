"""`phone`: what commands from a chat need on the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.options import named_path
from cli.sentences import SentenceGroup
from cli.views.say import put, say
from core.errors import InputError

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Commands from a chat (docs/phone.md).",
)
SECRET_BYTES = 20
"""As long as SHA-1's digest: RFC 4226, section 4, R6."""


@app.callback()
def phone() -> None:
    """Keep `secret` a command of a group, though it is the only one."""


@app.command()
def secret(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", parser=named_path, help="A new file for the secret.")
    ],
) -> None:
    """Draw a secret for one-time codes, write it to FILE, and show it once for the authenticator app.

    Example: run.py phone secret /etc/cerbero-bite/totp
    """
    import base64
    import secrets
    from urllib.parse import quote

    text = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise InputError(f"{file}: expected no file of that name, found one; it is left as it is") from None
    except OSError as error:
        raise InputError(f"{file}: expected a place for a new file, found {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            os.fchmod(handle, 0o600)
            stream.write(f"{text}\n")
            stream.flush()
            os.fsync(handle)
    except OSError as error:
        # Or the next try would find a file of that name.
        file.unlink(missing_ok=True)
        raise InputError(f"{file}: expected room for the secret: {error.strerror}") from None
    say(f"{file} holds a new secret. Type it into the app, or make a code to scan of the second line:")
    # Not by `say`, which would mask what looks like a credential.
    put(f"  {text}\n  otpauth://totp/{quote('Cerbero Bite')}?secret={text}&issuer={quote('Cerbero Bite')}\n")
    say(f"Then set CERBERO_BITE_TELEGRAM_TOTP_FILE={file} and restart the engine.")
