"""The page of a morning: what it shows of a report and of what is known, and when it is made."""

import datetime as dt
import re
import stat
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from invented import (
    FRIDAY,
    HELD,
    LOGIN,
    NOW,
    at,
    delivery,
    feed,
    large,
    point,
    points,
    reported,
    shown,
    usual,
    verdict,
)
from pipeline.ground import secrets, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.outbound import history
from pipeline.outbound.history import Run
from pipeline.run import purge
from pipeline.run.causes import Cause
from pipeline.run.page import asking, gathering, making, publishing, rendering, shelf
from pipeline.run.page.asking import Known
from pipeline.run.page.content import Morning, School, Shown
from pipeline.run.report import CODES, Report
from pipeline.run.status import Flow

from .conftest import Configure

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&\x1b[31m\u202e"
BEFORE = dt.timedelta(days=1)


class Page(HTMLParser):
    """A page as a browser reads it: its elements, its text, what its links lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.elements, self.words, self.links = html, list[str](), list[str](), list[str]()
        self.attributes, self.ids = set[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.elements.append(tag)
        self.attributes |= {*told}
        self.links += [told["href"] or ""] if tag == "a" else []
        self.ids += [told["id"] or ""] if "id" in told else []

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page(found: Shown) -> Page:
    return Page(rendering.page(found))


# --------------------------------------------------------------------------------------------------- what it shows


@pytest.mark.parametrize(
    ("report", "light", "words"),
    [
        (reported(flows=[delivery("clever_rosters")]), "green", "All is done"),
        (reported(Cause("late", "a", "no file"), flows=[delivery("clever_rosters")]), "amber", "Files are late"),
        (reported(HELD), "amber", "A delivery waits for a decision"),
        (reported(HELD, LOGIN), "red", "Something is broken"),
        (
            reported(flows=[delivery("clever_rosters", "waiting")], last_run=None, left=("x",)),
            "red",
            "Nobody has run it",
        ),
        (reported(left=("x",)), "amber", "Something is still to be made"),
        (reported(flows=[delivery("clever_rosters", "not today"), feed("cc", "not today")]), "grey", "Nothing was due"),
        (reported(), "green", "All is done"),
    ],
)
def test_the_headline_is_in_words(report: Report, light: str, words: str) -> None:
    found = shown(report)
    assert (found.morning.light, found.morning.words) == (light, words)
    assert words in page(found).text


def test_however_a_morning_stands_there_are_words_for_it() -> None:
    assert {*gathering._WORDS} == {*CODES}


def test_the_worst_of_two_wrappers_is_the_days() -> None:
    week = replace(reported(LOGIN), wrapper="Week")
    found = gathering.shown([reported(HELD), week], Known(), [], NOW)
    assert found.morning.light == "red"
    assert [cause.name for cause in found.causes] == [HELD.name, LOGIN.name]
    assert "Week: Something is broken" in page(found).text


def test_a_morning_with_something_of_everything() -> None:
    found = page(usual())
    for words in (
        "Something is broken",
        "1 of 3 delivered · 1 on hold · 1 broken",
        "Friday, 27 November 2026",
        "savvas does not let riverbend-savvas in",
        "Holds up: OTUS: scores",
        "Clever: rosters on hold",
        "students.csv: rows (310, must be at least 400)",
        "Riverbend High School 2 1 5",
        "usually 4,000 to 4,006",
        "savvas_assessment_scores Thursday, 2026-11-26",
        "Clever 5 30 158,725 4,012",
        "(without those of 2 files that were entered too late)",
        "after students",
        "a remark",
    ):
        assert words in found.text, words
    assert found.links[-6:] == [*(f"2026-11-{day}.html" for day in (23, 24, 25, 26, 27)), "index.html"]


def test_every_link_on_the_page_leads_to_a_part_of_it() -> None:
    found = page(usual())
    inner = {link.removeprefix("#") for link in found.links if link.startswith("#")}
    assert inner <= {*found.ids}
    assert len(found.ids) == len({*found.ids})
    assert {link for link in found.links if not re.fullmatch(r"#\w+|(index|\d{4}-\d\d-\d\d)\.html", link)} == set()


def test_nothing_is_fetched_from_anywhere_and_nothing_runs() -> None:
    for html in (rendering.page(usual()), rendering.calendar("R", [Morning(FRIDAY, "red", "x")], pretends=False)):
        found = Page(html)
        assert not {*found.elements} & {"script", "iframe", "img", "object", "form", "base", "embed"}
        assert not {name for name in found.attributes if name.startswith("on") or name in ("src", "srcset", "action")}
        assert "http:" not in html
        assert "https:" not in html
        assert "default-src 'none'" in html
        assert '<html lang="en">' in html


def test_what_a_vendor_named_a_file_is_only_text() -> None:
    """Whatever comes from outside, in every place where it stands."""
    cause = Cause("broken", "a", HOSTILE, HOSTILE, f"`{HOSTILE}`", met=(HOSTILE,), blocks=(HOSTILE,))
    flows = [delivery("clever_rosters", "blocked", detail=HOSTILE), delivery(HOSTILE), feed(HOSTILE)]
    held = verdict("clever_rosters", "0105", passed=False)
    held["checks"][0]["name"] = HOSTILE
    held["files"]["students.csv"]["changes"][0]["school"] = HOSTILE
    known = Known({HOSTILE: points()}, {HOSTILE: FRIDAY}, (), {"clever_rosters": held}, (), missing=(HOSTILE,))
    report = replace(reported(cause, flows=flows, remarks=(HOSTILE,)), district=HOSTILE)
    found = page(shown(report, known))
    assert not {*found.elements} & {"script", "img"}
    assert "onerror" not in found.attributes
    assert "\x1b" not in found.html
    assert "\u202e" not in found.html
    assert found.html.count("&lt;script&gt;") > 10


def test_a_secret_is_shown_on_no_page() -> None:
    secrets._known.add("hunter2-of-savvas")
    cause = replace(LOGIN, found="it said hunter2-of-savvas", do="`echo hunter2-of-savvas`")
    assert "hunter2" not in page(shown(reported(cause, remarks=("hunter2-of-savvas",)))).html


def test_of_very_many_causes_the_first_are_told_and_the_rest_counted() -> None:
    causes = [replace(LOGIN, name=f"{number}", found=f"found {number}.") for number in range(200)]
    found = page(shown(reported(*causes)))
    assert "found 39." in found.text
    assert "found 40." not in found.text
    assert "And 160 more" in found.text


def test_long_names_and_no_rows() -> None:
    name = "a_name_" * 40
    days = [point(rows=0), point(FRIDAY - BEFORE, rows=0, seconds=None)]
    found = page(shown(reported(flows=[feed(name, rows=0)]), Known({name: days}, {name: FRIDAY})))
    assert f"{name} 0 rows usually 0" in found.text
    assert "nan" not in found.html


def test_without_a_history_the_page_is_made_of_the_report() -> None:
    found = page(shown(reported(flows=[delivery("clever_rosters"), feed("students")])))
    assert "Clever: rosters delivered" in found.text
    assert "by the clock" not in found.text
    assert "The last mornings" not in found.text


def test_what_did_not_answer_is_said() -> None:
    found = page(shown(replace(reported(HELD), as_of=at(7)), Known(missing=("the history", "the ledger"))))
    assert "did not answer, and are missing here: the history, the ledger" in found.text
    assert "some of this is as of 2026-11-27 07:00" in found.text


def test_a_page_of_no_flow_at_all() -> None:
    assert "The run itself" in page(shown(reported(replace(LOGIN, met=())))).text


# ------------------------------------------------------------------------------------------------- what would change


def test_a_set_without_an_earlier_one_says_so() -> None:
    held = {"checks": [], "files": {"students.csv": {"rows": 12, "columns": [], "changes": []}}}
    found = page(shown(reported(flows=[delivery("clever_rosters")]), Known(verdicts={"clever_rosters": held})))
    assert "There is no earlier set to compare it with." in found.text


def test_a_set_of_which_nothing_changes_says_so() -> None:
    known = Known(verdicts={"clever_rosters": verdict("clever_rosters")})
    assert "Nothing changed at the vendor." in page(shown(reported(flows=[delivery("clever_rosters")]), known)).text
    held = reported(HELD, flows=[delivery("clever_rosters", "on hold")])
    assert "Nothing would change at the vendor." in page(shown(held, known)).text


def test_the_schools_that_it_meets_most_are_named_and_the_rest_is_one_sum() -> None:
    numbers = [f"{900 + number}" for number in range(30)]
    found = shown(
        reported(flows=[delivery("clever_rosters")]),
        Known(verdicts={"clever_rosters": verdict("clever_rosters", *numbers)}),
    )
    file = found.sets[0].files[0]
    assert (file.before, file.total) == (30 * 400, School("", 60, 30, 150))
    assert len(file.schools) == 12
    assert file.others == School("18 other schools", 36, 18, 90)


@pytest.mark.parametrize(
    ("number", "name"), [("0305", "Riverbend High School"), ("305", "Riverbend High School"), ("77", "School 77")]
)
def test_a_school_is_called_by_its_name(number: str, name: str) -> None:
    known = Known(verdicts={"clever_rosters": verdict("clever_rosters", number)})
    found = shown(reported(flows=[delivery("clever_rosters")]), known)
    assert [school.name for school in found.sets[0].files[0].schools] == [name]


# ------------------------------------------------------------------------------------------------------- the clock


def test_a_set_waits_for_the_last_of_what_it_is_made_of() -> None:
    flows = [delivery("clever_rosters"), feed("students"), feed("sections"), feed("savvas_assessment_scores")]
    known = Known(
        {
            "students": points(),
            "sections": points(minutes=20),
            "savvas_assessment_scores": points(minutes=22),  # no part of it
            "clever_rosters": points(minutes=25),
        }
    )
    clock = shown(reported(flows=flows), known).clock
    assert clock
    step = clock.steps[0]
    assert (step.name, step.waited, step.begun, step.done) == ("clever_rosters", "sections", at(5, 21), at(5, 26))
    assert (clock.begin, clock.end, clock.every) == (at(4), at(5, 30), dt.timedelta(minutes=30))
    assert [f"{mark:%H:%M}" for mark in clock.marks] == ["04:00", "04:30", "05:00", "05:30"]


def test_what_is_a_quarter_of_an_hour_later_than_usual_is_late() -> None:
    def step(minutes: int) -> bool:
        known = Known({"students": [point(minutes=minutes), *points()[1:]]})
        clock = shown(reported(flows=[feed("students")]), known).clock
        assert clock
        assert clock.steps[0].usual == (at(5, 1), at(5, 1))
        return clock.steps[0].late

    assert (step(15), step(16)) == (False, True)


def test_what_has_not_come_yet_stands_there_with_its_usual_time() -> None:
    known = Known({"students": points()[1:], "sections": points()})
    clock = shown(reported(flows=[feed("students", "late"), feed("sections")]), known).clock
    assert clock
    assert [(step.name, step.done, step.usual) for step in clock.steps] == [
        ("sections", at(5, 1), (at(5, 1), at(5, 1))),
        ("students", None, (at(5, 1), at(5, 1))),
    ]


def test_a_date_that_was_made_on_another_day_has_the_clock_of_that_day() -> None:
    """A file of the evening before begins at the clock's edge, and other days' times are not usual."""
    days = [
        replace(point(landed_at=at(14, 8, FRIDAY + 3 * BEFORE)), done_at=at(14, 9, FRIDAY + 3 * BEFORE)),
        replace(point(FRIDAY - BEFORE), done_at=at(9)),
    ]
    clock = shown(reported(flows=[feed("students")]), Known({"students": days})).clock
    assert clock
    assert (clock.begin, clock.steps[0].usual) == (at(14, 5, FRIDAY + 3 * BEFORE), None)
    assert clock.end <= at(14, 15, FRIDAY + 3 * BEFORE)


def test_the_usual_rows_are_those_of_the_ten_mornings_before() -> None:
    days = [point(rows=1), *(point(FRIDAY - n * BEFORE, rows=100 + n) for n in range(1, 20))]
    (trend,) = shown(reported(flows=[feed("students")]), Known({"students": days})).trends
    assert (trend.rows, trend.seconds, len(trend.days), trend.days[-1].rows) == ((101, 110), (1.2, 1.2), 20, 1)


# ------------------------------------------------------------------------------------------------------ the calendar


def run(day: int, code: int | None, wrapper: str = "Morning", hour: int = 7) -> Run:
    return Run(wrapper, dt.date(2026, 11, day), at(hour), None, code, 0, 0, 0, 0, 0, "0.2.0")


def test_the_calendar_knows_the_days_before_there_were_pages() -> None:
    runs = [run(26, 40, hour=9), run(26, 30), run(25, None), run(24, 0), run(24, 30, "Week"), run(23, 20)]
    known = gathering.calendar([Morning(dt.date(2026, 11, 24), "red", "x")], runs, FRIDAY)
    assert [(each.date.day, each.light, each.page) for each in known] == [
        (23, "amber", False),
        (24, "red", True),
        (25, "red", False),
        (26, "amber", False),
    ]


def test_the_calendar_leads_to_each_page_the_newest_month_first() -> None:
    dates = [dt.date(2026, 10, 30), dt.date(2026, 11, 2), FRIDAY]
    html = rendering.calendar(
        "Riverbend Schools", [Morning(date, "green", "All is done") for date in dates], pretends=False
    )
    found = Page(html)
    assert found.links == [f"{FRIDAY}.html", "2026-11-02.html", f"{FRIDAY}.html", "2026-10-30.html"]
    assert found.text.index("November 2026") < found.text.index("October 2026")
    assert "30 October: All is done" in found.text


def test_weeks_begin_on_mondays() -> None:
    found = rendering.weeks([Morning(dt.date(2026, 11, 24), "green", "x"), Morning(dt.date(2026, 12, 2), "red", "x")])
    assert [[day if day is None or isinstance(day, int) else day.light for day in week] for week in found] == [
        [None, "green", 25, 26, 27, 28, 29],
        [30, 1, "red", None, None, None, None],
    ]


# ----------------------------------------------------------------------------------------------------------- its size


@pytest.mark.parametrize(("feeds", "deliveries", "most"), [(36, 6, 200_000), (60, 20, 300_000)])
def test_a_page_is_small_also_of_a_large_district(feeds: int, deliveries: int, most: int) -> None:
    assert len(rendering.page(large(feeds, deliveries)).encode()) < most


# --------------------------------------------------------------------------------------------------- when it is made


@pytest.fixture
def lone(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Nobody answers for Google; the names that were asked about."""
    asked: list[tuple[str, ...]] = []

    def known(names: tuple[str, ...], date: dt.date) -> Known:
        asked.append(names)
        return Known()

    monkeypatch.setattr(asking, "known", known)
    return asked


def test_a_page_is_made_when_something_is_new(lone: list[tuple[str, ...]]) -> None:
    report = reported(flows=[delivery("clever_rosters")])
    assert making.after_run(report) == []
    assert "All is done" in shelf.page(FRIDAY).read_text()
    made = [file.stat().st_mtime_ns for file in sorted(shelf.folder().iterdir())]
    later = replace(report, last_run=NOW + BEFORE, next_run=NOW + 2 * BEFORE)
    assert making.after_run(later) == []
    assert len(lone) == 1
    assert [file.stat().st_mtime_ns for file in sorted(shelf.folder().iterdir())] == made
    assert making.after_run(replace(report, causes=(LOGIN,))) == []
    assert "Something is broken" in shelf.page(FRIDAY).read_text()
    assert len(lone) == 2


@pytest.mark.parametrize("left", ["json", "html"])
def test_a_page_that_is_gone_is_made_again(lone: list[tuple[str, ...]], left: str) -> None:
    report = reported(flows=[delivery("clever_rosters")])
    making.after_run(report)
    (shelf.folder() / f"{FRIDAY}.{left}").unlink()
    making.after_run(report)
    assert shelf.note(FRIDAY) is not None


def test_a_page_of_which_something_is_missing_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [Known(missing=("the history",)), Known()]
    monkeypatch.setattr(asking, "known", lambda names, date: answers.pop(0))
    report = reported(flows=[delivery("clever_rosters")])
    making.after_run(report)
    assert "the history" in shelf.page(FRIDAY).read_text()
    making.after_run(report)
    assert "the history" not in shelf.page(FRIDAY).read_text()
    assert answers == []


def test_pages_are_ours_alone(lone: list[tuple[str, ...]]) -> None:
    making.after_run(reported())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in shelf.folder().iterdir()}
    assert (modes, stat.S_IMODE(shelf.folder().stat().st_mode)) == ({0o600}, 0o700)


def test_the_calendar_shows_what_has_a_page(lone: list[tuple[str, ...]]) -> None:
    for day, causes in ((26, (LOGIN,)), (27, ())):
        making.after_run(replace(reported(*causes), date=dt.date(2026, 11, day)))
    (shelf.folder() / "2026-11-25.html").write_text("not ours")
    assert [(each.date.day, each.light) for each in shelf.mornings()] == [(26, "red"), (27, "green")]
    assert "2026-11-26.html" in shelf.index().read_text()
    assert "2026-11-26.html" in shelf.page(FRIDAY).read_text()


@pytest.mark.parametrize("spoilt", ["", "[]", "{}", '{"light": "purple", "words": "", "told": {}, "whole": true}'])
def test_what_tells_of_a_page_may_be_spoilt(lone: list[tuple[str, ...]], spoilt: str) -> None:
    making.after_run(reported())
    (shelf.folder() / f"{FRIDAY}.json").write_text(spoilt)
    assert shelf.note(FRIDAY) is None
    assert making.after_run(reported()) == []
    assert shelf.note(FRIDAY) is not None


def test_what_goes_wrong_is_a_remark(lone: list[tuple[str, ...]]) -> None:
    shelf.folder().parent.mkdir(parents=True)
    shelf.folder().write_text("no folder")
    (remark,) = making.after_run(reported())
    assert "the page of the morning" in remark
    assert f"{shelf.folder()}" in remark


def test_google_that_does_not_answer_keeps_nobody_from_the_page(
    configure: Configure, no_bucket: dict[str, str]
) -> None:
    configure(cloud=no_bucket)
    assert making.after_run(reported(flows=[delivery("clever_rosters"), feed("students")])) == []
    text = Page(shelf.page(FRIDAY).read_text()).text
    assert "missing here: the history, the ledger, what the sets change" in text
    assert "Clever: rosters delivered" in text


def test_a_question_without_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    release = threading.Event()
    monkeypatch.setattr(history, "last_good", release.wait)
    for question in ("_points", "_verdicts", "_given"):
        monkeypatch.setattr(asking, question, lambda *_: {})
    monkeypatch.setattr(history, "runs", lambda *_: [])
    assert asking.known(("students",), FRIDAY).missing == ("the history",)
    release.set()


# ---------------------------------------------------------------------------------------------------- publishing


def test_pages_are_published_into_a_folder(configure: Configure, lone: list[tuple[str, ...]], tmp_path: Path) -> None:
    folder = tmp_path / "www"
    configure(report={"publish": f"{folder}"})
    (remark,) = making.after_run(reported())
    assert f"{folder} is no folder" in remark
    folder.mkdir()
    assert making.after_run(reported()) == []  # nothing is new, but where it is to lie
    assert len(lone) == 1
    assert sorted(path.name for path in folder.iterdir()) == [f"{FRIDAY}.html", "index.html"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}
    assert (folder / f"{FRIDAY}.html").read_bytes() == shelf.page(FRIDAY).read_bytes()
    (folder / "index.html").unlink()
    assert making.after_run(reported()) == []
    assert not (folder / "index.html").exists()  # who empties it gets what is new


def test_nothing_is_published_where_nobody_says_so(lone: list[tuple[str, ...]]) -> None:
    making.after_run(reported())
    known = shelf.note(FRIDAY)
    assert known is not None
    assert known.published == ""


@pytest.mark.parametrize("said", ["buckets", "Bucket", "gs://other/pages", "https://mornings.example/"])
def test_what_publish_may_say(configure: Configure, said: str) -> None:
    with pytest.raises(ConfigurationError, match="`bucket`, the path of a folder"):
        configure(report={"publish": said})


def test_a_folder_is_relative_to_the_file_that_says_it(configure: Configure, own_folder: Path) -> None:
    assert configure(report={"publish": "./pages"}).report.folder == own_folder / "pages"
    assert configure(report={"publish": ""}).report.folder is None
    assert configure(report={"publish": "bucket"}).report.folder is None


# -------------------------------------------------------------------------------------------------------- its end


def test_old_pages_go(configure: Configure, tmp_path: Path) -> None:
    landing, www = tmp_path / "landing", tmp_path / "www"
    configure(district={"landing": f"{landing}"}, report={"days": "10", "publish": f"{www}"})
    names = ("2026-11-17.html", "2026-11-18.html", "index.html", "readme.txt")
    for folder in (landing / "pages", www):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    (landing / "pages" / "2026-11-17.json").touch()
    assert [path.name for path in purge.on_disk(FRIDAY)] == ["2026-11-17.html", "2026-11-17.json", "2026-11-17.html"]
    for folder in (landing / "pages", www):
        assert sorted(path.name for path in folder.iterdir()) == [*names[1:]]
    assert settings.load().report.days == 10


def test_published_names_are_those_of_the_shelf() -> None:
    assert shelf.date_of(f"{publishing.PREFIX}/{FRIDAY}.html".split("/")[-1]) == FRIDAY
    assert [shelf.date_of(name) for name in ("index.html", "2026-13-01.html", "x-2026-11-27.html")] == [None] * 3


def test_a_flow_that_the_catalogue_does_not_know_is_called_by_its_own_name() -> None:
    assert "unheard_of" in page(shown(reported(flows=[Flow("unheard_of", "out", "waiting")]))).text
