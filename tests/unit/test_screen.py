"""What a run and `status` show: a headline, each cause once, where every flow stands."""

import datetime as dt
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import asdict, replace

import pytest

from pipeline.ground.errors import ConfigurationError
from pipeline.ground.progress import Event
from pipeline.run import calls, display, ending, report, screen
from pipeline.run.causes import Cause
from pipeline.run.display import Display
from pipeline.run.failures import Failure
from pipeline.run.outcome import Outcome
from pipeline.run.report import Day, Report
from pipeline.run.status import Flow
from pipeline.scaffold import installing

from .conftest import Configure

MONDAY = dt.date(2026, 11, 23)
AT = dt.datetime(2026, 11, 23, 7, 31)
SETS = (
    Flow("clever_rosters", "out", "delivered", 31_745, 2_400_000, "11-23 07:10"),
    Flow("savvas_rosters", "out", "on hold"),
    Flow("otus_scores", "out", "late", detail="waits for savvas_assessment_scores"),
    Flow("otus_attendance_discipline", "out", "waiting", cadence="weekly"),
)
FEEDS = (
    Flow("students", "in", "loaded", 4012, 912_345, "11-23 04:10"),
    Flow("savvas_assessment_scores", "in", "late", detail="no file from savvas"),
)
HELD = Cause("on hold", "a", "over a limit", met=("savvas_rosters",))
LATE = Cause("late", "b", "no file", do="wait", met=("savvas_assessment_scores savvas",), blocks=("otus_scores",))
LOGIN = Cause(
    "broken",
    "c",
    "no login",
    "a login",
    "renew it, then `./morning retry-login x`",
    ("./morning retry-login x",),
    tuple("abcdef"),
)


def reported(*causes: Cause, **more: object) -> Report:
    told = {"last_run": AT, "flows": (*SETS, *FEEDS), **more}
    return Report("Morning", "Riverbend Schools", MONDAY, causes, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "standing", "code", "headline"),
    [
        (
            reported(LOGIN, HELD, LATE, next_run=AT + dt.timedelta(minutes=14)),
            "broken",
            30,
            "1 of 3 delivered · 1 on hold · 1 broken · 1 late · last run 07:31, next 07:45",
        ),
        (reported(LATE, HELD), "on hold", 40, "1 of 3 delivered · 1 on hold · 1 late · last run 07:31"),
        (reported(LATE), "late", 20, "1 of 3 delivered · 1 on hold · 1 late · last run 07:31"),
        (reported(flows=SETS[:1]), "done", 0, "1 of 1 delivered · last run 07:31"),
        (reported(flows=FEEDS[:1]), "done", 0, "last run 07:31"),
        (reported(flows=(replace(SETS[0], state="not today"),)), "done", 0, "no set is of today · last run 07:31"),
        (reported(flows=SETS[3:], last_run=None), "done", 0, "nothing ran"),
        (reported(last_run=None, left=("students",)), "not run", 20, "1 of 3 delivered · 1 on hold · nothing ran"),
        (reported(last_run=None, flows=SETS[:1]), "done", 0, "1 of 1 delivered · nothing ran"),
        (
            reported(left=("cc", "clever_rosters")),
            "not done",
            20,
            "1 of 3 delivered · 1 on hold · 2 still to be made · last run 07:31",
        ),
        (
            reported(LATE, last_run=AT + dt.timedelta(days=2)),
            "late",
            20,
            "1 of 3 delivered · 1 on hold · 1 late · last run 11-25 07:31",
        ),
    ],
)
def test_the_headline_counts_sets_and_causes(found: Report, standing: str, code: int, headline: str) -> None:
    assert (found.standing, found.code) == (standing, code)
    assert found.headline == f"Morning 2026-11-23: {headline}"
    told = json.loads(json.dumps(found.as_json()))
    assert (told["exit"], told["headline"]) == (code, found.headline)


@pytest.mark.parametrize(
    ("wrapper", "called"),
    [
        ("Week", "Week"),
        ("MorningRehearsal", "Rehearsal of Morning"),
        ("Only-students", "students"),
        ("OnlyRehearsal-otus_scores", "Rehearsal of otus_scores"),
    ],
)
def test_a_wrapper_is_called_as_people_call_it(wrapper: str, called: str) -> None:
    assert replace(reported(), wrapper=wrapper).headline.startswith(f"{called} 2026-11-23: ")


def test_a_wrapper_counts_its_own_sets() -> None:
    assert replace(reported(), wrapper="Week").headline == "Week 2026-11-23: 0 of 1 delivered · last run 07:31"


def test_a_cause_is_told_once_with_what_met_it_and_what_it_holds_up() -> None:
    assert list(screen.causes((LOGIN, LATE), 0)) == [
        "",
        "broken: a, b, c and 3 more",
        "  found: no login",
        "  expected: a login",
        "  next: renew it, then `./morning retry-login x`",
        "    ./morning retry-login x",
        "",
        "late: savvas_assessment_scores savvas; holds up otus_scores",
        "  found: no file",
        "  next: wait",
    ]


def test_of_the_run_itself_and_of_a_hold_s_table_the_name_is_told() -> None:
    held = replace(HELD, name="students", met=("clever_rosters", "savvas_rosters"))
    assert list(screen.causes((replace(LOGIN, met=()), held, replace(HELD, name="savvas_rosters")), 0))[1::5][0] == (
        "broken: the run itself"
    )
    assert [line for line in screen.causes((held, replace(HELD, name="savvas_rosters")), 0) if "on hold" in line] == [
        "on hold: clever_rosters, savvas_rosters; cause: students",
        "on hold: savvas_rosters",
    ]


def test_one_more_is_named_and_not_counted() -> None:
    assert screen.several("abcd") == "a, b, c, d"
    assert screen.several("abcde") == "a, b, c and 2 more"


@pytest.mark.parametrize("columns", [72, 100, 200])
def test_in_a_terminal_nothing_is_wider_than_that_but_a_command(columns: int) -> None:
    command = f"./morning release {'x' * 200}"
    long = replace(LOGIN, found="a word " * 200, do="; ".join(["so much"] * 90), commands=(command,))
    found = reported(long, LATE, HELD, remarks=("remark " * 60,), next_run=AT + dt.timedelta(minutes=14), as_of=AT)
    lines = list(screen.status(Day(found, found, found.causes), columns))
    lines += display._page(found, 1.0, f"/var/log/{'morning-' * 5}2026-11-23.log", columns)
    assert all(len(line) <= columns for line in lines if command not in line)
    assert f"    {command}" in lines


def test_a_sentence_of_many_parts_has_a_line_for_each() -> None:
    many = replace(HELD, found="; ".join(f"check number {number} is over its limit" for number in range(20)))
    lines = list(screen.causes((many,), 0))
    assert "    check number 19 is over its limit" in lines


def test_troubled_flows_stand_above_and_done_ones_are_a_count_in_a_terminal() -> None:
    everything = list(screen.table((*FEEDS, *SETS), 0, whole=True))
    assert everything == [
        "     flow                        state        rows     bytes  at",
        "out  savvas_rosters              on hold",
        "in   savvas_assessment_scores    late                                      no file from savvas",
        "out  otus_scores                 late                                      waits for savvas_assessment_scores",
        "out  otus_attendance_discipline  waiting",
        "out  clever_rosters              delivered  31,745    2.4 MB  11-23 07:10",
        "in   students                    loaded      4,012  912.3 kB  11-23 04:10",
    ]
    shown = list(screen.table((*FEEDS, *SETS), 100, whole=False))
    assert [line.split()[1] for line in shown[1:-1]] == [line.split()[1] for line in everything[1:5]]
    assert shown[-1] == "2 flows are done (--all shows them)"
    assert list(screen.table(SETS[:1], 100, whole=False)) == ["1 flow is done (--all shows it)"]
    assert list(screen.table((), 100, whole=False)) == []


def test_what_the_last_run_saw_is_said_to_be_so() -> None:
    """Also a flow that was done then."""
    flows = (replace(SETS[0], stale=True),)
    lines = list(screen.body(reported(flows=flows, as_of=AT), 100))
    assert "Nobody could look at all of it now: some of this is as of the last run, 11-23 07:31." in lines
    assert any("clever_rosters" in line for line in lines)


# --------------------------------------------------------------------------------------------------------- a run's end


@pytest.mark.parametrize(("quiet", "news"), [(False, False), (True, True), (True, False)])
def test_a_quiet_run_prints_the_end_alone_and_only_when_it_is_news(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, *, quiet: bool, news: bool
) -> None:
    shown = Display(quiet=quiet)
    reading, writing = os.pipe()
    os.write(writing, f"{json.dumps(asdict(Event('done', 'LoadedTable', 'cc', 'cc')))}\n".encode())
    os.close(writing)
    events: list[Event] = []
    shown.follow(reading, events)
    assert [event.of for event in events] == ["cc"]
    assert ("LoadedTable" in capsys.readouterr().out) == (not quiet)
    found = reported(LATE)
    with caplog.at_level("INFO"):
        shown.finish(found, 1.0, "x.log", news=news)
    printed = capsys.readouterr().out
    assert ("no file" in printed) == (not quiet or news)
    if printed:
        assert printed.strip().splitlines()[0 if quiet else -1] == found.headline
        assert printed.count(found.headline) == 1
    assert f"{found.headline}" in caplog.text


def test_the_end_is_told_whatever_the_state_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Report:
        raise KeyError("Zanzibar")

    monkeypatch.setattr(report, "of", broken)
    outcome = Outcome(20, [Failure("late", "students BLF: nothing there", of="students BLF")])
    found = ending.reported("Morning", MONDAY, outcome)
    assert (outcome.code, found.code) == (30, 30)
    assert [cause.harm for cause in found.causes] == ["broken", "late"]
    assert "the state of the flows, while reading the evidence of them: KeyError" in found.causes[0].found
    assert "Zanzibar" not in found.causes[0].found


def test_outcome_as_json_names_no_more_than_it_shows() -> None:
    outcome = Outcome(30, [Failure("broken", "x", error="ContractBroken", task="PreparedFile", of="cc", flow="cc")])
    failure = {"harm": "broken", "found": "x", "error": "ContractBroken", "task": "PreparedFile"}
    assert json.loads(json.dumps(outcome.as_json())) == {
        "exit": 30,
        "failures": [{**failure, "of": "cc", "flow": "cc"}],
        "unclaimed": [],
        "remarks": [],
    }


# ----------------------------------------------------------------------------------------------------- when cron calls


def test_the_next_call_is_told_where_the_configuration_says_when_cron_calls(configure: Configure) -> None:
    told = configure(district={"schedule": "* * * * *", "weekly_schedule": ""})
    today = told.today()
    following = calls.following("Morning", today)
    assert following is None or 0 < (following - dt.datetime.now(told.district.zone)).total_seconds() <= 60
    assert calls.following("Morning", today - dt.timedelta(days=1)) is None
    assert calls.following("Week", today) is None


@pytest.mark.parametrize("line", ["every morning", "61 * * * *", "*/15 5-9 * *", "0 5 * * *; reboot", "0 5 * * $(id)"])
def test_what_is_no_line_of_a_crontab_is_refused(configure: Configure, line: str) -> None:
    told = configure(district={"schedule": line})
    with pytest.raises(ConfigurationError, match=r"\[district\] schedule = "):
        calls.following("Morning", told.today())


@pytest.mark.parametrize(
    ("line", "calendar"),
    [
        ("*/15 5-9 * * *", "*-*-* 05..09:00/15:00"),
        ("0 10 * * 1", "Mon *-*-* 10:00:00"),
        ("0,30 5-9 * * 1-5", "Mon..Fri *-*-* 05..09:00,30:00"),
        ("5 * * * *", "*-*-* *:05:00"),
        ("15 6 1 */2 *", "*-01/2-01 06:15:00"),
        ("0 7 * * 0,7", "Sun,Sun *-*-* 07:00:00"),
    ],
)
def test_a_crontab_s_line_as_systemd_has_it(line: str, calendar: str) -> None:
    assert installing.on_calendar(line) == calendar


def test_days_of_the_month_and_of_the_week_are_not_the_same_to_both() -> None:
    with pytest.raises(ConfigurationError, match="schedule = 0 7 1"):
        installing.on_calendar("0 7 1 * 1")


# ------------------------------------------------------------------------------------------------------- in a terminal

LIVE = """
import datetime as dt, threading, time
from pipeline.ground import progress
from pipeline.ground.progress import Event
from pipeline.run.display import Display

reading = progress.open_pipe()
for number in range(3):
    progress.plan(f"task {number}")
shown = Display()
reader = threading.Thread(target=shown.follow, args=(reading, []))
reader.start()
progress.emit(Event("done", "LoadedTable", "students", message="4,012 rows, " * 30))
progress.emit(Event("failed", "ExportedFile", "clever_rosters/" + "x" * 90, message="found: " + "word " * 60))
progress.emit(Event("moving", "LandedFile", "students RSD", percent=40))
input()
progress.close_pipe()
reader.join()
"""


@pytest.mark.parametrize("columns", [72, 120])
@pytest.mark.parametrize("colour", [True, False])
def test_in_a_terminal_a_change_is_one_line_and_the_last_says_how_far_it_is(columns: int, *, colour: bool) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment |= {"TERM": "xterm", **({} if colour else {"NO_COLOR": "1"})}
    with subprocess.Popen([sys.executable, "-c", LIVE], stdin=theirs, stdout=theirs, env=environment) as run:
        os.close(theirs)
        said = _until(ours, "40 %")
        os.write(ours, b"\n")
        said += _until(ours, None)
        assert run.wait(30) == 0
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", said)
    lines = [line for line in re.split(r"[\r\n]+", plain) if line.strip()]
    assert all(len(line) <= columns for line in lines), lines
    assert [line[9:17].strip() for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)] == ["done", "FAILED"]
    changes = [line for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert [line[-1] for line in changes] == ["…", "…"]
    left = [line for line in lines if line not in changes]
    assert all(re.match(r"\d of 3, (1 failed, )?00:\d\d", line) for line in left), (
        left
    )  # nothing went on in a next line
    assert any(re.match(r"1 of 3, 1 failed, 00:\d\d · LandedFile students RSD 40 %", line) for line in left)
    assert ("\x1b[31m" in said) == colour


def _until(terminal: int, words: str | None) -> str:
    """What is shown until these words, or until nobody shows anything any more."""
    said = ""
    while words is None or words not in said:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        said += piece.decode()
    return said
