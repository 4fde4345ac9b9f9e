#!/bin/sh
# Watches the engine of one data folder from outside. It needs no Python, so that it works where the engine does not.
#
#   scripts/watchdog.sh DATA_DIR      one look; run it every minute, by cron or a systemd timer:
#   * * * * *  set -a; . /etc/cerbero-bite.env; /opt/cerbero-bite/scripts/watchdog.sh /var/lib/cerbero-bite
#
# The engine changes the file `heartbeat` every minute. If it has not changed over CERBERO_BITE_WATCHDOG_LOOKS looks in
# a row (default 5), this alerts, hourly while it lasts, and once when the heart beats again. Looks are counted and no
# clock is read, so that setting the machine's clock alerts nobody. An engine that was stopped in good order is no
# alarm.
#
# Alerts go to standard output, and to those of these that are set:
#   CERBERO_BITE_WATCHDOG_URL                                     a webhook that takes JSON with `text` and `content`
#   CERBERO_BITE_TELEGRAM_BOT_TOKEN, CERBERO_BITE_TELEGRAM_CHAT_ID   and CERBERO_BITE_TELEGRAM_API_URL, if not the usual
# CERBERO_BITE_WATCHDOG_KILL=yes: lays the KILL file too, so that an engine that hangs sends no order when it wakes up,
# and the next start is armed until a person disarms it.
#
# Ends with 0 if all is well, 1 if the heart stands still, 2 if it could not look or not tell.

set -u
umask 077
LC_ALL=C
export LC_ALL

data=${1:-}
if [ -z "$data" ] || [ ! -d "$data" ]; then
    echo "watchdog: expected the engine's data folder as its argument, found '$data'" >&2
    exit 2
fi
looks_max=${CERBERO_BITE_WATCHDOG_LOOKS:-5}
case $looks_max in
'' | *[!0-9]* | 0)
    echo "watchdog: CERBERO_BITE_WATCHDOG_LOOKS: expected a whole number from 1 on, found '$looks_max'" >&2
    exit 2
    ;;
esac
cant_tell=no
if [ -n "${CERBERO_BITE_WATCHDOG_URL:-}${CERBERO_BITE_TELEGRAM_BOT_TOKEN:-}" ] && ! command -v curl >/dev/null 2>&1; then
    # Said at every look: it would be too late to say it when there is something to tell.
    echo "watchdog: curl is not installed, or not on the PATH: nothing can be sent" >&2
    cant_tell=yes
fi
state=${CERBERO_BITE_WATCHDOG_STATE:-$data/watchdog}
repeat_after=60

# Nothing but harmless characters: the text stands within JSON and within curl's own quotes.
harmless() {
    printf '%s' "$1" | tr -c 'A-Za-z0-9 .,:;()/_+=-' ' ' | cut -c 1-600
}

tell() {
    text=$(harmless "Cerbero Bite watchdog on $(uname -n): $1")
    printf '%s\n' "$text"
    failed=0
    if [ -n "${CERBERO_BITE_WATCHDOG_URL:-}" ]; then
        send "url = \"$CERBERO_BITE_WATCHDOG_URL\"
header = \"Content-Type: application/json\"
data-binary = \"{\\\"text\\\": \\\"$text\\\", \\\"content\\\": \\\"$text\\\"}\"" || failed=1
    fi
    if [ -n "${CERBERO_BITE_TELEGRAM_BOT_TOKEN:-}" ] && [ -n "${CERBERO_BITE_TELEGRAM_CHAT_ID:-}" ]; then
        api=${CERBERO_BITE_TELEGRAM_API_URL:-https://api.telegram.org}
        send "url = \"${api%/}/bot$CERBERO_BITE_TELEGRAM_BOT_TOKEN/sendMessage\"
data-urlencode = \"chat_id=$CERBERO_BITE_TELEGRAM_CHAT_ID\"
data-urlencode = \"text=$text\"" || failed=1
    fi
    return $failed
}

send() {
    # The address is a secret: curl reads it from a pipe, never from its arguments, which others can see. What it says
    # of an error may hold the address and is left out.
    if printf '%s\n' "$1" | curl --silent --fail --max-time 20 --output /dev/null --config - 2>/dev/null; then
        return 0
    fi
    echo "watchdog: an alert was not taken; it is tried again at the next look" >&2
    return 1
}

lay_kill() {
    at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    # With noclobber the file is made and never overwritten: an arming that is there stays as it is.
    if (
        set -C
        printf '{"arming_id":"watchdog-%s","causes":["kill_file"],"reason":"the heartbeat stands still","who":"watchdog","at":"%s"}\n' \
            "$at" "$at" >"$data/KILL"
    ) 2>/dev/null; then
        echo "laid $data/KILL"
    elif [ ! -e "$data/KILL" ]; then
        echo "watchdog: $data/KILL can't be written" >&2
        return 1
    fi
}

# What was seen last: how many looks it has stood still, whether that was told, and the line itself.
looks=0
told=no
last=
if [ -f "$state" ]; then
    # The line is compared as it is, with blanks at its ends: a torn one must be known again, too.
    { read -r looks && read -r told && IFS= read -r last; } <"$state" || :
    case $looks in '' | *[!0-9]*) looks=0 ;; esac
fi

if [ -f "$data/heartbeat" ]; then
    line=$(head -n 1 "$data/heartbeat" | cut -c 1-500)
elif [ -f "$data/cerbero.db" ]; then
    line="none"
else
    exit 0 # No engine has ever run here.
fi

code=0
case $line in
"stopped "*)
    if [ "$told" = yes ]; then
        tell "the engine was stopped in good order: $line" || code=2
    fi
    looks=0
    [ "$code" -eq 0 ] && told=no
    ;;
*)
    if [ "$line" = "$last" ]; then
        looks=$((looks + 1))
    else
        looks=0
    fi
    if [ "$looks" -ge "$looks_max" ]; then
        code=1
        if [ "${CERBERO_BITE_WATCHDOG_KILL:-}" = yes ] && [ "$told" = no ]; then
            lay_kill || code=2
        fi
        if [ "$told" = no ] || [ $(((looks - looks_max) % repeat_after)) -eq 0 ]; then
            told=yes
            tell "the engine's heartbeat stands still for $looks looks. Last beat: $line. Look at run.py status; if no engine runs, at the positions on the venue's own page, then run.py start." || {
                code=2
                told=no
            }
        fi
    elif [ "$looks" -eq 0 ] && [ "$told" = yes ]; then
        if tell "the engine's heart beats again: $line"; then told=no; else code=2; fi
    fi
    ;;
esac

remember() {
    printf '%s\n%s\n%s\n' "$looks" "$told" "$line"
}

# A disk that is full takes no new file, but the engine can't write its heartbeat then either, so that this is when the
# looks have to be counted: the old file is written over in its place. What is left of it behind the third line is not
# read.
if ! { { remember >"$state.draft"; } 2>/dev/null && mv -f "$state.draft" "$state"; } &&
    ! { [ -f "$state" ] && remember 1<>"$state"; }; then
    echo "watchdog: $state can't be written: it can't count its looks" >&2
    exit 2
fi
[ "$cant_tell" = no ] || code=2
exit "$code"
