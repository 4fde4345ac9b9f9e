"""What code may import from outside the project, by folder: most specific last, and everything that is used.

`core` and `actors` are closed: they import only what can't touch the world, and what their folder's door is
open for. The other folders are the edges of the system: there only what makes a run unrepeatable needs a
door.
"""

from __future__ import annotations

CLOSED = ("core/", "actors/")

PURE = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "base64",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "errno",
        "functools",
        "hashlib",
        "hmac",
        "html",
        "inspect",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "operator",
        "pydantic",
        "pydantic_core",
        "re",
        "stat",
        "statistics",
        "struct",
        "types",
        "typing",
        "urllib.parse",
        "zlib",
    }
)
"""Only computes. `datetime` has a clock as well, whose use is forbidden by name."""

UNREPEATABLE = frozenset({"time", "random", "secrets", "uuid"})
"""Clocks and chance: what makes two runs of the same inputs differ."""

DOORS: dict[str, tuple[str, ...]] = {
    # It finds the tools in the files of its own folder, while it is imported.
    "core/contract/__init__.py": ("importlib.import_module", "pkgutil"),
    "core/contract/registry.py": ("importlib.import_module", "pathlib", "pkgutil"),
    # Each name of a face from its file when it is asked for.
    "core/lazy_face.py": ("importlib.import_module",),
    # Texts of settings, wherever they come from, are YAML.
    "core/lined_yaml.py": ("yaml",),
    # Draws that several means share for as long as one of them is alive.
    "core/statistics/bootstrap.py": ("weakref.WeakValueDictionary",),
    # The system around the rooms: paths are handed on, the version is read, the process is told to stop.
    "actors/compose.py": ("importlib.metadata", "pathlib", "ssl.SSLContext"),
    "actors/channels.py": ("pathlib", "ssl.SSLContext"),
    "actors/engine.py": ("logging", "threading"),
    "actors/system_events.py": ("logging",),
    "actors/engine_settings.py": ("pathlib",),
    "actors/tree.py": ("pathlib",),
    # The rooms, each for what it owns.
    "actors/alerting/": ("logging", "ssl.SSLContext"),
    "actors/anchor/": ("os", "pathlib"),
    # A write that hangs has its file locked.
    "actors/audit/": ("fcntl", "gzip", "os", "pathlib", "shutil"),
    "actors/control/": ("os", "pathlib", "select", "socket", "tempfile", "threading", "time"),
    # The wire: sockets, threads for what has no deadline, and process time, which is always real.
    "actors/http/": (
        "email.utils.parsedate_to_datetime",
        "httpcore",
        "httpx",
        "ipaddress",
        "pathlib",
        "select",
        "socket",
        "ssl",
        "threading",
        "time",
    ),
    # Which module is there before httpx looks for it.
    "actors/http/no_command_line.py": ("sys",),
    "actors/heartbeat/": ("os", "pathlib"),
    "actors/health/": ("pathlib", "shutil"),
    "actors/kill_switch/": ("os", "pathlib"),
    # The lock of an account is a socket's name that the kernel frees with the process.
    "actors/execution/account_lock.py": ("socket",),
    "actors/mcp/": ("tenacity",),
    "actors/phone/": ("ssl.SSLContext",),
    "actors/held_place.py": ("os", "pathlib"),
    "actors/recorder/": ("os", "pathlib"),
    "actors/scheduler/": ("schedule",),
    # Whose thread may close a connection.
    "actors/state/database.py": ("pathlib", "shutil", "sqlite3", "threading.get_ident"),
    "actors/state/": ("importlib.resources", "os", "pathlib", "shutil", "sqlite3"),
    # Clocks, threads, chance and signals are what the runtime gives to the rooms.
    "actors/runtime/": (
        "contextvars",
        "greenlet",
        "heapq",
        "logging",
        "pykka",
        "queue",
        "random",
        "sys",
        "threading",
        "time",
        "traceback",
        "uuid",
    ),
    # It wires what it imports.
    "actors/runtime/tripwires.py": ("os", "secrets", "select", "socket", "subprocess"),
    # Two settings of the C library that Python has no word for.
    "actors/runtime/threads/heap.py": ("ctypes",),
    # A token of the embedded venue; how long a run took; how old a connection is.
    "cli/": ("secrets", "time"),
    # How long a person waits for the engine.
    "reading/control_client.py": ("time.monotonic",),
    # How long a read may hold up the engine's checkpoints, and how long a copy of the books may take.
    "reading/brief.py": ("time.monotonic",),
    "actors/state/read_only.py": ("pathlib", "sqlite3", "time.monotonic"),
    # The id of a person's arming, and how long the person waits.
    "reading/switch/arming.py": ("secrets", "time.monotonic"),
    # How old an answer, a link and a form are; links, cookies and forms are tokens.
    "page/": ("time.monotonic",),
    "page/door/access.py": ("secrets", "time.monotonic"),
    # How old a scrape is, and how long reading took.
    "reading/metrics/reader.py": ("time.monotonic",),
    # A seeded market and seeded faults; the embedded venue's token.
    "gateway/paper/": ("random", "secrets"),
    # The same, and nonces that were never used.
    "gateway/sim/": ("random", "secrets", "time"),
    # What a seed draws; how much CPU time it takes.
    "lab/simulate/": ("random",),
    "lab/simulate/seeds.py": ("time.process_time",),
    # A sample of combinations, drawn by a seed; how long a point of a cluster takes, in real time.
    "lab/research/axes.py": ("random",),
    "lab/research/cluster.py": ("time.monotonic",),
    # Hosts outside, deadlines on process time, and nonces.
    "gateway/live/": ("httpx", "secrets", "time"),
    "bench/": ("time",),
}

CLOCKS = frozenset(
    {f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")} | {"datetime.date.today"}
)
HOLDS_CLOCK = frozenset({"datetime", "datetime.datetime", "datetime.date"})
"""Under another name nobody would see that their clock is read."""
HIDDEN_INPUT = frozenset({"os.urandom", "os.getrandom", "os.environ", "os.getenv", "os.times"})
"""What a room must not read although its folder may import `os`."""
REACHING = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "hash", "id", "input", "open"}
)
"""Built-in functions that reach a file, a module or a number which differs from process to process."""

BEHIND_THE_TYPES: dict[str, tuple[str, ...]] = {
    # Whoever has the recipient of an address can tell it anything.
    # A simulated person hears an answer without waiting for it.
    "recipient": ("actors/runtime/", "lab/simulate/person.py"),
    "tell_from": ("actors/runtime/",),
    "ask_from": ("actors/runtime/",),
    # Its answer may be anything; rooms use `deferred`.
    "defer_reply": ("actors/runtime/", "actors/room/"),
    # A name that is made elsewhere may claim any protocol.
    "RoomName": ("actors/names.py", "actors/system_events.py"),
    "ExactName": ("actors/names.py", "actors/tree.py"),
}
"""Ways around the types of addresses and answers, and the files that may go them."""
