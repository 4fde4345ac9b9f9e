"""Opens a file that one of the commands wrote, and reads its parts back within what they can hold."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.contract.scalars import YEAR_MAX, YEAR_MIN
from core.errors import InputError
from core.schema_words import wrong_by

REPORT_OPTION: Final = "--report"
"""What a person names such a file by."""
AMOUNT_MAX: Final = 1e15
"""In any currency. Sums and charts hold more than this, but not everything that JSON can say."""


def _within_years(value: datetime) -> datetime:
    if not YEAR_MIN <= value.year <= YEAR_MAX:
        raise ValueError(f"expected a time between the years {YEAR_MIN} and {YEAR_MAX}")
    return value


WrittenTime = Annotated[AwareDatetime, AfterValidator(_within_years)]
WrittenFloat = Annotated[float, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
WrittenDecimal = Annotated[Decimal, Field(ge=-int(AMOUNT_MAX), le=int(AMOUNT_MAX))]


class ResultPart(BaseModel):
    """A part of a result. Keys that are not needed here are passed over: a later version may write more."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


PartT = TypeVar("PartT", bound=ResultPart)


def read_result(file: Path, bytes_max: int) -> object:
    """What stands there as JSON. Raises `InputError` if it is no plain file of it, or longer than that.

    It is read again as long as a page shows it, which a pipe can't be, and reading a device may never end.
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{REPORT_OPTION} {file}: expected a file, found a folder, a device or a pipe")
        if found.st_size > bytes_max:
            raise InputError(f"{REPORT_OPTION} {file}: expected at most {bytes_max:,} bytes, found more")
        content: object = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{REPORT_OPTION} {file}: it can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{REPORT_OPTION} {file}: expected JSON, found something else") from None
    return content


def as_written(kind: type[PartT], found: object, where: str) -> PartT:
    """The JSON value as that part. Raises `InputError` that begins with `where` and names the key."""
    try:
        return kind.model_validate_json(json.dumps(found))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(": ".join(filter(None, (where, key, wrong_by(first))))) from None
