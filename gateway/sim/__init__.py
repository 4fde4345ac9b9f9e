"""A simulated Deribit on this machine, and simulated hosts beside it, so that all can be tried offline.

It shares no code with `gateway.live`, which it is there to test: signatures, names, ticks and envelopes are
written once more. What it trades in is the paper venue's market. Where it differs from the venue:

- It is one market in ETH. Of other indexes there is the euro's alone, as a constant.
- The perpetual is the index and 0.03 %; its volume is a constant. Greeks have the paper venue's digits.
- A book has one level a side, because the market knows no more.
- The index chart has one point an hour, some seconds after it; nobody publishes where the venue's lie.
- `get_instruments` is granted once in 10 s, the strictest that the venue's documents say.
- Orders trade against the books of their legs and fill at their limit, as at the paper venue; nobody knows
  whether the venue's combos meet those books, and an order that crosses far fills better there.
- There is one account; tokens, nonces and credits do not outlive the process. Margins are the standard
  model's, also where portfolio margin is simulated. A combo has one ratio for all legs, and no future among
  them.
- `valid_until` is checked when a request is taken up. Only limit orders are taken.
"""
