"""A set that would do harm, and the person who decides about it: looks, releases, discards."""

import json
import re

from e2e.district import TUESDAY, District, Result
from pipeline.ground.command import MORNING

STUDENTS = "district/powerschool_rsd/students.csv"
DATE = ("--date", f"{TUESDAY}")


def held(district: District) -> Result:
    """The morning of a students' file that broke off."""
    district.sandbox("new-day", *DATE)
    district.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.6")
    run = district.run_daily(TUESDAY)
    assert run.code == 40, run.out
    assert run.tasks("FAILED") == {"CheckedSet ellevation_rosters"}
    return run


def test_a_held_set_is_looked_at_released_held_again_and_discarded(district: District) -> None:
    before = district.vendor_files("ellevation")
    run = held(district)
    assert re.search(r"Ellevation would drop \d+ of 400 students: \d+ at school \d{4}, ", run.out)
    assert f"{MORNING} diff ellevation_rosters --date {TUESDAY}" in run.out
    looked = district.pipeline("diff", "ellevation", *DATE)
    assert looked.code == 0, looked.out
    assert "on hold" in looked.out
    assert re.search(r"^  school 0105 +\d+ +\d+ +\d+ +\d+$", looked.out, re.M)
    assert not re.search(r"\b\d{7}\b", run.out + looked.out), "a student's number"
    rows = district.pipeline("diff", "ellevation", "--rows", *DATE)
    assert "Personal data from here on" in rows.out
    assert re.search(r"^- 0105 \d{7}$", rows.out, re.M)

    released = district.pipeline("release", "ellevation", *DATE, "--reason", "a school closed")
    assert released.code == 0, released.out
    district.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.9")
    other = district.run_daily(TUESDAY)
    assert other.code == 40, "a release is of what was looked at"
    assert district.vendor_files("ellevation") == before
    verdict = json.loads(district.content(f"deliveries/{TUESDAY}/ellevation_rosters/verdict.json"))
    assert verdict["may_go"] == "no"
    assert "released" not in verdict

    discarded = district.pipeline("discard", "ellevation", *DATE, "--reason", "the export broke off")
    assert discarded.code == 0, discarded.out
    then = district.run_daily(TUESDAY)
    assert then.code == 0, then.out
    assert not then.tasks("done")
    status = district.pipeline("status", *DATE)
    assert status.code == 0, status.out
    assert re.search(r"ellevation_rosters +discarded", status.out)
    assert district.vendor_files("ellevation") == before
    refused = district.pipeline("release", "ellevation", *DATE, "--reason", "after all")
    assert refused.code == 30
    assert "ellevation_rosters was discarded" in refused.out
