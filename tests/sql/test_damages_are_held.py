"""What the independent reader of a vendor rejects, our own checks hold back: each damage, put into the views' rows.

Rows have no bytes: a damage of the encoding, of quotation marks or of the header is none here. The writing of files
(tests/unit/test_dialect.py) and the exact header of each view (its case beside this file) answer for these.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from pipeline import catalogue
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.outbound import checks
from vendors import damages
from vendors.breaking import Sent
from vendors.test_required import LAYOUTS

from .duck import Duck, translated

GOOD = Path(__file__).parents[1] / "vendors" / "good"
VENDORS = {
    "clever": ("clever_rosters",),
    "savvas": ("savvas_rosters",),
    "ellevation": ("ellevation_rosters",),
    "otus": ("otus_attendance_discipline",),
    "powerschool": ("powerschool_imports",),
}
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Case:
    """A damage that rows can have, and what they then are, by file."""

    name: str
    rows: dict[str, Rows]


def sent(vendor: str) -> Sent:
    return {path.name: path.read_bytes() for path in sorted((GOOD / vendor).iterdir())}


def columns(vendor: str, file: ViewFile) -> list[str]:
    """The columns of a file of the good set; of one without a header, those that its delivery names."""
    if file.dialect.header:
        return next(csv.reader([sent(vendor)[file.name].decode().splitlines()[0]]))
    return {"IEP": IEP, "RTI": RTI, "Hom": HOMELESS}[file.name[:3]]


IEP = ["student_number", "sped_code", "disability", "iep_start", "iep_end"]
RTI = ["student_number", "rti_tier", "rti_subject", "start_date"]
HOMELESS = ["student_number", "homeless_code", "foster_care", "unaccompanied"]


def rows(vendor: str, file: ViewFile, content: bytes) -> Rows | None:
    """The rows of the file; None where it cannot be read as it is written."""
    names = columns(vendor, file)
    try:
        lines = content.decode().splitlines()
        dialect = {"delimiter": file.dialect.delimiter, "quoting": csv.QUOTE_MINIMAL}
        if file.dialect.quoting == "none":
            dialect["quoting"] = csv.QUOTE_NONE
        found = list(csv.reader(lines, strict=True, **dialect))  # type: ignore[arg-type]
    except (UnicodeDecodeError, csv.Error):
        return None
    header = found.pop(0) if file.dialect.header and found else names
    if header != names or any(len(row) != len(names) for row in found):
        return None
    return [dict(zip(names, row, strict=True)) for row in found]


def delivery(vendor: str) -> Delivery:
    (name,) = VENDORS[vendor]
    return catalogue.deliveries()[name]


def parsed(vendor: str, files: Sent) -> dict[str, Rows | None]:
    return {file.name: rows(vendor, file, files.get(file.name, b"\xff")) for file in delivery(vendor).view_files}


@cache
def cases(vendor: str) -> list[Case]:
    """The good set, and each damage that its rows can have."""
    good = parsed(vendor, sent(vendor))
    told = []
    for number, (damage, words) in enumerate([(nothing, ("good",)), *damages.ALL[vendor]]):
        files = sent(vendor)
        damage(files)
        found = parsed(vendor, files)
        if number == 0 or (None not in found.values() and found != good):
            told.append(Case(f"{number} {' '.join(words)}", {name: each or [] for name, each in found.items()}))
    return told


def nothing(files: Sent) -> None:
    """The set stays as it is."""


class Warehouse:
    """The rows of one set at a time, and its checks."""

    def __init__(self, vendor: str, good: Case) -> None:
        self.vendor, self.good, self.duck = vendor, good, Duck()
        self.files = delivery(vendor).view_files
        self.tables = {file.name: f"held.rows_{number}" for number, file in enumerate(self.files)}
        for same in {same for file in self.files for same in file.same}:  # nobody has several rows
            self.duck.put(same.table, dict.fromkeys([same.key, *same.columns, *(same.among or ())[:1]]), [])
        for mapped in {mapped for file in self.files for mapped in file.mapped}:
            names = {each.column: "" for file in self.files for each in file.mapped if each.table == mapped.table}
            self.duck.put(mapped.table, names, [])
        self.checks = {}
        for file in self.files:
            query = checks.query(file, self.tables, tuple(columns(vendor, file)))
            self.checks[file.name] = translated(query)
            self.put(file, good.rows[file.name])

    def put(self, file: ViewFile, rows: Rows) -> None:
        self.duck.put(self.tables[file.name], columns(self.vendor, file), [tuple(row.values()) for row in rows])

    def failed(self, case: Case) -> Iterator[str]:
        """The checks that do not pass, those of the damaged files first; that of the floor aside, which a set of three
        rows cannot pass."""
        other = [file for file in self.files if case.rows[file.name] != self.good.rows[file.name]]
        for file in other:
            self.put(file, case.rows[file.name])
        try:
            yield from (str(each) for file in dict.fromkeys([*other, *self.files]) for each in self.failing(file))
        finally:
            for file in other:
                self.put(file, self.good.rows[file.name])

    def failing(self, file: ViewFile) -> list[checks.Check]:
        """The file's checks that do not pass, but its floor."""
        found = self.duck.ask(self.checks[file.name])[0]
        counted = checks.judged(file, self.tables, found).checks
        return [each for each in counted if not each.passed and each.name != "rows"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_damage_that_the_reader_rejects_is_held(vendor: str) -> None:
    good, *damaged = cases(vendor)
    warehouse = Warehouse(vendor, good)
    assert list(warehouse.failed(good)) == []
    assert [case.name for case in damaged if not any(warehouse.failed(case))] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_most_damages_are_such_of_rows(vendor: str) -> None:
    """A damage of bytes names them: what is left out is no value."""
    kept = {case.name.partition(" ")[0] for case in cases(vendor)}
    left = [words for number, (_, words) in enumerate(damages.ALL[vendor], 1) if str(number) not in kept]
    of_bytes = ("UTF-8", "cannot be read", "header", "quotation mark", "line 1", "missing", "row ends", "goes on")
    of_copies = ("savvas_assessment_scores.csv", "savvas_standards_scores.csv")
    assert [words for words in left if not any(word in " ".join(words) for word in (*of_bytes, *of_copies))] == []


# ------------------------------------------------------------------------------- each column that the reader looks at


def beside(good: str) -> list[str]:
    """Values that are none, or not quite the good one."""
    return ["", "~", f"{good}0", f"0{good}", f"{good} ", f"x{good}"]


@pytest.mark.parametrize(
    ("vendor", "file"),
    [pytest.param(vendor, file, id=file.name) for vendor in VENDORS for file in delivery(vendor).view_files],
)
def test_each_column_that_the_reader_looks_at_has_its_check(vendor: str, file: ViewFile) -> None:
    """A row for each column and value that the reader rejects, and the check that names the column."""
    first, *_ = cases(vendor)
    rows = first.rows[file.name] or [EXAMPLES[file.name]]
    warehouse = Warehouse(vendor, first)
    for number in range(len(beside(""))):
        wrong = {}
        for column, check in LAYOUTS[file.name].columns.items():
            good = next((row[column] for row in rows if row[column]), "")
            if not check.holds(value := beside(good)[number]):
                wrong[column] = {**rows[0], column: value}
        warehouse.put(file, list(wrong.values()))
        told = [each.name for each in warehouse.failing(file)]
        assert [column for column in wrong if not any(named(column, name) for name in told)] == []


def named(column: str, check: str) -> bool:
    """Whether it is the check of that column alone."""
    return check == f"rows without {column}" or check.startswith(f"rows whose {column} is ")


EXAMPLES = {"RTI_BLF.txt": dict(zip(RTI, ["0009001", "2", "Math", "09/08/2026"], strict=True))}


@pytest.mark.parametrize("column", ["First_name", "Last_name", "Staff_email", "Username"])
def test_one_of_staff_at_two_schools_is_one_person(column: str) -> None:
    first, *_ = cases("clever")
    warehouse = Warehouse("clever", first)
    (file,) = (file for file in warehouse.files if file.name == "staff.csv")
    one = first.rows[file.name][0]
    other = {**one, "School_id": first.rows["schools.csv"][-1]["School_id"]}
    told = []
    for row in (other, {**other, column: f"x{one[column]}"}):
        warehouse.put(file, [one, row])
        told.append(any("whose rows differ" in each.name for each in warehouse.failing(file)))
    assert told == [False, True]


@pytest.mark.parametrize(
    ("name", "column", "most"),
    [
        ("sections.csv", "Name", 254),
        *(("STUDENT.txt", column, 64) for column in ("last_name", "first_name", "middle_name")),
        *(("STAFF.txt", column, 64) for column in ("last_name", "first_name", "middle_name")),
        ("STUDENT.txt", "federated_id", 128),
        ("STAFF.txt", "federated_id", 128),
        ("STAFF.txt", "staff_code", 32),
    ],
)
def test_a_value_may_be_so_long(name: str, column: str, most: int) -> None:
    vendor = "clever" if name.endswith(".csv") else "savvas"
    (file,) = (file for file in delivery(vendor).view_files if file.name == name)
    first, *_ = cases(vendor)
    warehouse = Warehouse(vendor, first)
    told = []
    for length in (most, most + 1):
        warehouse.put(file, [{**first.rows[name][0], column: "ä" * length}])
        told.append(any(f"rows whose {column} is longer than" in each.name for each in warehouse.failing(file)))
    assert told == [False, True]
