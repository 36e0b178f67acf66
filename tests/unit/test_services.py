"""Contacts, interventions, classifications, special education and enrolments that are over."""

import datetime as dt
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.catalogue import schemas
from pipeline.catalogue.contract import column_name
from pipeline.sandbox import history, services
from pipeline.sandbox.plans import Case
from pipeline.sandbox.school_year import DAY

from .test_district import MONDAY, STUDENTS, Night, Rows, by, day

HEADERS = history.HEADERS | services.HEADERS | services.EASYIEP


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("monday"), MONDAY)


@pytest.fixture(scope="module", params=["rsd", "blf"])
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def share(rows: Rows, column: str, *values: str) -> float:
    return sum(row[column] in values for row in rows) / STUDENTS


def students(night: Night, code: str) -> dict[str, dict[str, str]]:
    """Those who have been to school, by ID."""
    rows = night.rows(f"powerschool_{code}/students.csv")
    return {row["ID"]: row for row in rows if row["Enroll_Status"] != "-1"}


@pytest.mark.parametrize("file", HEADERS)
def test_headers_are_the_schemas_columns(file: str) -> None:
    columns = [column.name for column in schemas.columns("powerschool_combined", file.removesuffix(".csv"))]
    assert ["district_identification", *map(column_name, HEADERS[file].split(","))] == columns


def test_rows_are_of_students_who_have_been_to_school(night: Night, code: str) -> None:
    known = students(night, code)
    for file in HEADERS:
        if file != "easyiep.csv" or code == "rsd":
            assert {row["StudentID"] for row in night.rows(f"powerschool_{code}/{file}")} <= known.keys()
    assert len(night.rows(f"powerschool_{code}/custom.csv")) == len(known)


def test_only_rsd_has_easyiep(night: Night) -> None:
    assert "powerschool_rsd/easyiep.csv" in night.counts
    assert not night.path("powerschool_blf/easyiep.csv").exists()


def test_contacts(night: Night) -> None:
    contacts: Rows = []
    counts = []
    for row in night.both("custom"):
        found = [{key: row[f"Contact{n}_{key}"] for key in services._CONTACT} for n in (1, 2, 3)]
        there = [bool(contact["Name"]) for contact in found]
        assert there == sorted(there, reverse=True)
        assert all(any(contact.values()) == bool(contact["SIS_ID"]) == bool(contact["Name"]) for contact in found)
        contacts += found[: sum(there)]
        counts.append(sum(there))
    assert 0.01 < counts.count(0) / STUDENTS < 0.06
    assert 0.4 < counts.count(1) / STUDENTS < 0.6
    assert 0.05 < counts.count(3) / STUDENTS < 0.2
    assert all(len(contact["SIS_ID"]) == 8 and contact["SIS_ID"][0] == "C" for contact in contacts)
    assert all(bool(contact["Phone"]) == bool(contact["Phone_Type"]) for contact in contacts)
    for empty in ("Phone", "Email"):
        assert 0.04 < sum(not contact[empty] for contact in contacts) / len(contacts) < 0.3
    names = "".join(contact["Name"] for contact in contacts)
    assert all(mark in names for mark in (",", '"', "'", "ñ"))


def test_a_contact_that_breaks_programs_at_every_size(tmp_path: Path) -> None:
    for row in Night(tmp_path, MONDAY, 40).both("custom"):
        if row["Contact1_Name"] == 'Zoë "Zo" Núñez, Esq.':
            return
    pytest.fail("it is not there")


def test_interventions_have_begun(night: Night, code: str) -> None:
    known = students(night, code)
    for row in night.rows(f"powerschool_{code}/custom.csv"):
        assert bool(row["RTI_Tier"]) == bool(row["RTI_Subject"]) == bool(row["RTI_Start_Date"])
        if row["RTI_Tier"]:
            assert day(known[row["StudentID"]]["EntryDate"]) <= day(row["RTI_Start_Date"]) <= MONDAY
    assert 0.05 < share(night.both("custom"), "RTI_Tier", "2", "3") < 0.11


def test_classifications_are_plausible(night: Night) -> None:
    rows = night.both("classifications")
    assert 0.4 < share(rows, "Classification_Code", "ED") < 0.5
    assert 0.008 < share(rows, "Classification_Code", *(f"HMLS{n}" for n in range(1, 5))) < 0.035
    assert 0.001 < share(rows, "Classification_Code", "FOS") < 0.015
    assert {"UY", "MIL", "MIG"} <= {row["Classification_Code"] for row in rows}
    assert 0.02 < sum(bool(row["EndDate"]) for row in rows) / len(rows) < 0.2


def test_classifications_fit_each_other_and_the_enrolment(night: Night, code: str) -> None:
    known = students(night, code)
    spans: dict[str, dict[str, tuple[dt.date, dt.date | None]]] = defaultdict(dict)
    for row in night.rows(f"powerschool_{code}/classifications.csv"):
        begins, ends = day(row["BeginDate"]), day(row["EndDate"]) if row["EndDate"] else None
        assert day(known[row["StudentID"]]["EntryDate"]) <= begins <= MONDAY
        assert ends is None or begins < ends <= MONDAY
        assert row["Classification_Code"][:4] not in spans[row["StudentID"]]
        spans[row["StudentID"]][row["Classification_Code"][:4]] = (begins, ends)
    assert all(of.get("UY") in (None, of.get("HMLS")) for of in spans.values())


def test_special_education(night: Night) -> None:
    rows = night.both("sped")
    assert 0.10 < share(rows, "SpEd_Status", "E") < 0.17
    assert set("EXG") <= {row["SpEd_Status"] for row in rows} <= set("EXGR")
    for row in rows:
        assert bool(row["Option_Number"]) == bool(row["Service_Start"]) == (row["SpEd_Status"] != "R")
        assert bool(row["Service_End"]) == (row["SpEd_Status"] == "X")
        assert all(day(row[name]) <= MONDAY for name in ("Service_Start", "Service_End") if row[name])


def test_a_case_from_the_referral_to_the_end() -> None:
    begins = dt.date(2024, 10, 7)
    case = Case(begins, begins + DAY * 800, False, ("14", "Autism"), 1)
    days = (-200, -1, 0, 363, 364, 799, 800)
    assert [case.status(begins + DAY * n) for n in days] == ["", "R", "E", "E", "E", "E", "X"]
    plans = [case.plan(begins + DAY * n) for n in days]
    assert [plan and (plan.start - begins).days for plan in plans] == [None, None, 0, 0, 364, 728, None]
    assert case.last_plan() == plans[-2]
    assert all(plan is None or list(plan.options) == sorted(set(plan.options)) for plan in plans)


def test_lunch_ethnicity_and_graduation(night: Night) -> None:
    rows = [row for row in night.both("students") if row["Enroll_Status"] == "0"]
    assert 0.2 < share(rows, "FedEthnicity", "1") < 0.33
    assert all(row["FedEthnicity"] == "1" for row in rows if row["Ethnicity"] == "H")
    assert {row["LunchStatus"] for row in rows} == {"F", "R", "P", "FDC", ""}
    assert all(int(row["Sched_YearOfGraduation"]) == 2027 + 12 - int(row["Grade_Level"]) for row in rows)


def test_last_years_enrolments_are_those_of_last_years_file(night: Night, code: str, tmp_path: Path) -> None:
    then = Night(tmp_path, dt.date(2026, 6, 15)).rows(f"powerschool_{code}/students.csv")
    before = by([row for row in then if row["Enroll_Status"] == "0"], "ID")
    over = by(night.rows(f"powerschool_{code}/reenrollments.csv"), "StudentID")
    now, ftes = students(night, code), by(night.rows(f"powerschool_{code}/fte.csv"), "ID", "SchoolID")
    assert {id for (id,) in over} == {id for id in now if (id,) in before and before[(id,)]["EntryDate"]}
    for id, row in over.items():
        assert {row[name] == before[id][name] for name in ("SchoolID", "Grade_Level", "EntryDate")} == {True}
        assert day(row["ExitDate"]) < day(now[row["StudentID"]]["EntryDate"])
        assert ftes[row["FTEID"], row["SchoolID"]]["YearID"] == "35"
        assert (row["ExitCode"] == "T") == (now[row["StudentID"]]["SchoolID"] != row["SchoolID"])
    assert {row["EntryCode"] for row in over.values()} == {"E", "TR"}


def test_rsd_has_changes_of_school_in_summer(night: Night) -> None:
    assert 0.08 < share(night.rows("powerschool_rsd/reenrollments.csv"), "ExitCode", "T") < 0.2


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    return [Night(tmp_path_factory.mktemp("week"), MONDAY + DAY * n) for n in range(-7, 1)]


@pytest.mark.parametrize(("table", "most"), [("custom", 100), ("classifications", 100), ("sped", 100), ("easyiep", 15)])
def test_little_changes_from_day_to_day(week: list[Night], table: str, most: int) -> None:
    """`most`: one row in how many. EasyIEP's plans come once a week."""
    texts = [set(night.path(f"powerschool_rsd/{table}.csv").read_text("utf-8").splitlines()) for night in week]
    for before, after in pairwise(texts):
        assert max(len(before - after), len(after - before)) <= len(before) / most
    assert texts[0] != texts[-1]
