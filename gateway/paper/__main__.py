"""`python -m gateway.paper --config-json -`: serve the venue that the JSON on standard input describes."""

from __future__ import annotations

import json
import os
import sys

from pydantic import ValidationError

from core.errors import InputError
from gateway.paper.launch import Listening, PaperVenueConfig
from gateway.paper.process import EXIT_FAILED, EXIT_INPUT, main
from gateway.paper.store import StoreFailedError

USAGE = "python -m gateway.paper --config-json -"


def run(arguments: list[str]) -> int:
    """Exit code: 0 after an orderly end, 1 if its store failed, 2 if the venue can't start."""
    try:
        return _serve(arguments)
    except BrokenPipeError:
        # The process that started this venue ended before it listened. Without this, Python would report
        # the broken pipe again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _serve(arguments: list[str]) -> int:
    if arguments != ["--config-json", "-"]:
        sys.stderr.write(f"usage: {USAGE}  (the configuration comes on standard input)\n")
        return EXIT_INPUT
    try:
        main(PaperVenueConfig.model_validate_json(sys.stdin.read()), _announce)
    except ValidationError as error:
        # The input is left out of the message because it holds the token.
        return _refuse("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except InputError as error:
        return _refuse(str(error))
    except StoreFailedError as error:
        return _refuse(str(error), EXIT_FAILED)
    return 0


def _announce(ready: Listening) -> None:
    sys.stdout.write(ready.model_dump_json() + "\n")
    sys.stdout.flush()


def _refuse(reason: str, code: int = EXIT_INPUT) -> int:
    sys.stdout.write(json.dumps({"error": reason}) + "\n")
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
