"""What is mutated, in parts: the files of each, and the quick tests that have to notice a change of them.

mutmut runs those tests of a part that reach the changed function. The whole suite would take too long for
each of thousands of changes, and what only an end-to-end test notices is found far from its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Part:
    """Files and tests are paths within the repository; files may be patterns."""

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    not_mutated: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """The folders at the top that hold the files."""
        return tuple(dict.fromkeys(file.split("/")[0] for file in self.files))

    def has(self, mutants: str) -> bool:
        """Whether a pattern of mutants' names, as `actors.audit.scan.*`, is about this part."""
        return any(fnmatch(f"{mutants.replace('.', '/')}/", f"{_stem(file)}*") for file in self.files)


def _stem(file: str) -> str:
    return file.removesuffix("*").removesuffix(".py")


PARTS = (
    Part(
        "core",
        files=("core/*",),
        tests=("tests/core",),
        # The registry is built while it is imported, before a mutant is switched on: no test could see one.
        not_mutated=("core/contract/registry.py",),
    ),
    Part("kill_switch", files=("actors/kill_switch/*",), tests=("tests/actors/kill_switch",)),
    Part(
        "audit",
        files=("actors/audit/*",),
        # Not the ones that change every bit or every record: they take seconds, at each mutant that survives.
        tests=(
            # The first for the hash of one record, which only the anchor asks for.
            "tests/actors/anchor/test_anchor.py",
            "tests/actors/audit/test_books_at_boot.py",
            "tests/actors/audit/test_boot.py",
            "tests/actors/audit/test_closed_files.py",
            "tests/actors/audit/test_compressed.py",
            "tests/actors/audit/test_disk_full.py",
            "tests/actors/audit/test_evidence_folder.py",
            "tests/actors/audit/test_judge.py",
            "tests/actors/audit/test_last_word.py",
            "tests/actors/audit/test_starts_and_ends.py",
            "tests/actors/audit/test_steps_and_words.py",
            "tests/actors/audit/test_verify.py",
            "tests/actors/audit/test_verify_running.py",
        ),
    ),
    Part("orders", files=("actors/mcp/orders.py",), tests=("tests/actors/mcp/test_orders.py",)),
    Part(
        "books",
        files=(
            "actors/state/sequencer.py",
            "actors/state/chain_kept.py",
            "actors/state/intake.py",
            "actors/state/apply.py",
            "actors/state/apply_orders.py",
            "actors/state/moves.py",
            "actors/state/tables/edits.py",
            "actors/state/tables/ledger.py",
        ),
        tests=(
            # The first for what a new chain opens with.
            "tests/actors/audit/test_boot.py",
            "tests/actors/state/test_chain_kept.py",
            "tests/actors/state/test_entry_latches.py",
            "tests/actors/state/test_failing_disk.py",
            "tests/actors/state/test_intake.py",
            "tests/actors/state/test_market_file.py",
            "tests/actors/state/test_orders_on_record.py",
            "tests/actors/state/test_positions.py",
            "tests/actors/state/test_sequencing.py",
            "tests/actors/state/test_what_is_recorded.py",
            "tests/actors/state/test_what_is_refused.py",
        ),
    ),
    Part(
        "arming",
        files=(
            "reading/switch/arming.py",
            "reading/switch/asking.py",
            "cli/commands/kill_switch.py",
            "cli/disarming.py",
            "reading/switch/stored.py",
            "cli/last_arming.py",
            "cli/process_age.py",
        ),
        tests=(
            "tests/cli/test_arming.py",
            "tests/cli/test_disarming.py",
            "tests/cli/test_kill_switch_status.py",
        ),
    ),
)
