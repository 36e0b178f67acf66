"""Pages of a pretend district's mornings: a good one, a broken one, one of which nothing is new; and who finds them."""

import json
import re
import time

import pytest

from e2e.district import MONDAY, TUESDAY, District

STUDENTS = "district/powerschool_rsd/students.csv"
DATE = ("--date", f"{TUESDAY}")


@pytest.fixture
def published(district: District) -> District:
    """Its pages go into the bucket."""
    district.config.write_text(f"{district.config.read_text()}\n[report]\npublish = bucket\n")
    return district


def page(district: District, name: object) -> str:
    """A page as it lies here, which is as it lies in the bucket."""
    text = (district.landing / "pages" / f"{name}.html").read_text()
    assert district.content(f"pages/{name}.html").decode() == text
    return text


def heading(text: str) -> str:
    found = re.search(r"<h1>.*</span>\s*(.*)</h1>", text)
    return found[1] if found else ""


def states(text: str) -> dict[str, str]:
    """The daily sets that are shown, and their states."""
    found = dict(re.findall(r'<h3>(.*?) <span class="badge \w+">(.*?)</span></h3>', text))
    return {name: state for name, state in found.items() if state != "waiting"}


def linked(text: str) -> list[str]:
    return re.findall(r'href="(\d.*?)"', text)


def written(district: District) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (district.landing / "pages").iterdir()}


def test_each_morning_has_a_page_and_the_calendar_leads_to_it(published: District) -> None:
    published.sandbox("new-day", *DATE)
    published.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.6")
    published.sandbox("fault", "login", "otus")
    assert published.run_daily(TUESDAY, workers=4).code == 30
    broken = page(published, TUESDAY)
    assert heading(broken) == "Something is broken"
    assert states(broken) == {"Ellevation: rosters": "on hold", "OTUS: scores": "broken"}
    assert re.search(r"Riverbend Elementary School<svg.*?</svg><td>\d+<td>0<td>\d+\n", broken)
    assert f'href="{MONDAY}.html"' in broken
    assert linked(page(published, "index")) == [f"{TUESDAY}.html", f"{MONDAY}.html", f"{TUESDAY}.html"]

    published.sandbox("heal")
    assert published.pipeline("retry-login", "otus").code == 0
    told = json.loads(published.pipeline("status", *DATE, "--json").out)
    assert [cause["harm"] for cause in told["causes"]] == ["on hold"]  # the refusal is left to the next run
    assert published.pipeline("discard", "ellevation", *DATE, "--reason", "it broke off").code == 0
    assert published.run_daily(TUESDAY, workers=4).code == 0
    good = page(published, TUESDAY)
    assert heading(good) == "All is done"
    assert states(good) == {"Ellevation: rosters": "discarded", "OTUS: scores": "delivered"}
    assert "the others:" in good
    assert published.bucket.blob(f"pages/{MONDAY}.html").exists() is False  # that morning was of before

    before, since = written(published), time.time()
    assert published.run_daily(TUESDAY, workers=4).code == 0
    assert written(published) == before
    assert [each for each in published.activity(since, "cloud") if "pages" in each["path"]] == []


def test_a_rehearsal_makes_none(published: District) -> None:
    before = written(published)
    published.sandbox("new-day", *DATE)
    assert published.run_daily(TUESDAY, "--send-nothing", workers=4).code in (0, 40)
    assert written(published) == before


def test_the_command_makes_a_page_anew(published: District) -> None:
    lies = published.landing / "pages" / f"{MONDAY}.html"
    lies.unlink()
    done = published.pipeline("page", "--date", f"{MONDAY}")
    assert done.code == 0
    assert done.out.splitlines()[-1] == f"{lies}"
    assert heading(page(published, MONDAY)) == "All is done"
