"""`strategy.yaml`: complaints name file, line and key; overrides are named; the hash seals the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config import load_strategy, strategy_hash
from config.yaml_lines import read_lined_yaml
from core.errors import ConfigError
from core.strategy import Strategy
from tests.without_root import without_root


def written(folder: Path, text: str, name: str = "strategy.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_strategy(written(folder, text))
    return str(raised.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "entry:\n  dvol_min_pts: 0.4\n",
            "strategy.yaml:2: entry.dvol_min_pts: expected greater than or equal to 10, found 0.4",
        ),
        (
            "entry:\n\n  capital_min: 5\n",
            "strategy.yaml:3: entry.capital_min: unknown key; did you mean capital_min_usd?",
        ),
        ("entri:\n  x: 1\n", "strategy.yaml:1: entri: unknown key; did you mean entry?"),
        (
            "kelly:\n  zzz: 1\n",
            "strategy.yaml:2: kelly.zzz: unknown key; known here: prior_weight, trades_min",
        ),
        (
            "execution:\n  fill_timeout_s: 15m\n",
            "strategy.yaml:2: execution.fill_timeout_s: expected number, found '15m'",
        ),
        (
            "scheduler:\n  entry_time: 14:00\n",
            "strategy.yaml:2: expected a number or a text in quotes, found 14:00, "
            'which YAML reads as minutes and seconds; if it is a time, quote it: "14:00"',
        ),
        (
            'scheduler:\n  monitor_times:\n    - "00:00"\n    - noon\n',
            "strategy.yaml:4: scheduler.monitor_times.1: expected a time of day such as 14:00, found ",
        ),
        ("entry: 5\n", "strategy.yaml:1: entry: expected an object, found 5"),
        ("\nentry: 2026-13-45\n", "strategy.yaml:2: expected a valid timestamp, found '2026-13-45'"),
        ("2026-13-45: 1\n", "strategy.yaml:1: expected a valid timestamp, found '2026-13-45'"),
        (
            "sizing:\n  contracts_max: 010\n",
            "strategy.yaml:2: expected a decimal number, found 010, which YAML reads as 8; "
            "write it without the leading 0",
        ),
        (
            "sizing:\n  contracts_max: 0x1F\n",
            "strategy.yaml:2: expected a decimal number, found 0x1F, which YAML reads as 31; "
            "write it without the leading 0",
        ),
        (
            "sizing:\n  cap_per_trade_eur: 1_000\n",
            "strategy.yaml:2: expected a decimal number, found 1_000; write it without the _",
        ),
        (
            "sizing:\n  risk_per_trade: 0.01_5\n",
            "strategy.yaml:2: expected a decimal number, found 0.01_5; write it without the _",
        ),
        (
            "sizing:\n  risk_per_trade: 1e-2\n",
            "strategy.yaml:2: sizing.risk_per_trade: expected number, found '1e-2'; "
            "YAML reads it as text: write it in plain decimal digits and without quotes",
        ),
        (
            "sizing:\n  contracts_max: ٣\n",
            "strategy.yaml:2: sizing.contracts_max: expected integer, found '٣'; YAML reads it as text: ",
        ),
        (
            "entry:\n  macro_country: NO\n",
            "strategy.yaml:2: entry.macro_country: expected string, found False; "
            "YAML reads it as yes or no: write it in quotes",
        ),
        ("entry: !!int abc\n", "strategy.yaml:1: expected a valid int, found 'abc'"),
        ("entry: !!bool maybe\n", "strategy.yaml:1: expected a valid bool, found 'maybe'"),
        (f"entry: {'9' * 5000}\n", "strategy.yaml:1: expected a valid int, found a longer one"),
        (f"entry: {'[' * 500}{']' * 500}\n", "strategy.yaml: expected settings, found brackets nested"),
        (
            "entry:\n  dvol_min_pts: 85\n",
            "strategy.yaml:1: entry: dvol_min_pts must be below dvol_max_pts",
        ),
        (
            "\nentry:\n  capital_min_usd: 1000\n",
            "strategy.yaml:1: entry.capital_min_usd can't carry one contract",
        ),
        (
            "strikes:\n  long_leg:\n    buy: width\n",
            "strategy.yaml:3: strikes.long_leg.buy: unknown key; did you mean by?",
        ),
        ("config_hash: 7\n", "strategy.yaml:1: config_hash: expected text or null, found 7"),
        ("entry:\n  - 1\n  b: 2\n", "strategy.yaml:3: expected YAML"),
        ("entry: [1\n", "strategy.yaml:2: expected YAML"),
        ("a: \x00\n", "strategy.yaml: expected YAML"),
        ("entry: {}\nentry: {}\n", "strategy.yaml:2: entry: expected once, found again"),
        ("1: {}\n", "strategy.yaml:1: expected a key of text, found 1"),
        ("- 1\n", "strategy.yaml:1: expected keys and values, found list"),
        ("entry: !!python/object:os.system {}\n", "strategy.yaml:1: expected plain values, found the tag"),
        ("entry: !!python/name:os.system 1\n", "strategy.yaml:1: expected YAML"),
        ("entry: &a\n  b: *a\n", "strategy.yaml:2: expected YAML: expected plain values, found an alias"),
        ("entry:\n  macro_country: 2026-01-01\n", "strategy.yaml:2: entry.macro_country: expected"),
    ],
)
def test_a_complaint_names_line_key_expected_and_found(tmp_path: Path, text: str, expected: str) -> None:
    assert complaint(tmp_path, text).startswith(expected)


def test_a_list_is_not_called_short_because_its_only_item_is_wrong(tmp_path: Path) -> None:
    found = complaint(tmp_path, 'scheduler:\n  monitor_times: ["24:00"]\n')
    assert found == (
        "strategy.yaml:2: scheduler.monitor_times.0: expected a time of day such as 14:00, found '24:00'"
    )
    assert "monitor_times: expected at least 1 item" in complaint(
        tmp_path, "scheduler:\n  monitor_times: []\n"
    )


def test_all_complaints_are_listed(tmp_path: Path) -> None:
    lines = complaint(tmp_path, "entry:\n  x: 1\n  y: 2\nbias:\n  z: 3\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "5"]


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"strategy.yaml: expected a file, found none"):
        load_strategy(tmp_path / "strategy.yaml")
    with pytest.raises(ConfigError, match=r"expected a plain file, found a folder"):
        load_strategy(tmp_path)
    path = tmp_path / "strategy.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="expected UTF-8 text"):
        load_strategy(path)


def test_an_empty_file_is_all_defaults_and_unsealed(tmp_path: Path) -> None:
    loaded = load_strategy(written(tmp_path, "# nothing\n"))
    assert loaded.strategy == Strategy()
    assert loaded.hash_stored is None
    assert not loaded.hash_matches


def test_the_shipped_file_is_sealed(repository: Path) -> None:
    loaded = load_strategy(repository / "strategy.yaml")
    assert loaded.hash_matches
    loaded.require_hash()
    assert loaded.hash_computed == strategy_hash(Strategy())


def test_a_broken_seal_says_what_to_do(tmp_path: Path) -> None:
    loaded = load_strategy(written(tmp_path, 'config_hash: "abc"\n'))
    with pytest.raises(
        ConfigError, match=f"expected {loaded.hash_computed}, found abc; .*config hash --write"
    ):
        loaded.require_hash()


def test_the_hash_is_of_values_not_of_their_spelling(tmp_path: Path) -> None:
    one = load_strategy(written(tmp_path, "entry:\n  vrp_min_pts: 1\n  eth_share_max: 0.30\n"))
    other = load_strategy(written(tmp_path, "entry: {eth_share_max: .3, vrp_min_pts: 1.0}  # same\n"))
    changed = load_strategy(written(tmp_path, "entry:\n  vrp_min_pts: 1.1\n"))
    assert one.hash_computed == other.hash_computed != changed.hash_computed


def test_local_overrides_win_are_named_and_leave_the_hash_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n  eth_share_max: 0.2\n")
    alone = load_strategy(path)
    written(tmp_path, "entry:\n  vrp_min_pts: 3\nkelly:\n  trades_min: 30\n", "strategy.local.yaml")
    loaded = load_strategy(path)
    assert loaded.strategy.entry.vrp_min_pts == 3
    assert loaded.strategy.entry.eth_share_max == 0.2
    assert loaded.overrides == ("entry.vrp_min_pts=3.0 (strategy.yaml: 2.0)",)
    assert loaded.hash_computed == alone.hash_computed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("entry:\n  vrp_min_pts: 300\n", r"strategy\.local\.yaml:2: entry\.vrp_min_pts"),
        ("config_hash: 5\n", r"strategy\.local\.yaml:1: config_hash: expected text"),
        ("entry:\n", r"strategy\.local\.yaml:1: entry: expected an object, found None"),
    ],
)
def test_a_complaint_about_an_override_names_the_local_file(tmp_path: Path, text: str, expected: str) -> None:
    path = written(tmp_path, "entry:\n  vrp_min_pts: 2\n")
    written(tmp_path, text, "strategy.local.yaml")
    with pytest.raises(ConfigError, match=expected):
        load_strategy(path)


def test_places_of_nested_keys_and_list_items(tmp_path: Path) -> None:
    lined = read_lined_yaml(written(tmp_path, "a:\n  b:\n    - x\n    - {c: 1}\n"))
    assert lined.values == {"a": {"b": ["x", {"c": 1}]}}
    assert {path: place.line for path, place in lined.places.items()} == {
        (): 1,
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 4,
        ("a", "b", 1, "c"): 4,
    }


@pytest.mark.parametrize("name", ["strategy.yaml", "lab/workloads/hold.yaml"])
def test_every_strategy_file_of_the_project_is_valid_and_sealed(repository: Path, name: str) -> None:
    """Whoever adds a setting seals each of them anew."""
    assert load_strategy(repository / name).hash_matches
    found = {str(path.relative_to(repository)) for path in (repository / "lab").rglob("*.yaml")}
    # W1 has a section of the lab that no engine takes, and is sealed by it; its columns are no strategy.
    assert found - {"lab/workloads/w1.yaml", "lab/workloads/w1_columns.yaml"} == {"lab/workloads/hold.yaml"}


HIDDEN = {
    "a bidi sign": "\u202e",
    "an isolate": "\u2066",
    "no width": "\u200b",
    "a joiner": "\u200d",
    "a byte order mark": "\ufeff",
    "a soft hyphen": "\u00ad",
    "a line end": "\n",
    "a return": "\r",
    "an escape": "\x1b",
    "a C1 control": "\x9b",
    "a line separator": "\u2028",
    "a filler": "\u3164",
    "a blank pattern": "\u2800",
    "a variation": "\ufe0f",
    "a tag": "\U000e0041",
    "private": "\ue000",
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize(
    ("key", "before"), [("strategy:\n  name", "calm"), ("audit:\n  anchor_path", "/mnt/other")]
)
def test_a_text_with_a_character_that_is_not_seen_is_refused(
    tmp_path: Path, key: str, before: str, hidden: str
) -> None:
    told = complaint(tmp_path, f"{key}: {json.dumps(before + hidden + 'x')}\n")
    name = key.replace(":\n  ", ".")
    assert told.startswith(f"strategy.yaml:2: {name}: expected characters that can be seen, found \\")
    assert told.endswith(f" at character {len(before) + 1}; write it anew")
    assert told.isprintable()
    assert hidden not in told


@pytest.mark.parametrize("name", [" ", "\u3000"])
def test_a_name_of_which_nothing_is_seen_is_refused(tmp_path: Path, name: str) -> None:
    assert "strategy.name: expected characters" in complaint(tmp_path, f'strategy:\n  name: "{name}"\n')


def test_a_name_in_any_script_is_good(tmp_path: Path) -> None:
    file = written(tmp_path, "strategy:\n  name: Zérbero Δ 三头犬 №1\n")
    assert load_strategy(file).strategy.strategy.name == "Zérbero Δ 三头犬 №1"


@pytest.mark.parametrize("time", ["1\u0664:00", "\uff11\uff14:00", "14:0\u0660"])
def test_a_time_of_day_is_written_in_the_digits_0_to_9(tmp_path: Path, time: str) -> None:
    assert "scheduler.entry_time: expected" in complaint(tmp_path, f'scheduler:\n  entry_time: "{time}"\n')


def test_a_file_that_this_user_may_not_read_is_named_with_its_folder_and_the_user(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.chmod(0)
    with without_root() as uid, pytest.raises(ConfigError) as raised:
        load_strategy(path)
    assert f"expected a file that uid {uid} can read, found Permission denied" in str(raised.value)
    assert f"see the rights of the file and of {tmp_path}" in str(raised.value)
