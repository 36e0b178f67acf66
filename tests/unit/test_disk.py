"""What our own disk says when it does not take or give a file, as an error with three sentences."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.ground import disk, manifests, settings
from pipeline.ground.errors import DiskFailed

from .conftest import Configure

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", sorted(disk.FAILURES))
def test_a_disk_that_takes_nothing_is_said(number: int) -> None:
    with pytest.raises(DiskFailed), disk.explained():
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", sorted(disk.FOREIGN))
def test_a_file_of_somebody_else_is_said_with_its_owner(number: int) -> None:
    landing = manifests.folder(settings.load().district.landing)
    (landing / "kept").touch(mode=0o600)
    with pytest.raises(DiskFailed) as caught, disk.explained():
        raise OSError(number, os.strerror(number), str(landing / "kept" / "below"))
    assert f"{landing / 'kept'} belongs to " in caught.value.found
    assert "(mode 0600)" in caught.value.found
    assert "sudo chown -R" in caught.value.next_step


def test_a_file_that_is_not_ours_to_keep_is_its_owner_s_matter(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk.explained():
        raise PermissionError(errno.EACCES, "no", str(tmp_path / "drop" / "students.csv"))


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPIPE, errno.ECONNRESET])
def test_what_is_not_about_the_disk_stays_what_it_is(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)), disk.explained():
        raise OSError(number, os.strerror(number))


AS_NOBODY = """
import os, sys
from pipeline.ground import disk
from pipeline.ground import manifests
from pipeline.ground import settings
settings.load()
os.setgid(65534); os.setuid(65534)
from pathlib import Path
for action in (manifests.load, lambda path: manifests.save(path, {}), lambda path: list(path.parent.iterdir())):
    try:
        with disk.explained():
            action(Path(sys.argv[1]))
        print("nothing was wrong")
    except disk.DiskFailed as error:
        print(error.found)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of root behind")
def test_what_a_run_as_root_left_is_told_to_the_service_user(configure: Configure) -> None:
    """In a folder that the service user may enter, whoever owns the folders of the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as above:
        landing = Path(above) / "landing"
        configure(district={"landing": str(landing)})
        (landing / "2026-11-23").mkdir(mode=0o700, parents=True)
        for folder in (Path(above), landing):
            folder.chmod(0o755)
        kept = landing / "2026-11-23" / "cc.manifest.json"
        kept.touch(mode=0o600)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(kept)], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    assert all("cannot be used by nobody: " in line and "belongs to root" in line for line in lines), lines
