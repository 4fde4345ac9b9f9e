"""What only the laboratory may switch: a strategy file with a `lab` section is refused by every engine.

They make the road do what another program does, so that its trades can be held against an independent list.
None of them is a setting of the strategy: no engine can trade without fees or judge an exit by mids.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from core.section import Section
from core.values import SpreadKind


class Switches(Section):
    """The `lab` section. The defaults change nothing."""

    kind: SpreadKind | None = Field(None, description="the kind of every entry; null: by the bias")
    gates: bool = Field(True, description="false: rules 1 to 3 and the gate of the kill switch let all pass")
    delta: Literal["model", "recorded"] = Field("model", description="ours from the IV, or as recorded")
    fees: bool = Field(True, description="false: nothing that is traded or delivered costs a fee")
    exit_measure: Literal["natural", "mid"] = Field(
        "natural", description="mid: exits are judged at mids and without fees"
    )
    exit_price: Literal["mid", "natural"] = Field("mid", description="where an exit begins")
    window: bool = Field(True, description="false: the venue has no maintenance window")
    expiries_within_record: bool = Field(
        False, description="true: an entry reads no expiry beyond the last of mapped snapshots"
    )
    quote_min_usd: float = Field(
        0.0, ge=0, le=1e6, description="USD; an entry reads no quote with a side at or below it"
    )

    @model_validator(mode="after")
    def _possible(self) -> Switches:
        if not self.gates and self.kind is None:
            raise ValueError("gates: false leaves no bias that could choose the kind; name one with kind")
        return self


AS_IN_AN_ENGINE: Final = Switches()
