"""The recorder's room: writes what market_data has read, one member at a time, and prunes once a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Final, assert_never

from actors.recorder.folder import RecordFiles
from actors.room import DAY_S, HOUR_S, Alarm, Room, StandingAlert
from actors.runtime import Address
from core.alerts import AlertCode, Severity
from core.contract import iso_utc
from core.how_many import how_many
from core.messages.protocols import AlertingProtocol, RecorderProtocol
from core.messages.recorder import KeepReading, KeepSeries
from core.record.names import RecordFile
from core.record.rows import CHAIN_COLUMNS, SERIES_COLUMNS, chain_rows, csv_text, series_rows

_CHAIN_HEADER: Final = csv_text((CHAIN_COLUMNS,))
_SERIES_HEADER: Final = csv_text((SERIES_COLUMNS,))


class Recorder(Room[RecorderProtocol]):
    """Accepts: `KeepReading`, `KeepSeries`. Sends: `RaiseAlert` to alerting.

    Owns: the folder `record`.
    On failure: nobody waits for it. What came while a disk was full or hung is lost to the record, which is
    told; the market's own books do not depend on it. One that hangs is replaced, and its successor does not
    touch the folder before the hanging thread has come back.
    """

    def __init__(self, *, files: RecordFiles, alerting: Address[AlertingProtocol]) -> None:
        self._files = files
        self._alerting = alerting
        self._pruned_on: date | None = None

    def on_start(self) -> None:
        super().on_start()
        self._alert = Alarm(self.ctx, self._alerting)
        self._unkept = StandingAlert(HOUR_S, DAY_S)
        self._lost = 0

    def handle(self, message: RecorderProtocol) -> None:
        match message:
            case KeepReading():
                self._keep(lambda: self._keep_reading(message))
            case KeepSeries():
                rows = csv_text(series_rows(message.at, message.rows))
                self._keep(lambda: self._append(RecordFile.SERIES, message.at.date(), _SERIES_HEADER, rows))
            case _:
                assert_never(message)

    def _keep_reading(self, reading: KeepReading) -> None:
        day = reading.at.date()
        line = json.dumps(_inputs(reading), separators=(",", ":"), allow_nan=False)
        self._append(RecordFile.CHAIN, day, _CHAIN_HEADER, csv_text(chain_rows(reading)))
        self._append(RecordFile.INPUTS, day, b"", f"{line}\n".encode())

    def _append(self, what: RecordFile, day: date, header: bytes, content: bytes) -> None:
        self.ctx.check_live()
        cut = self._files.append(what, day, header, content)
        if cut is not None:
            self._alert(Severity.LOW, AlertCode.RECORD_CUT, cut, self.ctx.path)

    def _keep(self, write: Callable[[], None]) -> None:
        """Write, and prune on a new day. Whatever the disk says is told, and ends there."""
        try:
            write()
            today = self.ctx.now().date()
            if self._pruned_on != today:
                self._files.prune(today)
                self._pruned_on = today
        except OSError as error:
            self._lost += 1
            if self._unkept.tell_now(self.ctx.now()):
                text = f"the market is not recorded: {error}; {self._lost} so far"
                self._alert(Severity.MEDIUM, AlertCode.RECORD_NOT_KEPT, text, self.ctx.path)
            return
        if self._unkept.tell_end():
            text = f"the market is recorded again; {how_many(self._lost, 'time')} it was not"
            self._alert(Severity.LOW, AlertCode.RECORD_KEPT, text, self.ctx.path)
        self._lost = 0


def _inputs(reading: KeepReading) -> dict[str, object]:
    return {
        "timestamp": iso_utc(reading.slot),
        "reader": reading.reader.value,
        "read_at": iso_utc(reading.at),
        "cycle_id": reading.cycle_id,
        "index_price": reading.spot_usd,
        "dvol": reading.dvol,
        "quotes": len(reading.chain),
        "inputs": reading.inputs,
    }
