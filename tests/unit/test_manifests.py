"""A file is there and whole, or not there, whatever ends the work; and nobody else may read it."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.ground import manifests


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_save_and_load(tmp_path: Path) -> None:
    manifests.save(tmp_path / "a.json", {"name": "Núñez", "rows": 3})
    assert manifests.load(tmp_path / "a.json") == {"name": "Núñez", "rows": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", '"x"'])
def test_what_is_no_manifest_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    assert manifests.load(tmp_path / "a.json") is None


def test_only_we_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        manifests.save(tmp_path / "x/y/a.json", {})
    finally:
        os.umask(before)
    assert [mode(tmp_path / each) for each in ("x", "x/y", "x/y/a.json")] == [0o700, 0o700, 0o600]


def test_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o750)  # whatever the umask
    manifests.folder(tmp_path / "shared/mine")
    assert [mode(tmp_path / each) for each in ("shared", "shared/mine")] == [0o750, 0o700]


def test_an_exception_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    manifests.save(path, {"old": True})
    with pytest.raises(RuntimeError), manifests.written(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert manifests.load(path) == {"old": True}
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"], "it may be what has filled the disk"


def test_a_draft_that_was_given_up_takes_no_later_one_away(tmp_path: Path) -> None:
    """A thread that hung may come back."""
    given_up, later = (manifests.written(tmp_path / "a.json") for _ in range(2))
    given_up.__enter__()
    later.__enter__().write_text("{}")
    given_up.__exit__(RuntimeError, RuntimeError(), None)
    later.__exit__(None, None, None)
    assert manifests.load(tmp_path / "a.json") == {}


def test_a_kill_leaves_the_old_file_and_the_next_run_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    manifests.save(path, {"old": True})
    before = set(tmp_path.iterdir())
    program = f"""
import os, signal
from pathlib import Path
from pipeline.ground import manifests
with manifests.written(Path({str(path)!r})) as draft:
    draft.write_text("half of much longer text")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert manifests.load(path) == {"old": True}
    (left,) = set(tmp_path.iterdir()) - before
    assert mode(left) == 0o600
    manifests.save(path, {"new": True})
    assert set(tmp_path.iterdir()) == before
    assert manifests.load(path) == {"new": True}


def test_draft_that_others_may_read_is_not_taken_over(tmp_path: Path) -> None:
    """What a stranger laid under the draft's name is removed, not written to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    (tmp_path / ".a.json.part").symlink_to(elsewhere)
    manifests.save(tmp_path / "a.json", {"ours": True})
    assert elsewhere.read_text() == "theirs"
    assert not (tmp_path / "a.json").is_symlink()
    assert mode(tmp_path / "a.json") == 0o600


def test_fingerprint_is_the_same_for_the_same_and_fits_a_label() -> None:
    assert manifests.fingerprint({"a": 1, "b": 2}, ("x",)) == manifests.fingerprint({"b": 2, "a": 1}, ("x",))
    assert manifests.fingerprint("a", "b") != manifests.fingerprint("ab")
    assert manifests.fingerprint(["a"], "b") != manifests.fingerprint(["a", "b"])
    assert len(manifests.fingerprint()) == 40
    assert manifests.fingerprint().isalnum()


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert manifests.sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_was_read_is_read_anew_when_the_file_is_another(tmp_path: Path) -> None:
    """Whatever time it carries, and though it has as many bytes."""
    path = tmp_path / "a.json"
    for n in range(3):
        manifests.save(path, {"n": n})
        os.utime(path, ns=(1, 1))
        assert manifests.load(path) == manifests.load(path) == {"n": n}
    path.write_text('{"n": 7}')  # in place
    assert manifests.load(path) == {"n": 7}
    path.unlink()
    assert manifests.load(path) is None


def test_what_was_read_is_the_readers_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    manifests.save(path, {"parts": {"RSD": 1}})
    os.utime(path, ns=(1, 1))
    first = manifests.load(path)
    assert first
    first["parts"]["RSD"] = 2
    assert manifests.load(path) == {"parts": {"RSD": 1}}
