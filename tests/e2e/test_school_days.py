"""Days without school, as cron meets them: nothing is expected, and what comes all the same is taken."""

import datetime as dt
import json

from e2e.district import FEEDS, MONDAY, District

SATURDAY, THANKSGIVING, FRIDAY = (MONDAY.replace(day=day) for day in (22, 27, 28))
SUMMER = dt.date(2026, 7, 1)
WEEKLY = "otus_attendance_discipline"  # of the week, which has school days


def states(district: District, date: dt.date) -> dict[str, str]:
    told = json.loads(district.pipeline("status", "--date", f"{date}", "--json").out)
    return {flow["flow"]: flow["state"] for flow in told["flows"] if flow["flow"] != WEEKLY}


def test_a_saturday_a_holiday_and_the_summer_are_no_trouble(district: District) -> None:
    """The calendar is the SIS's own, which came on Monday. What is written on the holiday after all is delivered."""
    before = district.delivered_files()
    for date, why in ((SATURDAY, "Saturday"), (THANKSGIVING, "Thanksgiving Break")):
        run = district.run_daily(date)
        assert run.code == 0, run.out
        assert f"no school on {date} ({why}): nobody has written a file" in run.out
        assert "late" not in run.out
        assert run.tasks("done") == set()
        assert {*states(district, date).values()} == {"not today"}
    assert district.delivered_files() == before

    district.sandbox("new-day", "--date", f"{FRIDAY}")
    run = district.run_daily(FRIDAY, workers=4)
    assert run.code == 0, run.out
    assert {f"LoadedTable {name}" for name in FEEDS} <= run.tasks("done")
    assert "DeliveredSet ellevation_rosters" in run.tasks("done")
    assert states(district, FRIDAY)["ellevation_rosters"] == "delivered"
    assert district.delivered_files() != before

    run = district.run_daily(SUMMER)
    assert run.code == 0, run.out
    assert {*states(district, SUMMER).values()} == {"not today"}


def test_one_file_on_a_holiday_is_loaded_and_nothing_waits_for_the_rest(district: District) -> None:
    """And a table that somebody has lost is made again of the last good file."""
    path = next((district.sftp / "savvas" / "scores").glob("*Standards*"))
    district.send(THANKSGIVING, path, path.read_bytes())
    district.warehouse.delete_table("powerschool_combined.terms")
    run = district.run_daily(THANKSGIVING)
    assert run.code == 0, run.out
    assert "LoadedTable savvas_standards_scores" in run.tasks("done")
    assert "LoadedTable terms" in run.tasks("done")
    assert not [task for task in run.tasks("done") if task.startswith("DeliveredSet")]
    found = district.tables("misc_imports")
    assert found["savvas_standards_scores"].labels["as_of"] == f"{THANKSGIVING}"
    assert found["savvas_assessment_scores"].labels["as_of"] == f"{MONDAY}"
    assert district.tables("powerschool_combined")["terms"].labels["as_of"] == f"{MONDAY}"
