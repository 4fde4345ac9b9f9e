"""Alerts about the engine itself: its actors, its clock, its commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

_HAPPENED: Final = "It tells of something that has happened."

ENGINE: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.ENGINE_START: AlertEntry(
        title="The start could not be recorded",
        means="The engine's start is not on record, so that no job runs yet.",
        do="run.py healthcheck says what is wrong with the books; a full disk is the usual cause.",
        over="It is tried again until it succeeds; run.py status then shows the next runs.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ENDED_WITHOUT_A_WORD: AlertEntry(
        title="The engine was gone and is back",
        means="The last run ended without being stopped: by a kill, a power cut or a crash. Nobody watched "
        "the market in between. Books and venue are compared at this start.",
        do="run.py status shows what is open and what blocks entries. Find out what ended it: the files in "
        "log/, and the system's own journal.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.START_FAILED: AlertEntry(
        title="The engine can't start",
        means="A start was given up for the reason in the alert. No engine runs on this data folder, and "
        "nobody watches its positions.",
        do="Put right what the reason names, then run.py start. Look at open positions on the venue's own "
        "page.",
        over="It is told once in six hours for the same reason, however often the start is tried.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.ALERT_PARKED: AlertEntry(
        title="An alert could not be shown",
        means="The channel refused one alert three times and took this notice. The alert stays in the books "
        "and is not sent over this channel any more; what came after it is.",
        do="run.py status names it, and the files in log/ have its words and what the channel said.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.WEEKLY_DIGEST: AlertEntry(
        title="The week",
        means="Once a week: trades and result, what the trades prove so far, what is open, the account, and "
        "why there was no entry.",
        do="Nothing. run.py report shows the same for any period.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.ACTOR_FAILED: AlertEntry(
        title="A part failed and was restarted",
        means="An actor failed on a message. It is started again by itself, the rest carries on.",
        do="Nothing for one. If it happens again: run.py status, and the traceback in log/.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.ACTOR_HUNG: AlertEntry(
        title="A part hangs",
        means="An actor has been busy with one message for too long. It is replaced or restarted by itself.",
        do="run.py status shows whether it works again; kill -USR1 PID writes where it hangs.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.ACTOR_PARKED: AlertEntry(
        title="A part is down",
        means="The actor of a router, or of the market's data, failed too often within a minute. Entries are "
        "suspended; exits go on as long as deribit works. If it is the heartbeat (HIGH), trading goes on.",
        do="run.py ping shows whether the upstream host is the cause; the files in log/ have the traceback.",
        over="It is tried again every ten minutes, and the suspension clears by itself.",
        severities=(Severity.HIGH, Severity.CRITICAL),
    ),
    AlertCode.SUPERVISOR_EXHAUSTED: AlertEntry(
        title="A part failed too often",
        means="A supervisor used up its restarts. The switch is armed; if it was the root, the engine ends.",
        do="Look at the venue. run.py status says whether the engine runs; the files in log/ have the "
        "traceback. Start it, then disarm.",
        over="The switch stays armed until a person disarms it.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.HOOK_FAILED: AlertEntry(
        title="A part did not clean up",
        means="An actor failed while it ended or was told of another's end. It goes on.",
        do="Nothing for one. The files in log/ have the traceback: report it as a fault of the engine.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.MAILBOX_OVERFLOW: AlertEntry(
        title="A part can't keep up",
        means="An actor's mailbox is full, and messages to it are refused.",
        do="run.py status shows what it is busy with; kill -USR1 PID writes where it hangs.",
        over="It is told at most once a minute while it lasts.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.DEAD_LETTER: AlertEntry(
        title="A message was lost",
        means="A message will not be handled. If it would have changed the books, entries are suspended and "
        "books and venue are compared.",
        do="run.py trace ID, with the alert's cause, shows what it belonged to.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM,),
    ),
    AlertCode.CLOCK_STEPPED: AlertEntry(
        title="The machine's clock was set",
        means="The system's clock jumped. Entries are suspended until the venue confirms the time.",
        do="Set the clock right, and keep it so with a time daemon: timedatectl shows one.",
        over="It is over at the next check of the venue, every five minutes, that differs by at most 1 s.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.CONTROL_SOCKET_LOST: AlertEntry(
        title="The socket of the commands was taken away",
        means="Somebody or something deleted the socket by which commands reach the engine.",
        do="Wait a minute: it is bound again by itself. Until then arm by touch KILL in the data folder.",
        over="It is told hourly while it can't be bound again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.CONTROL_SOCKET_DEAF: AlertEntry(
        title="Commands can't be taken",
        means="The engine can't take connections to its socket of commands: files, threads or memory of the "
        "process or the machine are used up. It trades on as far as it can.",
        do="Free what the alert names. Until then arm by touch KILL in the data folder.",
        over="It is tried again every second; the same alert tells that commands are taken again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.LOCK_LOST: AlertEntry(
        title="The lock of the data folder was taken away",
        means="Somebody or something deleted or replaced the file lock, by which commands find the engine. "
        "The folder stays held: no second engine, restore or rebuild begins on it.",
        do="Find out what deletes files there, and end that. If the lock is not laid again, put away what "
        "lies in its place.",
        over="It is laid again by itself within a minute, and told hourly while that can't be done.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.DATA_FOLDER_MOVED: AlertEntry(
        title="The data folder is another one",
        means="The name of the data folder leads to another folder, or to none: it was renamed, replaced or "
        "unmounted. Nothing can be recorded, so nothing is ordered; with the next record the engine ends "
        "within a minute, and is not started again by itself.",
        do="run.py stop, or kill -TERM PID; put the right folder back in its place; run.py audit verify; "
        "run.py start. If a KILL lies in a folder that has taken the place, it is this engine's.",
        over="It is told hourly while it lasts, and when the engine's own folder is back.",
        severities=(Severity.CRITICAL,),
    ),
    AlertCode.COMMAND_ENDED: AlertEntry(
        title="Your command has ended",
        means="A command that nobody waits for any more has ended; the alert says how.",
        do="Nothing if it ended well (MEDIUM). Otherwise the text says why; ask again if you still want it.",
        over=_HAPPENED,
        severities=(Severity.MEDIUM, Severity.HIGH),
    ),
    AlertCode.TEST_ALERT: AlertEntry(
        title="A test",
        means="A person wanted to see that alerts arrive, and this one has. Nothing has happened.",
        do="Nothing.",
        over=_HAPPENED,
        severities=tuple(Severity),
    ),
    AlertCode.PHONE_TAKEN: AlertEntry(
        title="Another program reads the chat's commands",
        means="A second engine or program uses the bot's token to read, or a webhook is set. What it takes "
        "never arrives here: /arm would be lost.",
        do="Stop the other program, or give it a bot of its own. Until then arm on the machine: "
        'run.py kill-switch arm --reason "…".',
        over="The alert phone_back tells that the commands are read by this engine alone again.",
        severities=(Severity.HIGH,),
        ends=AlertCode.PHONE_BACK,
    ),
    AlertCode.PHONE_BACK: AlertEntry(
        title="The chat's commands arrive again",
        means="No other program reads them any more.",
        do=NOTHING_TO_DO,
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
    AlertCode.PHONE_LOCKED: AlertEntry(
        title="Three wrong codes in the chat",
        means="Somebody sent three wrong one-time codes for /close. None is taken for 15 minutes, and for "
        "longer if it was not the first time.",
        do="If it was not you, somebody else has your phone or your account: end the bot's access with "
        "@BotFather, and set CERBERO_BITE_TELEGRAM_COMMANDS=off.",
        over="From the time on that the alert names, codes are taken again.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.INBOX_UNREADABLE: AlertEntry(
        title="A command can't be read",
        means="A command that was accepted before a restart can't be read by this version, and was not done.",
        do="Ask again: run.py inject --list shows how.",
        over=_HAPPENED,
        severities=(Severity.HIGH,),
    ),
}
