"""Exports of a real form that are wrong: each keeps its contract and its keys, and the set of the morning is held.

The pretend district's students and schools go the real way, from the SIS's files to the verdict, by Google's clients to
the sandbox's stand-ins. Their contracts have no forms here: these refuse some of the exports, and what stands behind
them is what is looked at.
"""

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clouds import Cloud, given, set_up
from pipeline import catalogue
from pipeline.catalogue import agreement, sql
from pipeline.catalogue.delivery import Delivery
from pipeline.ground import manifests
from pipeline.ground.errors import OnHold
from pipeline.inbound import preparing, sources, steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.inbound.parts import Part
from pipeline.outbound import diff, evidence, snapshots, verdicts
from pipeline.outside.cloud import storage, texts, warehouse
from pipeline.sandbox.district import write_day
from riverbend import PROJECT, Sandbox
from test_restricted import use

MONDAY, TUESDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
# The last day on which the SIS shows the old school year, and the first of the new one.
OLD_YEAR, NEW_YEAR = dt.date(2026, 8, 14), dt.date(2026, 8, 17)
(FILE,) = (file for file in catalogue.deliveries()["ellevation_rosters"].view_files if "Demographics" in file.name)
ROSTERS = Delivery("own_rosters", "otus", "/home/incoming", (FILE,), gone="Ellevation would drop")
ZONE = dt.UTC
Rows = list[dict[str, str]]
Damage = Callable[[Rows], None]


@dataclass
class Night:
    """The exports of nights, by their date, each made once."""

    folder: Path

    def files(self, date: dt.date) -> Path:
        """The drop folder of the night before `date`, with 400 students."""
        own = self.folder / f"{date}"
        if not own.exists():
            places = {name: own / name for name in ("drop", "savvas", "clever", "easyiep")}
            write_day(date, students=400, seed=1, zone=ZONE, **places)  # type: ignore[arg-type]
        return own / "drop"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("nights"))


@pytest.fixture(scope="module")
def district(running: Sandbox, tmp_path_factory: pytest.TempPathFactory, night: Night) -> Iterator[Cloud]:
    """Monday's set is given."""
    folder = tmp_path_factory.mktemp("broken-exports")
    with pytest.MonkeyPatch.context() as patch, set_up(running, folder, patch) as made:
        use(running.config, folder)
        patch.setattr(agreement, "beyond", lambda vendor, file, columns: [])
        sources.forget()
        arrive(night.files(MONDAY), MONDAY)
        checked_and_given(MONDAY)
        yield made
        sources.forget()
        for dataset in ("powerschool_combined", "roster_files", "deliveries"):
            warehouse._client().delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True, not_found_ok=True)


def arrive(drop: Path, date: dt.date, damage: Damage | None = None) -> None:
    """The files of a night are loaded as those of the date, its students damaged; the view's rows are frozen."""
    for name in ("students", "schools"):
        feed, target = catalogue.feeds()[name], PreparedTarget(catalogue.feeds()[name], date)
        parts = [Part(server, drop / f"powerschool_{server.lower()}" / f"{name}.csv") for server in ("RSD", "BLF")]
        if damage and name == "students":
            parts = damaged(parts, target.path.parent / "damaged", damage)
        formless = tuple(replace(column, form=None) for column in feed.contract.columns)
        done = preparing.prepare(parts, replace(feed.contract, columns=formless), target.path)
        facts = {"rows": done.rows, "size": done.size, "sha256": done.sha256}
        manifests.save(target.manifest_path, {**facts, "contract": feed.contract.fingerprint, "parts": target.parts()})
        steps.store(feed, date)
        steps.load(feed, date)
    for view in reversed(sql.views_below(FILE.view)):
        dataset, name = view.split(".")
        if not warehouse.find(dataset, name).there:
            texts.deploy(dataset, name, sql.text(view))
    snapshots.freeze(ROSTERS, FILE, date)


def damaged(parts: list[Part], folder: Path, damage: Damage) -> list[Part]:
    """Both servers' files, as the SIS would have written them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for part in parts:
        with part.path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        damage(rows)
        path = folder / f"{part.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        made.append(replace(part, path=path))
    return made


def checked_and_given(date: dt.date) -> None:
    verdicts.check(ROSTERS, date)
    given(ROSTERS, date)
    as_the_next_run()


def as_the_next_run() -> None:
    storage.forget()
    warehouse.forget()


def held(date: dt.date) -> str:
    """What is told of the set, which is on hold."""
    with pytest.raises(OnHold) as told:
        verdicts.check(ROSTERS, date)
    as_the_next_run()
    return told.value.found


# ----------------------------------------------------------------------------------------------------------- damages


def day_first(rows: Rows) -> None:
    for row in rows:
        month, day, year = row["DOB"].split("/")
        row["DOB"] = f"{day}/{month}/{year}"


def without_zero(rows: Rows) -> None:
    for row in rows:
        row["SchoolID"] = row["SchoolID"].lstrip("0")


def encoded_twice(rows: Rows) -> None:
    for row in rows:
        row["First_Name"] = row["First_Name"].encode().decode("cp1252")


def blank_at_one_school(rows: Rows) -> None:
    for row in rows:
        if row["SchoolID"] == "0110":
            row["Zip"] = ""


def a_row_too_far(rows: Rows) -> None:
    streets = [row["Street"] for row in rows]
    for row, street in zip(rows, [streets[-1], *streets], strict=False):
        row["Street"] = street


def upper_case(rows: Rows) -> None:
    for row in rows:
        row["Last_Name"] = row["Last_Name"].upper()


def filled(rows: Rows) -> None:
    for row in rows:
        row["ESL_Teacher"] = "T1"


def a_rare_code(rows: Rows) -> None:
    """Of ethnicity, that of some 3 % is spelt out."""
    for row in rows:
        row["Ethnicity"] = "Asian American" if row["Ethnicity"] == "A" else row["Ethnicity"]


BROKEN = [
    (day_first, r"BirthDate: \d+ of 400 became blank, \d+ changed; yesterday 0"),
    (without_zero, r"SchoolCode: 400 of 400 changed; yesterday 0.*SchoolName: 400 of 400 became blank; yesterday 0"),
    (encoded_twice, r"text that was decoded wrongly before it came \(Ã© for é, or U\+FFFD\): \d+, must be 0"),
    (blank_at_one_school, r"Zip: (\d+) of 400 became blank(: \1 at school 0110)?; yesterday 0"),
    (a_row_too_far, r"AddressLine1: \d{3} of 400 changed; yesterday 0"),
    (upper_case, r"LastName: \d{3} of 400 changed; yesterday 0"),
    (a_rare_code, r"Ethnicity: one value, (\d+) of \1 students have another one now, or none"),
    (filled, r"ESLTeacher: \d{3} of 400 changed; yesterday 0"),
]


@pytest.mark.parametrize(("damage", "words"), BROKEN, ids=lambda each: getattr(each, "__name__", ""))
def test_an_export_that_is_broken_is_held(district: Cloud, night: Night, damage: Damage, words: str) -> None:
    arrive(night.files(TUESDAY), TUESDAY, damage)
    told = held(TUESDAY)
    assert re.search(words, told), told
    if column := re.match(r"[A-Z]\w+(?=:)", words):
        looked = "\n".join(diff.lines(ROSTERS, TUESDAY, rows=False))
        assert re.search(rf"^  column {column[0]} +\d+ +\d+ +\d+$", looked, re.M), looked
    assert "O'Brien" not in told.upper()


def test_a_usual_morning_and_the_new_school_year_in_its_window_go(district: Cloud, night: Night) -> None:
    arrive(night.files(TUESDAY), TUESDAY)
    verdicts.check(ROSTERS, TUESDAY)
    as_the_next_run()
    assert evidence.verdict_target(ROSTERS, TUESDAY).exists()
    arrive(night.files(OLD_YEAR), dt.date(2027, 8, 15))
    checked_and_given(dt.date(2027, 8, 15))
    arrive(night.files(NEW_YEAR), dt.date(2027, 8, 16))
    verdicts.check(ROSTERS, dt.date(2027, 8, 16))
    as_the_next_run()
    arrive(night.files(NEW_YEAR), dt.date(2027, 10, 4))
    told = held(dt.date(2027, 10, 4))
    assert re.search(r"GradeLevel: \d{3} of 400 changed; last time \d+", told), told
