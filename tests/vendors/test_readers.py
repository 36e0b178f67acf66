"""Each reader takes a good set, and says file and column of every way in which a set can be wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from . import clever, damages, ellevation, otus, powerschool, savvas
from .breaking import Damage, Sent, lose, put, recode, rename, swap
from .reading import Files

GOOD = Path(__file__).parent / "good"


def taken(vendor: str) -> Sent:
    """A small set of an invented district with awkward names, written by hand, that the vendor would take."""
    return {path.name: path.read_bytes() for path in sorted((GOOD / vendor).iterdir())}


def every_week(files: Files) -> list[str]:
    return otus.read(files, expected=otus.DAILY + otus.WEEKLY)


READERS: dict[str, tuple[Callable[[Files], list[str]], Sent]] = {
    "clever": (clever.read, taken("clever")),
    "savvas": (savvas.read, taken("savvas")),
    "ellevation": (ellevation.read, taken("ellevation")),
    "otus": (every_week, taken("otus")),
    "powerschool": (powerschool.read, taken("powerschool")),
}
EVERY_FILE = [(vendor, file) for vendor, (_, good) in READERS.items() for file in good]
HEADED = [(vendor, file) for vendor, file in EVERY_FILE if vendor != "powerschool" or file.startswith("Google")]


def rejected(vendor: str, damage: Damage, *words: str) -> None:
    """One of the complaints has all of the words: file, line and column, what is wrong."""
    read, good = READERS[vendor]
    files = dict(good)
    damage(files)
    complaints = read(files)
    assert any(all(word in complaint for word in words) for complaint in complaints), complaints


@pytest.mark.parametrize("vendor", READERS)
def test_good_set(vendor: str) -> None:
    read, good = READERS[vendor]
    assert read(good) == []


@pytest.mark.parametrize("vendor", READERS)
def test_good_set_whatever_the_order_of_files_and_the_ends_of_lines(vendor: str) -> None:
    read, good = READERS[vendor]
    assert read({name: good[name].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for name in reversed(good)}) == []
    assert read({name: content.rstrip(b"\r\n") for name, content in good.items()}) == []


@pytest.mark.parametrize("vendor", READERS)
def test_files_of_other_names_are_not_looked_at(vendor: str) -> None:
    read, good = READERS[vendor]
    assert read({**good, "notes.csv": b"\xff", "archive.zip": b""}) == []


@pytest.mark.parametrize("vendor", READERS)
def test_nothing_there(vendor: str) -> None:
    read, good = READERS[vendor]
    assert sorted(read({})) == sorted(f"{name}: is missing" for name in good)


@pytest.mark.parametrize(("vendor", "file"), EVERY_FILE)
def test_files_of_a_set(vendor: str, file: str) -> None:
    rejected(vendor, lose(file), file, "is missing")
    rejected(vendor, rename(file, file.swapcase()), file.swapcase(), f"the name is {file}")
    for temporary in (f"{file}.part", f".{file}", f"{file}.9f3a", "upload.tmp"):
        rejected(vendor, put(temporary, b""), temporary, "left over")


@pytest.mark.parametrize(("vendor", "file"), EVERY_FILE)
def test_nothing_is_raised(vendor: str, file: str) -> None:
    read, good = READERS[vendor]
    half = good[file][: len(good[file]) // 2]
    for content in (b"\x00\xff\xfe", b'"', b'"\n"', b"\n\n\n", b",\t," * 50, half, good[file] * 2):
        assert all(isinstance(complaint, str) for complaint in read({**good, file: content}))


@pytest.mark.parametrize(("vendor", "file"), HEADED)
def test_bytes_under_a_header(vendor: str, file: str) -> None:
    header, *rows = READERS[vendor][1][file].splitlines()
    last = header.decode().replace('"', "").split(",")[-1]
    rejected(vendor, put(file, b""), file, "is empty")
    rejected(vendor, put(file, header + b"\n"), file, "no rows")
    rejected(vendor, swap(file, "", "\ufeff"), file, "line 1", "byte order mark")
    rejected(vendor, recode(file, "utf-16"), file, "line 1", "is not UTF-8")
    rejected(vendor, swap(file, last, f"{last}s"), file, "line 1", last, "header")
    rejected(vendor, put(file, b"\n".join([header, rows[0][: rows[0].rindex(b",")], *rows[1:]])), file, "line 2", last)
    rejected(vendor, put(file, b"\n".join([header, rows[0] + b',""', *rows[1:]])), file, "line 2", last, "goes on")
    rejected(vendor, put(file, b"\n".join([header, b'"' + rows[0], *rows[1:]])), file, "line 2", "quotation mark")
    rejected(vendor, put(file, b"\n".join([header, rows[0] + b"\x00", *rows[1:]])), file, "line 2")


EVERY_DAMAGE = [
    pytest.param(vendor, damage, words, id=f"{vendor}-{' '.join(words)}")
    for vendor, rows in damages.ALL.items()
    for damage, words in rows
]


@pytest.mark.parametrize(("vendor", "damage", "words"), EVERY_DAMAGE)
def test_wrong_set(vendor: str, damage: Damage, words: tuple[str, ...]) -> None:
    rejected(vendor, damage, *words)


def test_weekly_file_is_wanted_only_when_asked_for() -> None:
    daily = {name: content for name, content in taken("otus").items() if name in otus.DAILY}
    assert otus.read(daily) == []
    assert every_week(daily) == ["OTUS_Attendance_Discipline.csv: is missing"]
    assert otus.read({**taken("otus"), "OTUS_Attendance_Discipline.csv": b""}) != []


def test_complaints_are_short_and_quote_no_value() -> None:
    files = dict(taken("clever"))
    files["students.csv"] = files["students.csv"].replace(b"0004127", b"Zobrien")
    files["enrollments.csv"] += b"71,RSD-9,Vance\n" * 2000
    complaints = clever.read(files)
    assert len(complaints) < 12
    assert any("line 2, 4, 5, 6, 7 and 1,996 more, Student_id" in complaint for complaint in complaints)
    assert "Zobrien" not in str(complaints) and "Vance" not in str(complaints)
