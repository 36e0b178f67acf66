"""The state's portal in a morning: every report by a real browser, one at a time, and nothing left of what must go."""

import contextlib
import csv
import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import psutil
import pytest

from e2e.district import MONDAY, ROOT, TUESDAY, District, Result
from faults.killing import kill
from faults.leaks import shown as told_by_luigid
from faults.screens import screen, shown
from pipeline import catalogue
from pipeline.ground.command import MORNING
from pipeline.sandbox import eis, eis_errors

STACKS = ("ADMAudit_stack", "StudentMembership_stack", "AllErr_stack")
OFF = sorted({*catalogue.feeds(), *catalogue.deliveries()} - set(STACKS))
WEDNESDAY, THURSDAY = TUESDAY.replace(day=19), TUESDAY.replace(day=20)
REPORTS = {
    "ADMAudit_stack": eis.adm_audit,
    "StudentMembership_stack": eis.student_membership,
    "AllErr_stack": eis_errors.all_errors,
}
NUMBERS = [school for schools in catalogue.schools().values() for school in schools]
SEED = 20261123


@pytest.fixture(scope="module")
def told() -> list[Result]:
    """What the runs of this module said, to be searched in the end."""
    return []


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, told: list[Result]) -> Iterator[District]:
    """A district that has nothing but the portal, after its first morning."""
    district = District(tmp_path_factory.mktemp("portal"), OFF)
    try:
        told.append(district.run_daily(MONDAY, workers=4))
        yield district
    finally:
        district.stop()


def generated(stack: str) -> list[list[str]]:
    """The rows that the portal has for all schools on Monday, each cut at the columns that may hold no comma."""
    found = []
    for code, schools in catalogue.schools().items():
        text = REPORTS[stack](eis.roll(code, MONDAY, 400, SEED), schools).decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        found += rows[1:] if stack == "AllErr_stack" else rows[3:]
    return found


def sessions(district: District, since: float) -> list[tuple[float, float]]:
    """When each browser was signed in, from and to."""
    ends = ("sign-in", "sign-out", "close")
    deadline = time.monotonic() + 20  # the portal writes down in its own time that a browser has left
    while True:
        events = [event for event in district.activity(since, "portal") if event["event"] in ends]
        kinds = Counter(event["event"] == "sign-in" for event in events)
        if kinds[True] == kinds[False] or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    begun: dict[str, float] = {}
    found = []
    for event in events:
        if event["event"] == "sign-in":
            begun[event["session"]] = event["time"]
        elif event["session"] in begun:
            found.append((begun.pop(event["session"]), event["time"]))
    assert not begun, "a session never ended"
    return sorted(found)


def downloads(district: District, since: float) -> list[str]:
    return [event["file"] for event in district.activity(since, "portal") if event["event"] == "download"]


def test_the_first_morning_has_every_report(district: District, told: list[Result]) -> None:
    assert told[0].code == 0, told[0].out
    assert {f"{step} done" for step in ("EisAdmAuditStudentMembership", "EisSchoolErrorReports")} <= {
        f"{task.split()[0]} done" for task in told[0].tasks("done")
    }
    held = district.tables("eis")
    for stack in STACKS:
        assert held[stack].labels["as_of"] == f"{MONDAY}"


@pytest.mark.parametrize("stack", STACKS)
def test_a_table_has_the_portals_rows(district: District, stack: str) -> None:
    found = list(district.warehouse.list_rows(f"riverbend-sandbox.eis.{stack}"))
    column, place = ("line_id", -2) if stack == "AllErr_stack" else ("studentstateid", 4)
    number, school = ("school_no", 5) if stack == "AllErr_stack" else ("schoolno", 2)
    expected = Counter((row[school], row[place]) for row in generated(stack))
    assert Counter((str(row[number]), str(row[column])) for row in found) == expected
    assert {school for school, _ in expected} == set(NUMBERS)


def test_a_second_run_opens_no_browser(district: District, told: list[Result]) -> None:
    since = time.time()
    run = district.run_daily(MONDAY)
    told.append(run)
    assert run.code == 0, run.out
    assert not run.tasks("done") | run.tasks("unchanged")
    assert district.activity(since, "portal") == []


def test_a_killed_morning_goes_on_with_what_is_missing(district: District, told: list[Result]) -> None:
    """On a moody day: a window closes itself, a download breaks off, an error page comes, once as a report."""
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    district.portal_shows(TUESDAY)
    for fault in ("portal-vanish", "portal-cut", "portal-error-page", "portal-error"):
        district.sandbox("fault", fault)
    begun = time.time()
    with district.start("./run_daily.sh", "--date", f"{TUESDAY}", "--workers", "4") as run:
        landed = district.landing / "EIS" / f"{TUESDAY}"
        deadline = time.monotonic() + 90
        while len(list(landed.glob("*/*.manifest.json"))) < 3 and time.monotonic() < deadline:
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.05)  # a file appears in another process's folder, which tells nobody
        kill(run)
    kept = {path: path.stat().st_mtime_ns for path in landed.glob("*/*.manifest.json")}
    assert 3 <= len(kept) < 18
    since = time.time()
    then = district.run_daily(TUESDAY, workers=4)
    told.append(then)
    assert then.code == 0, then.out
    assert len(downloads(district, begun)) >= 18
    again = Counter(downloads(district, since))
    assert sum(again.values()) <= 18 - len(kept) + 3, again  # three of them may be faults' new attempts
    assert {district.tables("eis")[stack].labels["as_of"] for stack in STACKS} == {f"{TUESDAY}"}
    district.sandbox("heal")


def test_the_work_list_tells_new_open_and_cleared(district: District) -> None:
    assert district.tables("eis")["AllErr_stack_previous"].labels["as_of"] == f"{MONDAY}"
    rows = list(district.warehouse.query_and_wait("SELECT * FROM `eis.error_worklist`"))
    states = Counter(str(row["state"]) for row in rows)
    assert states["open"] > states["new"] > 0
    assert states["cleared"] > 0
    today = district.tables("eis")["AllErr_stack"].size
    before = district.tables("eis")["AllErr_stack_previous"].size
    assert (states["open"] + states["new"], states["open"] + states["cleared"]) == (today, before)
    assert not {"student_last_nm", "student_ssn", "staff_ssn"} & set(rows[0].keys())
    summed = list(district.warehouse.query_and_wait("SELECT state, errors FROM `eis.error_summary`"))
    assert Counter({state: sum(int(r["errors"]) for r in summed if r["state"] == state) for state in states}) == states


def test_two_processes_use_one_browser_after_the_other(district: District, told: list[Result]) -> None:
    """The scheduler gives out `selenium` once; both steps want it at the same time."""
    district.sandbox("new-day", "--date", f"{WEDNESDAY}")
    district.portal_shows(WEDNESDAY)
    since = time.time()
    luigi = str(ROOT / ".venv/bin/luigi")
    steps = ("EisAdmAuditStudentMembership", "EisSchoolErrorReports")
    words = [luigi, "--module", "pipeline.morning"]
    runs = [
        district.start(*words, step, "--date", f"{WEDNESDAY}", "--worker-keep-alive", "--worker-id", step)
        for step in steps
    ]
    for run in runs:
        out, _ = run.communicate(timeout=120)
        told.append(Result(run.returncode, out))
        assert run.returncode == 0, out
    found = sessions(district, since)
    assert len(found) == 4  # two steps, two logins
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert not [*district.landing.glob(f"EIS/{WEDNESDAY}/*/*.csv")]  # they have been read
    assert {f"EIS/{WEDNESDAY}/{stack}.csv" for stack in STACKS} <= district.objects().keys()
    assert sorted(downloads(district, since)) == sorted(
        [name for school in NUMBERS for name in ("ADMAudit.csv", "StudentMembership.csv", f"Sch{school}AllErr.csv")]
    )


def test_what_the_portal_gave_outlives_the_disk(district: District, told: list[Result]) -> None:
    """The steps above have fetched it, and no other one has been made."""
    district.lose_the_disk()
    since = time.time()
    run = district.run_daily(WEDNESDAY, workers=4)
    told.append(run)
    assert run.code == 0, run.out
    assert district.activity(since, "portal") == []
    assert {district.tables("eis")[stack].labels["as_of"] for stack in STACKS} == {f"{WEDNESDAY}"}


def test_a_refused_password_is_tried_once_a_day(district: District, told: list[Result]) -> None:
    """And a report of another day is not taken for this one's."""
    district.sandbox("new-day", "--date", f"{THURSDAY}")
    district.sandbox("fault", "portal-refused")
    since = time.time()
    run = district.run_daily(THURSDAY, workers=4)
    told.append(run)
    assert run.code == 30, run.out
    events = Counter(event["event"] for event in district.activity(since, "portal"))
    assert events["sign-in-refused"] == 2  # one of each login
    assert "refuses the password" in run.out
    assert one_cause(district, run) == "ADMAudit, StudentMembership, AllErr"
    shown("the portal refuses the password", "\n\n".join(screen(run)), district)
    again = district.run_daily(THURSDAY)  # as cron would
    told.append(again)
    assert again.code == 30
    assert "the same credentials are not sent again today" in again.out
    assert one_cause(district, again) == "ADMAudit, StudentMembership, AllErr"
    assert [event["event"] for event in district.activity(since, "portal")].count("sign-in-refused") == 2
    held = district.tables("eis")
    assert {held[stack].labels["as_of"] for stack in STACKS} == {f"{WEDNESDAY}"}
    assert held["AllErr_stack_previous"].labels["as_of"] == f"{TUESDAY}"  # the work list goes on with its table only
    district.sandbox("heal")
    for login in ("RSD", "BLF"):
        assert f"{MORNING} retry-login portal-{login}" in again.out
        assert district.pipeline("retry-login", f"portal-{login}").code == 0
    text = re.sub(r"day = .*\n", f"day = {WEDNESDAY}\n", district.config.read_text(), count=1)
    district.config.write_text(text)
    late = district.call("./run_daily.sh", "--date", f"{THURSDAY}")
    told.append(late)
    assert late.code == 30, late.out
    assert f"found: the portal shows the reports of {WEDNESDAY}" in late.out


def test_a_portal_that_is_down_is_one_cause_and_nothing_to_do(district: District, told: list[Result]) -> None:
    district.sandbox("fault", "portal-error", "--status", "500", "--times", "0")
    run = district.run_daily(THURSDAY, workers=4)
    told.append(run)
    district.sandbox("heal")
    assert run.code == 30, run.out
    assert one_cause(district, run) == "ADMAudit, StudentMembership, AllErr"
    shown("the portal answers 500", "\n\n".join(screen(run)), district)
    assert "  found: the EIS portal does not give its reports" in run.out
    assert "  next: nothing: the next run fetches what is missing." in run.out


def one_cause(district: District, run: Result) -> str:
    """What met the one cause that the run and `status` tell."""
    told = json.loads(district.pipeline("status", "--date", f"{THURSDAY}", "--json").out)
    assert (told["exit"], [cause["harm"] for cause in told["causes"]]) == (30, ["broken"])
    (met,) = re.findall(r"^broken: (.*)$", run.out, re.M)
    assert re.search(r"^Morning [\d-]+: 1 broken · last run", run.out, re.M), run.out
    return str(met)


def test_no_social_security_number_and_no_password_is_left(district: District, told: list[Result]) -> None:
    """Not on disk, not in the bucket, not in a table, not in what was said; they are in the portal alone."""
    numbers = {ssn for day in (MONDAY, TUESDAY, WEDNESDAY) for ssn in eis_errors.ssns(day, 400, SEED)}
    assert len(numbers) > 400
    wanted = numbers | set(district.secrets().values())
    places = {str(p): p.read_text(errors="replace") for p in district.landing.rglob("*") if p.is_file()}
    places |= {name: district.content(name).decode(errors="replace") for name in district.objects()}
    places |= {name: str(district.rows(f"eis.{name}")) for name in district.tables("eis")}
    places["said"] = "\n".join([district.said(), told_by_luigid(district), *(run.out for run in told)])
    assert len(places) > 20
    digits = re.compile(r"\d{9}")
    leaks = {name for name, text in places.items() if set(digits.findall(text)) & numbers}
    leaks |= {name for name, text in places.items() if any(secret in text for secret in wanted - numbers)}
    assert leaks == set()


def test_nothing_of_the_browser_stays(district: District) -> None:
    """Of any run here, the killed one too: whatever it started has its configuration in the environment."""
    ours = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if process.environ().get("LUIGI_CONFIG_PATH") == str(district.config):
                ours.append(process.name())
    assert not [name for name in ours if "chrom" in name]
