"""The exit codes of the commands, and the one place that maps errors to them.

0  done as asked
1  a check ran and found something wrong; also if the upstream is unreachable or refuses the token
2  arguments, environment or input that can't be used; of `start`, also a token that is refused, or a data
   folder that is not in its place any more: a person must change something, and the same start would be
   refused again
3  the command needs a running engine and there is none
4  the message is on disk and still under way after the wait; an alert tells its end
130  Ctrl-C ended it before it was done; a long run tells what was done until then
"""

from __future__ import annotations

from enum import IntEnum

from core.errors import CerberoError, EngineNotRunningError, InputError


class ExitCode(IntEnum):
    OK = 0
    FOUND_WRONG = 1
    BAD_INPUT = 2
    NOT_RUNNING = 3
    UNDER_WAY = 4


def exit_code_of(error: CerberoError) -> ExitCode:
    """The code of an error that ended a command.

    Every error but unusable input and a missing engine means that the command ran and found something wrong.
    """
    if isinstance(error, InputError):
        return ExitCode.BAD_INPUT
    if isinstance(error, EngineNotRunningError):
        return ExitCode.NOT_RUNNING
    return ExitCode.FOUND_WRONG
