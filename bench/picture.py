"""The picture of a morning's page in the README, by Chromium: an invented morning of the pretend district.

.venv/bin/python -m bench.picture        writes docs/pictures/morning.png
"""

import base64
import datetime as dt
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import catalogue
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.outbound.disclosed import Given
from pipeline.outbound.history import Point
from pipeline.outside.browser import chromium
from pipeline.run.causes import Cause
from pipeline.run.page import gathering, rendering
from pipeline.run.page.asking import Known
from pipeline.run.page.content import Morning, Shown
from pipeline.run.report import Report
from pipeline.run.status import Flow, State

PICTURE = Path(__file__).parents[1] / "docs/pictures/morning.png"
WIDE, HIGH = 1060, 1150
DATE = dt.date(2026, 11, 20)
HELD, LATE = "clever_rosters", "savvas_assessment_scores"
ROWS = {"students": 4097, "sections": 2411, "cc": 26_878, LATE: 6_507, "savvas_standards_scores": 14_014}
# What follows is invented, and the same each time.
_dice = random.Random(7)


def _days(flow: str, rows: int, hour: int) -> list[Point]:
    """The school days of six weeks, newest first."""
    dates = [day for number in range(42) if (day := DATE - dt.timedelta(days=number)).weekday() < 5]
    return [
        _point(day, rows + _dice.randint(-rows // 300, rows // 300), hour) for day in dates if not _missing(flow, day)
    ]


def _missing(flow: str, day: dt.date) -> bool:
    return day == DATE and flow in (HELD, LATE, "otus_scores")


def _point(day: dt.date, rows: int, hour: int) -> Point:
    zone = dt.timezone(dt.timedelta(hours=-6))
    done = dt.datetime.combine(day, dt.time(hour, 4), zone) + dt.timedelta(minutes=_dice.randint(0, 14))
    landed = done - dt.timedelta(minutes=1)
    changed = landed - dt.timedelta(minutes=_dice.randint(12, 40))
    return Point(day, rows, 40 * rows, changed, landed, done, round(_dice.uniform(0.6, 2.5), 1), {}, ())


def _verdict(delivery: Delivery) -> dict[str, Any]:
    files = {file.name: _file(file, held=delivery.name == HELD) for file in delivery.view_files}
    check = {"file": "students.csv", "name": "share of the last students that are gone", "limit": "at most 0.05"}
    failed = [{**check, "found": 0.0756, "passed": False}] if delivery.name == HELD else []
    return {"checks": [*failed, *({**check, "found": 0.0, "passed": True} for _ in range(74))], "files": files}


def _file(file: ViewFile, *, held: bool) -> dict[str, Any]:
    students = file.called == "students"
    changes = [
        {
            "school": school,
            "before": 683 if students else 31,
            "drops": 309 if held and students and school == "0305" else _dice.choice((0, 0, 0, 1)),
            "adds": _dice.choice((0, 0, 1, 3)) if students else 0,
            "changes": _dice.randint(0, 9) if students else _dice.choice((0, 0, 0, 2)),
        }
        for school in (("0105", "0110", "0205", "0210", "0305", "0805") if file.called != "schools" else ())
    ]
    return {"rows": 4097, "now": "a", "before": "b", "compared": [], "changes": changes}


def _causes() -> tuple[Cause, ...]:
    release = f'`morning release {HELD} --date {DATE} --reason "…"`'
    return (
        Cause(
            "on hold",
            "students",
            "students RSD 3,378, usually 3,689–3,701; Clever would delete 310 of 4,098 students: 309 at school 0305",  # noqa: RUF001
            "every check passed; nothing of it was sent",
            f"look at `morning diff {HELD} --date {DATE}`; if the numbers are right: {release}",
            met=(HELD,),
        ),
        Cause(
            "late",
            "late",
            "files of this morning are not in savvas:/SAVVAS_Scores: the newest is of yesterday, 05:10",
            "it by 06:30, and at 10:00 at the latest",
            met=(f"{LATE} savvas",),
            blocks=("otus_scores",),
        ),
    )


def _shown() -> Shown:
    sets = [Flow(name, "out", "delivered", 31_000, 1, "11-20 06:12") for name in catalogue.deliveries()]
    states: dict[str, tuple[State, str]] = {
        HELD: ("on hold", ""),
        "otus_scores": ("late", f"waits for {LATE}"),
        "otus_attendance_discipline": ("waiting", "weekly"),
    }
    flows = [
        replace(each, state=states[each.flow][0], detail=states[each.flow][1], at="") if each.flow in states else each
        for each in sets
    ]
    flows += [
        Flow(name, "in", "late" if name == LATE else "loaded", ROWS.get(name, 1500), 1, "11-20 05:12")
        for name in catalogue.feeds()
    ]
    points = {each.flow: _days(each.flow, each.rows or 1, 6 if each.direction == "out" else 5) for each in flows}
    verdicts = {
        each.name: _verdict(each)
        for each in catalogue.deliveries().values()
        if each.name not in states or each.name == HELD
    }
    given = tuple(
        Given(vendor, 4, files, rows, 4097, 0)
        for vendor, files, rows in (
            ("clever", 24, 126_980),
            ("ellevation", 12, 113_188),
            ("otus", 8, 84_084),
            ("savvas", 36, 139_888),
        )
    )
    good = {each.flow: DATE - dt.timedelta(days=_missing(each.flow, DATE)) for each in flows}
    zone = dt.timezone(dt.timedelta(hours=-6))
    now = dt.datetime.combine(DATE, dt.time(7, 31), zone)
    report = Report("Morning", "Riverbend Schools", DATE, _causes(), tuple(flows), (), now)
    dates = [day for number in range(41, 0, -1) if (day := DATE - dt.timedelta(days=number)).weekday() < 5]
    mornings = [Morning(day, "amber" if day.day in (6, 28) else "green", "All is done") for day in dates]
    shown = gathering.shown([report], Known(points, good, (), verdicts, given), mornings, now)
    return replace(shown, mornings=(*shown.mornings, shown.morning))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, f"{DATE}.html")
        page.write_text(rendering.page(_shown()), encoding="utf-8")
        with chromium.started(page.as_uri(), 30) as browser:

            def devtools(command: str, **words: Any) -> Any:
                return browser.execute("executeCdpCommand", {"cmd": command, "params": words})["value"]

            devtools("Emulation.setDeviceMetricsOverride", width=WIDE, height=HIGH, deviceScaleFactor=1, mobile=False)
            devtools("Emulation.setScrollbarsHidden", hidden=True)
            browser.get(page.as_uri())
            picture = base64.b64decode(devtools("Page.captureScreenshot", format="png")["data"])
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture)


if __name__ == "__main__":
    main()
