"""One attempt to hand a letter to a channel, whatever the channel does."""

from __future__ import annotations

from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.letter import Letter
from actors.runtime import Context, RuntimeFault


def one_attempt(channel: AlertChannel, letter: Letter, ctx: Context) -> Taken | NotTaken:
    """What became of it. Raises RuntimeFault.

    A fault at making or sending this letter is taken for a refusal of it: it would come again with every
    attempt, and end the room each time, with everything that waits behind it.
    """
    try:
        return channel.send(letter)
    except RuntimeFault:
        raise
    except Exception as error:
        ctx.log().exception("an alert channel failed at a letter: %s", channel.name)
        said = f"the letter could not be sent: {type(error).__name__}"
        return NotTaken(said, refused=True, perhaps=True)
