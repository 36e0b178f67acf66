"""What a name of the catalogue stands for, what it is made of, and the pages that say it of all of them."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from pipeline import __main__, catalogue
from pipeline.catalogue import dictionary, explaining, flows, lineage, sql
from pipeline.catalogue.lineage import Thing
from pipeline.ground.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
STUDENTS = Thing("feed", "powerschool_combined.students")
FILE = Thing("file", "clever_rosters/students.csv")


@pytest.mark.parametrize(
    ("name", "things"),
    [
        ("students", [STUDENTS]),
        ("powerschool_combined.students", [STUDENTS]),
        ("roster_files.Clever_students", [Thing("view", "roster_files.Clever_students")]),
        ("Clever_students", [Thing("view", "roster_files.Clever_students")]),
        ("clever_rosters", [Thing("delivery", "clever_rosters")]),
        ("clever_rosters/students.csv", [FILE]),
        ("students.csv", [FILE]),
        ("otus", [Thing("delivery", "otus_scores"), Thing("delivery", "otus_attendance_discipline")]),
        ("Student_Number", [Thing("column", "student_number")]),
    ],
)
def test_a_name_is_what_people_call_it(name: str, things: list[Thing]) -> None:
    assert lineage.named(name) == things


@pytest.mark.parametrize(
    ("name", "meant"), [("studnets", "students"), ("Clever_student", "Clever_students"), ("hom_phone", "home_phone")]
)
def test_an_unknown_name_is_asked_about(name: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f"did you mean {meant}\\?"):
        lineage.named(name)


def test_everything_has_an_explanation() -> None:
    things = {thing for named in lineage.names().values() for thing in named}
    kinds = {kind: sum(thing.kind == kind for thing in things) for kind in ("feed", "view", "file", "delivery")}
    files = sum(len(delivery.files) for delivery in flows.here().values())
    assert kinds == {
        "feed": len(catalogue.feeds()),
        "view": len(sql.names()),
        "file": files,
        "delivery": len(flows.here()),
    }
    for thing in things:
        told = explaining.explained(thing, {})
        assert told.facts["made of"]
        assert told.facts["last good date"] == ["none is known"]
        assert "layout" in str(told.facts) or thing.kind == "view"


def test_what_waits_for_a_feed_is_what_is_made_of_it() -> None:
    """As the flows themselves say it, for every feed and delivery."""
    found = lineage.edges()
    for feed in catalogue.feeds().values():
        after = {end.name for _, end in lineage.after(lineage.of_feed(feed), found) if end.kind == "delivery"}
        assert after == {delivery.name for delivery in flows.here().values() if feed in flows.inputs(delivery)}
    for delivery in flows.here().values():
        whole = lineage.before(Thing("delivery", delivery.name), found)
        below = {begin.name for begin, _ in whole if begin.kind == "feed"}
        assert below == {lineage.of_feed(feed).name for feed in flows.inputs(delivery)}


def test_the_last_good_date_of_a_view_is_that_of_its_oldest_table() -> None:
    view = Thing("view", "roster_files.Clever_students")
    last = {feed.name: dt.date(2026, 11, 23) for feed in flows.feeds_below(view.name)}
    last |= {"clever_rosters": dt.date(2026, 11, 20), "students": dt.date(2026, 11, 19)}
    told = {thing: explaining.explained(thing, last).facts["last good date"] for thing in (view, FILE, STUDENTS)}
    assert list(told.values()) == [["2026-11-19, by the oldest of its tables"], ["2026-11-20"], ["2026-11-19"]]


def test_without_google_all_else_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["explain", "clever_rosters/students.csv"]) == 0
    out = capsys.readouterr().out
    assert "last good date  not known: the warehouse does not answer" in out
    assert "agreement       Riverbend-Clever data agreement 2026" in out
    assert "views: roster_files.Clever_students, " in out
    assert "layout          known" in out
    assert __main__.main(["explain", "student_number", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["kind"] == "column"
    assert "clever_rosters/students.csv: Student_number" in told["facts"]["in files"]


def test_a_picture_has_each_thing_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["explain", "otus_scores", "--mermaid"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "flowchart LR"
    labels = [found[1] for line in lines if (found := re.search(r'"(.*)"', line))]
    assert len(labels) == len(set(labels)) == 7
    numbers = dict(re.findall(r'^  (n\d+)\W+"(.*?)"', "\n".join(lines), re.M))
    arrows = {(numbers[begin], numbers[end]) for begin, end in re.findall(r"(n\d+) --> (n\d+)", "\n".join(lines))}
    assert ("misc_imports.savvas_assessment_scores", "otus_scores/savvas_assessment_scores.csv") in arrows
    assert ("otus_scores", "otus:/home/incoming") in arrows
    assert len(arrows) == 7


@pytest.mark.parametrize("page", ["flows.md", "tables.md"])
def test_the_data_dictionary_is_of_now(page: str) -> None:
    """Written anew by: ./morning dictionary --to docs"""
    assert (ROOT / "docs" / page).read_text() == dictionary.pages()[page]


def test_the_data_dictionary_names_every_table_column_and_file(tmp_path: Path) -> None:
    assert __main__.main(["dictionary", "--to", f"{tmp_path}/there"]) == 0
    came, tables = ((tmp_path / "there" / name).read_text() for name in ("flows.md", "tables.md"))
    for feed in catalogue.feeds().values():
        assert f"\n## {feed.dataset}.{feed.name}\n" in tables
        for column in feed.contract.columns:
            assert f"| `{column.name}` | {column.type} | {column.mode.lower()} |" in tables
    for delivery in catalogue.deliveries().values():
        assert f"\n### {delivery.name}\n" in came
        for file in delivery.files:
            assert f"\n| `{file.name}` | " in came
    for line in (*came.splitlines(), *tables.splitlines()):
        assert not line.startswith("|") or line.endswith("|")
    assert "Access is restricted: it holds passwords." in tables
