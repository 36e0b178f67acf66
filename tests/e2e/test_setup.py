"""run_daily.sh and run_weekly.sh around a stand-in for the pipeline, and setup.sh where it has nothing to build.

Each test has a copy of the wrappers with the real settings, a `python -m pipeline` of a few lines that does what
the test's environment says, and this very virtual environment.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from luigi.rpc import RemoteScheduler

from pipeline import VERSION

ROOT = Path(__file__).parents[2]
RUN = """
import os, signal, sys
print("ran", *sys.argv[1:], flush=True)
if os.environ.get("STAND_IN_STAYS"):
    print(os.getpid(), flush=True)
    signal.pause()
sys.exit(int(os.environ.get("STAND_IN_CODE", "0")))
"""
SANDBOX = """
import os, pathlib, sys
held = [os.path.realpath(entry) for entry in pathlib.Path("/proc/self/fd").iterdir()]
print("sandbox", *sys.argv[1:], "with", sum(name.endswith(".lock") for name in held), "locks", flush=True)
"""


@pytest.fixture(autouse=True)
def interruptible() -> None:
    """Tests that were started in the background ignore SIGINT, and bash could not trap what it inherits ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a luigid that no wrapper has started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    started = subprocess.Popen(
        [f"{sys.prefix}/bin/luigid", "--address", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path_factory.mktemp("luigid"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    RemoteScheduler(f"http://127.0.0.1:{port}").get_work(worker="nobody")  # type: ignore[no-untyped-call, attr-defined]
    yield port
    started.kill()
    started.wait()


PRETEND = "[sandbox]\nenabled = true\n"
# A district's own file: what only the district knows.
OWN = """
[district]
name = Elsewhere
timezone = {zone}
project = elsewhere
location = EU
bucket = elsewhere
landing = var/landing
drop = var/drop
logs = var/log
catalogue = elsewhere
[secrets]
folder = var/secrets
[sftp]
known_hosts = var/known_hosts
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the pipeline's folder with the stand-in in it. A blank in its path is no reason to fail."""
    place = tmp_path / "a district"
    for folder in ("ground", "run"):
        (place / "pipeline" / folder).mkdir(parents=True)
    for name in ("run_daily.sh", "run_weekly.sh", "luigi.cfg"):
        shutil.copy(ROOT / name, place)
    for name in (
        *("wrapper.sh", "environment.sh"),
        "__init__.py",
        *(f"run/{each}.py" for each in ("__init__", "luigid", "scheduling")),
        *(
            f"ground/{each}.py"
            for each in ("__init__", "configuration", "settings", "masking", "errors", "publishing", "receivers")
        ),
    ):
        shutil.copy(ROOT / "pipeline" / name, place / "pipeline" / name)
    (place / "pipeline/__main__.py").write_text(RUN)
    (place / "pipeline/sandbox.py").write_text(SANDBOX)
    (place / "setup.sh").write_text("#!/bin/sh\n")
    (place / "setup.sh").chmod(0o755)
    (place / ".venv").symlink_to(sys.prefix)
    return place


def environment(tree: Path, port: int = 0, own: str = "", **more: str) -> dict[str, str]:
    """Without a port the scheduler is on a machine that does not exist, so that a test never starts one unasked."""
    core = f"scheduler_port = {port}" if port else "scheduler_host = luigi.invalid"
    (tree / "own.cfg").write_text(f"[core]\n{core}\n{own or PRETEND}")
    return os.environ | {"LUIGI_CONFIG_PATH": str(tree / "own.cfg")} | more


def run(tree: Path, *arguments: str, port: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """One call of `arguments`, both outputs in stdout, from a folder that is not the pipeline's."""
    return subprocess.run(
        [str(tree / arguments[0]), *arguments[1:]],
        env=environment(tree, port, **more),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
    )


def start(tree: Path, name: str, port: int, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(tree / name)],
        env=environment(tree, port, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def line_of(process: subprocess.Popen[str], part: str) -> str:
    """The next line of its output that holds `part`; blank when it ended without."""
    assert process.stdout
    return next((line for line in process.stdout if part in line), "")


def staying(tree: Path, port: int) -> tuple[subprocess.Popen[str], int]:
    """A daily run that stays at work, and the process id of the stand-in in it."""
    daily = start(tree, "run_daily.sh", port, STAND_IN_STAYS="1")
    assert line_of(daily, "ran run Morning")
    assert daily.stdout
    return daily, int(daily.stdout.readline())


def hold(tree: Path, name: str) -> int:
    (tree / "var/landing/locks").mkdir(parents=True, exist_ok=True)
    lock = os.open(tree / "var/landing/locks" / name, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_help_is_said_and_nothing_is_done(tree: Path) -> None:
    done = run(tree, "run_weekly.sh", "--help")
    assert done.returncode == 0
    assert "usage: ./run_weekly.sh" in done.stdout
    assert not (tree / "var").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--date", "2026-02-30"], "2026-02-30"),
        (["--date", "yesterday"], "yesterday"),
        (["--date="], "--date ''"),
        (["--date"], "--date ''"),
        (["--workers", "0"], "--workers '0'"),
        (["--fast"], "--fast"),
        (["2026-11-23"], "2026-11-23"),
    ],
)
def test_wrong_arguments_end_with_2_before_anything_is_done(tree: Path, arguments: list[str], said: str) -> None:
    done = run(tree, "run_daily.sh", *arguments)
    assert done.returncode == 2
    assert said in done.stdout.splitlines()[0]
    assert not (tree / "var").exists()


def test_arguments_reach_the_run(tree: Path, scheduler: int) -> None:
    date = ["--date=2026-11-23", "--workers", "7"]
    done = run(tree, "run_weekly.sh", *date, "--", "--local-scheduler", "a b", port=scheduler)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "sandbox up --date 2026-11-23 with 0 locks",
        "ran run Week --date 2026-11-23 --workers 7 -- --local-scheduler a b",
    ]


def test_a_quiet_call_tells_the_run_so_and_nothing_of_its_own(tree: Path, scheduler: int) -> None:
    date = ["--date", "2026-11-23", "--quiet"]
    done = run(tree, "run_daily.sh", *date, port=scheduler)
    assert done.stdout == "ran run Morning --date 2026-11-23 --workers 32 --quiet --\n"
    daily, child = staying(tree, scheduler)
    try:
        assert "another run is at work" in run(tree, "run_daily.sh", port=scheduler).stdout
        assert run(tree, "run_daily.sh", "--quiet", port=scheduler).stdout == ""
    finally:
        os.kill(child, signal.SIGKILL)
    daily.communicate(timeout=30)


def test_the_date_is_the_district_s_own_and_a_real_district_has_no_sandbox(tree: Path, scheduler: int) -> None:
    """Kiritimati and Pago Pago are 25 hours apart: they never share a date."""
    dates = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        own = OWN.format(zone=zone)
        done = run(tree, "run_daily.sh", port=scheduler, own=own)
        (line,) = done.stdout.splitlines()
        dates.add(line.split("--date ")[1].split()[0])
    assert len(dates) == 2


@pytest.mark.parametrize(("code", "expected"), [(20, 20), (30, 30), (40, 40), (1, 30), (2, 30), (137, 30)])
def test_exit_codes_are_the_pipeline_s_own(tree: Path, scheduler: int, code: int, expected: int) -> None:
    done = run(tree, "run_daily.sh", port=scheduler, STAND_IN_CODE=str(code))
    assert done.returncode == expected
    assert (f"exit code {code}" in done.stdout) == (code != expected)


def test_a_second_run_of_a_date_says_one_line_and_ends_with_0(tree: Path) -> None:
    lock = hold(tree, "daily.lock")
    os.write(lock, b"daily of 2026-11-23, pid 4711, since 2026-11-23 05:00:00 CST\n")
    done = run(tree, "run_daily.sh", "--date", "2026-11-23")
    os.close(lock)
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert "another run is at work (daily of 2026-11-23, pid 4711, since 2026-11-23 05:00:00 CST)" in line


def test_a_run_of_another_date_is_waited_for(tree: Path, scheduler: int) -> None:
    """Nobody makes this date yet: "nothing to do" would be wrong."""
    lock = hold(tree, "daily.lock")
    os.write(lock, b"daily of 2026-11-22, pid 4711, since 2026-11-23 05:00:00 CST\n")
    daily = start(tree, "run_daily.sh", scheduler)
    assert "waits for the run that is at work (daily of 2026-11-22, pid 4711" in line_of(daily, "waits")
    os.close(lock)
    assert "ran run Morning" in daily.communicate(timeout=30)[0]
    assert daily.returncode == 0


@pytest.mark.parametrize(
    ("words", "held"),
    [
        (["--send-nothing"], "daily"),
        ([], "daily (sends nothing)"),
        (["--only", "students"], "daily"),
        ([], "daily (only students)"),
    ],
)
def test_a_rehearsal_is_no_run_of_the_day_and_a_run_is_no_rehearsal(
    tree: Path, scheduler: int, words: list[str], held: str
) -> None:
    """Neither has nothing to do because the other is at work."""
    lock = hold(tree, "daily.lock")
    os.write(lock, f"{held} of 2026-11-23, pid 4711, since 2026-11-23 05:00:00 CST\n".encode())
    with subprocess.Popen(
        [tree / "run_daily.sh", "--date", "2026-11-23", *words],
        env=environment(tree, scheduler),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as daily:
        assert f"waits for the run that is at work ({held} of" in line_of(daily, "waits")
        os.close(lock)
        assert line_of(daily, "ran run Morning")
    assert daily.returncode == 0


@pytest.mark.parametrize("date", ["2026-11-23", "2026-11-21"])
@pytest.mark.parametrize(("hours", "expected"), [(3.9, 0), (4.1, 30), (48, 30)])
def test_a_run_that_hangs_silences_no_later_one(
    tree: Path, scheduler: int, date: str, hours: float, expected: int
) -> None:
    lock = hold(tree, "daily.lock")
    os.write(lock, f"daily of {date}, pid 4711, since 2026-11-21 05:00:00 CST\n".encode())
    began = time.time() - hours * 3600
    os.utime(tree / "var/landing/locks/daily.lock", (began, began))
    if expected == 0 and date != "2026-11-23":
        os.close(lock)  # or it would be waited for
    done = run(tree, "run_daily.sh", "--date", "2026-11-23", port=scheduler)
    if expected:
        os.close(lock)
        assert f"has been so for {int(hours)} hours, and no run takes 4" in done.stdout
        assert "pid 4711" in done.stdout
        assert "ran run" not in done.stdout
    assert done.returncode == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused as root")
def test_root_is_refused_where_the_state_is_somebody_else_s(tree: Path, scheduler: int) -> None:
    os.chown(tree, 65534, 65534)
    landing = tree / "var/landing"
    landing.mkdir(parents=True)
    os.chown(landing, 65534, 65534)
    done = run(tree, "run_daily.sh", port=scheduler)
    assert done.returncode == 30
    assert "belongs to nobody, and this is root. Next: sudo -u nobody" in done.stdout
    assert list(landing.iterdir()) == []


def test_the_weekly_waits_for_the_daily(tree: Path, scheduler: int) -> None:
    lock = hold(tree, "run.lock")
    os.write(lock, b"daily, pid 4711, since 2026-11-23 05:00:00 CST\n")
    weekly = start(tree, "run_weekly.sh", scheduler)
    assert "at work (daily, pid 4711, since" in line_of(weekly, "waits")
    assert weekly.poll() is None
    os.close(lock)
    assert "ran run Week" in weekly.communicate(timeout=30)[0]
    assert weekly.returncode == 0


def test_a_weekly_that_hangs_is_told_by_the_daily_at_once(tree: Path, scheduler: int) -> None:
    lock = hold(tree, "run.lock")
    os.write(lock, b"weekly of 2026-11-22, pid 4711, since 2026-11-22 05:00:00 CST\n")
    began = time.time() - 5 * 3600
    os.utime(tree / "var/landing/locks/run.lock", (began, began))
    done = run(tree, "run_daily.sh", "--date", "2026-11-23", port=scheduler)
    os.close(lock)
    assert done.returncode == 30
    assert "pid 4711, since 2026-11-22 05:00:00 CST) has been so for 5 hours, and no run takes 4" in done.stdout


def test_a_signal_ends_the_wait_and_frees_the_name(tree: Path, scheduler: int) -> None:
    lock = hold(tree, "run.lock")
    daily = start(tree, "run_daily.sh", scheduler)
    assert line_of(daily, "waits")
    daily.terminate()
    daily.communicate(timeout=30)
    assert daily.returncode == 143
    os.close(lock)
    assert "ran run Morning" in run(tree, "run_daily.sh", port=scheduler).stdout


@pytest.mark.parametrize(("sent", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_too(tree: Path, scheduler: int, sent: signal.Signals, expected: int) -> None:
    daily, child = staying(tree, scheduler)
    daily.send_signal(sent)
    assert f"stopped by {sent.name}" in daily.communicate(timeout=30)[0]
    assert daily.returncode == expected
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert "ran run Morning" in run(tree, "run_daily.sh", port=scheduler).stdout


def test_a_run_whose_wrapper_was_killed_still_keeps_others_out(tree: Path, scheduler: int) -> None:
    daily, child = staying(tree, scheduler)
    daily.kill()
    daily.wait()
    try:
        assert "another run is at work" in run(tree, "run_daily.sh", port=scheduler).stdout
    finally:
        os.kill(child, signal.SIGKILL)
    daily.communicate(timeout=30)


def test_the_central_scheduler_is_started_once_and_holds_no_lock(tree: Path, free_port: int) -> None:
    first = run(tree, "run_daily.sh", port=free_port)
    pid_file = tree / "var/luigid/luigid.pid"
    pid = pid_file.read_text()
    try:
        assert first.returncode == 0
        second = run(tree, "run_daily.sh", port=free_port)
        assert "ran run Morning" in second.stdout
        assert pid_file.read_text() == pid
        held = [str(entry.readlink()) for entry in Path(f"/proc/{int(pid)}/fd").iterdir()]
        assert not [name for name in held if name.endswith(".lock")]
        assert pid_file.stat().st_mode & 0o777 == 0o600
    finally:
        os.kill(int(pid), signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_central_scheduler_of_another_version_gives_way(tree: Path, free_port: int) -> None:
    """It keeps what it knew: its state is written before it goes."""
    folder = tree / "var/luigid"
    assert run(tree, "run_daily.sh", port=free_port).returncode == 0
    first = int((folder / "luigid.pid").read_text())
    second = first
    try:
        assert (folder / "luigid.version").read_text().strip() == VERSION
        (folder / "luigid.version").write_text("0.0.9\n")
        then = run(tree, "run_daily.sh", port=free_port)
        assert "ends the central scheduler of another version" in then.stdout
        assert "ran run Morning" in then.stdout
        second = int((folder / "luigid.pid").read_text())
        assert (second != first, alive(first), alive(second)) == (True, False, True)
        assert (folder / "state.pickle").exists()
        assert "ends the" not in run(tree, "run_daily.sh", port=free_port).stdout
    finally:
        for pid in {first, second}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.0 404 Not Found\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_answers_and_is_no_central_scheduler_is_told(tree: Path, says: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(says)

        threading.Thread(target=answer, daemon=True).start()
        port = listener.getsockname()[1]
        done = run(tree, "run_daily.sh", port=port)
        listener.shutdown(socket.SHUT_RDWR)
    assert done.returncode == 30
    assert f"what answers at 127.0.0.1:{port} is no central scheduler" in done.stdout
    assert "ran" not in done.stdout


def test_a_scheduler_on_another_machine_is_not_ours_to_start(tree: Path) -> None:
    done = run(tree, "run_daily.sh")
    assert done.returncode == 30
    assert "luigi.invalid:8082 does not answer" in done.stdout


def test_a_wrong_configuration_is_said_in_three_lines(tree: Path) -> None:
    done = run(tree, "run_daily.sh", own="[sandbox]\nstudents = many\n")
    assert done.returncode == 30
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["found", "expected", "next", "run_daily"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone installs for another user")
@pytest.mark.parametrize("pretends", [True, False])
def test_root_takes_no_python_for_a_real_district_that_its_user_may_not_run(
    tree: Path, tmp_path: Path, *, pretends: bool
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copy(Path(sys._base_executable).resolve(), closed / "python3")  # type: ignore[attr-defined]
    shutil.copy(ROOT / "setup.sh", tree)
    (tree / ".venv").unlink()
    own = PRETEND if pretends else OWN.format(zone="Europe/Vienna")
    done = run(tree, "setup.sh", PYTHON=f"{closed}/python3", own=own)
    assert pretends or done.returncode == 30
    told = f"no other user may enter the folder of {closed}/python3"
    assert (told in done.stdout, "making .venv" in done.stdout) == (not pretends, pretends)


def make_whole(tree: Path, python: Path) -> None:
    """As setup.sh leaves it for a real district."""
    for name in ("setup.sh", "requirements.lock"):
        shutil.copy(ROOT / name, tree)
    (tree / ".venv").unlink()
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / ".venv/bin/python").symlink_to(python)
    lock = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tree / ".venv/set-up").write_text(f"python {version} in {tree}\n{lock}  requirements.lock\n")


def test_what_is_whole_is_not_made_anew(tree: Path, tmp_path: Path) -> None:
    """Nor by root, whose Python another user could not run: a run of root's own must not take its environment away."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copy(Path(sys._base_executable).resolve(), closed / "python3")  # type: ignore[attr-defined]
    make_whole(tree, closed / "python3")
    done = run(tree, "setup.sh", own=OWN.format(zone="Europe/Vienna"))
    assert (done.returncode, done.stdout) == (0, "")
    assert (tree / ".venv/bin/python").is_symlink()


def test_set_up_refuses_a_python_that_is_none(tree: Path) -> None:
    for name in ("setup.sh", "requirements.lock", "requirements-sandbox.lock", "requirements-standin.lock"):
        shutil.copy(ROOT / name, tree)
    (tree / ".venv").unlink()
    done = run(tree, "setup.sh", PYTHON="/bin/true")
    assert done.returncode == 30
    assert "found no Python 3.11, 3.12 or 3.13 in PYTHON=/bin/true" in done.stdout
    assert not (tree / ".venv").exists()


def test_the_pipeline_is_compiled_once_by_whoever_may_write_it(tree: Path) -> None:
    make_whole(tree, Path(sys.executable))
    module = tree / "pipeline" / "ground" / "errors.py"
    compiled = module.parent / "__pycache__" / f"errors.{sys.implementation.cache_tag}.pyc"

    def set_up() -> int:
        done = run(tree, "setup.sh", own=OWN.format(zone="Europe/Vienna"), PYTHONDONTWRITEBYTECODE="1")
        assert (done.returncode, done.stdout) == (0, "")
        return compiled.stat().st_mtime_ns

    first = set_up()
    assert set_up() == first
    changed = time.time() + 60
    module.write_text(module.read_text() + "\n")
    os.utime(module, (changed, changed))
    assert set_up() > first, "what has changed is compiled anew"
