"""The operator's one command, as a person calls it: from any folder, with a configuration named from there."""

import importlib
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.ground import command

ROOT = Path(__file__).parents[2]


def called(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "LUIGI_CONFIG_PATH"}
    return subprocess.run(words, cwd=folder, env={**known, **environment}, capture_output=True, text=True, timeout=60)


def test_it_runs_from_any_folder(tmp_path: Path) -> None:
    done = called(f"{ROOT}/morning", "flows", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("| comes in from |")


def test_a_configuration_is_named_from_the_callers_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.cfg").write_text("[district]\nname = Mine\n")
    done = called(f"{ROOT}/morning", "today", folder=tmp_path, LUIGI_CONFIG_PATH="mine.cfg")
    assert done.returncode == 30
    assert f"into {tmp_path}/mine.cfg" in done.stderr
    assert "[district] has no timezone" in done.stderr


def test_its_words_are_completed(tmp_path: Path) -> None:
    shell = 'eval "$("$0" completion)"; complete -p morning'
    done = called("bash", "-c", shell, f"{ROOT}/morning", folder=tmp_path)
    assert {"status", "release", "sandbox"} <= set(done.stdout.replace("'", " ").split())


def test_what_a_message_tells_can_be_pasted_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = called("bash", "-c", f"{command.MORNING} today", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("MORNING_COMMAND", "/srv/our district/morning")
    try:
        assert importlib.reload(command).MORNING == "'/srv/our district/morning'"
    finally:
        monkeypatch.delenv("MORNING_COMMAND")
    (tmp_path / "morning").symlink_to(ROOT / "morning")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    try:
        assert importlib.reload(command).MORNING == "morning"
    finally:
        monkeypatch.undo()
        importlib.reload(command)
