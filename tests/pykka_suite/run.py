"""Download pykka's source distribution into a temporary folder and run its suite on our backends.

Only the fixture table of its conftest is replaced. Proxies and the registry are left out, because we reject
them (`docs/decisions/pykka-suite.md`); there is no further exception.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LEFT_OUT = ("tests/proxy", "tests/test_registry.py")


def download(folder: Path) -> Path:
    """The unpacked source distribution of the installed version of pykka."""
    command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation")
    wanted = ("--no-binary", ":all:", "--dest", str(folder), f"pykka=={version('pykka')}")
    subprocess.run((*command, *wanted), check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def replace_table(source: Path) -> None:
    """Put our fixture table where pykka's was; exactly one place may change."""
    conftest = source / "tests" / "conftest.py"
    ours = "from pykka_runtimes import table\n\nRUNTIMES = table(Runtime)\n"
    pattern = re.compile(r"^RUNTIMES = \{.*?^\}\n", re.MULTILINE | re.DOTALL)
    text, changes = pattern.subn(ours, conftest.read_text("utf-8"))
    if changes != 1:
        raise SystemExit(f"{conftest}: expected one fixture table, found {changes}")
    conftest.write_text(text, "utf-8")
    table = (REPO / "tests" / "pykka_suite" / "runtimes.py").read_text("utf-8")
    (source / "pykka_runtimes.py").write_text(table, "utf-8")


def main() -> int:
    """Run the suite; the exit code is pytest's."""
    with tempfile.TemporaryDirectory(prefix="pykka-suite-") as folder:
        source = download(Path(folder))
        replace_table(source)
        left_out = [f"--ignore={path}" for path in LEFT_OUT]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(source), str(REPO)))}
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=60")
        arguments = (*left_out, *sys.argv[1:], "tests")
        return subprocess.run((*command, *arguments), cwd=source, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
