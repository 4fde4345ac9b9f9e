"""The image itself: after a cut a file system comes back, and not the one that was shut down."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.power.image import mounted, why_not


@pytest.mark.power
def test_who_copies_the_mounts_of_this_machine_does_not_keep_a_cut_file_system_alive(tmp_path: Path) -> None:
    """As a container that is started meanwhile does: what it holds would be mounted once more."""
    if (reason := why_not(tmp_path)) is not None:
        pytest.skip(reason)
    copy_when_told = ("sh", "-c", 'read told; exec unshare -m sh -c "echo copied; read told"')
    with subprocess.Popen(copy_when_told, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as container:
        assert container.stdin is not None
        assert container.stdout is not None
        with mounted(tmp_path) as image:
            container.stdin.write(b"now\n")
            container.stdin.flush()
            assert container.stdout.readline() == b"copied\n"
            image.cut()
            image.come_back()
            (image.mount / "written").mkdir()
        container.stdin.close()
