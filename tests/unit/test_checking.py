"""`python -m pipeline check`: each way in which a catalogue does not fit together is told, by file and line."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import __main__ as commands
from pipeline import catalogue
from pipeline.catalogue import checking, schemas, sql
from pipeline.ground import settings

ROOT = Path(__file__).parents[2]
RIVERBEND = ROOT / "pipeline/riverbend"


def forget() -> None:
    for cached in (sql._names, sql.text, sql.reads, sql.views_below, sql.tables_below, schemas.columns, schemas.wrong):
        cached.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == catalogue.PACKAGE]:
        del sys.modules[name]
    catalogue._told.cache_clear()
    catalogue._rows.cache_clear()


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pretend district's catalogue, with its configuration beside it, in force. Its hundreds of cases are
    copied by whoever changes one (`own_cases`)."""
    shutil.copytree(RIVERBEND, tmp_path / "catalogue", ignore=shutil.ignore_patterns("__pycache__", "cases"))
    (tmp_path / "catalogue/cases").symlink_to(RIVERBEND / "cases")
    config = (ROOT / "luigi.cfg").read_text().replace("catalogue = pipeline/riverbend", "catalogue = catalogue")
    (tmp_path / "luigi.cfg").write_text(config)
    monkeypatch.setenv("LUIGI_CONFIG_PATH", f"{tmp_path}/luigi.cfg")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    settings.load.cache_clear()
    forget()
    return tmp_path / "catalogue"


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    """Nothing of a test's catalogue is known to the next one."""
    yield
    forget()


def own_cases(there: Path) -> None:
    if (there / "cases").is_symlink():
        (there / "cases").unlink()
        shutil.copytree(RIVERBEND / "cases", there / "cases")


def told() -> list[str]:
    return [error.found for error in checking.wrong()]


def break_(file: Path, was: str, now: str) -> None:
    text = file.read_text() if file.exists() else ""
    assert text.count(was) >= 1, was
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace(was, now, 1) if was else text + now)


def test_the_pretend_district_s_catalogue_fits_together(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told() == []
    assert commands.main(["check"]) == 0
    counts = f"{len(catalogue.feeds())} feeds, {len(sql.names())} views, {len(catalogue.deliveries())} deliveries"
    assert capsys.readouterr().out == f"catalogue of Riverbend Schools: {counts}: nothing is wrong\n"


FEEDS, SCHEMAS, SQL = "feeds.py", "schemas/powerschool_combined", "sql/roster_files"
OUT = "deliveries.py"
# A delivery of one view of the students, whose row says what a case wants.
EXTRA = """from pipeline.catalogue.conditions import Condition
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import *

DELIVERIES = (
    Delivery(
        "extra",
        vendor="otus",
        folder="/extra",
        files=(
            ViewFile(
                "roster_files.current_students",
                "extra.csv",
                key=("student_number",),
                {words}
            ),
            ViewFile("roster_files.district_schools", "other.csv", key=("school_number",)),
        ),
    ),
"""

CASES = [
    # file, what stands there, what is put in its place, what is told, the file and the text of its line
    (FEEDS, "FEEDS = (", "FEEDS = ((", "SyntaxError", FEEDS, None),
    ("terms.py", "import Form", "import NOTHING", "ImportError", "terms.py", "import NOTHING"),
    (FEEDS, 'powerschool("fte"),', '"fte",', "a str among FEEDS", FEEDS, '    "fte",'),
    (FEEDS, 'powerschool("fte"),', 'powerschool("cc"),', "called cc", FEEDS, -1),
    (FEEDS, 'powerschool("fte"),', 'powerschool("ftes"),', "ftes has no schema", FEEDS, '"ftes"'),
    (FEEDS, 'powerschool("fte"),', "", "a schema of powerschool_combined.fte, which no feed", f"{SCHEMAS}/fte.json", 1),
    (FEEDS, '"fte")', '"fte", "idd")', "key of fte names idd", FEEDS, '"idd"'),
    (FEEDS, '"fte")', '"fte", "name")', "key of fte names name, which is NULLABLE", FEEDS, '"fte", "name"'),
    (FEEDS, '"fte")', '"fte", floor=-1)', "floor of fte is -1", FEEDS, '"fte"'),
    (FEEDS, 'dated="as_of"', 'dated="as_off"', "dated of calendar_day names as_off", FEEDS, "as_off"),
    (FEEDS, "trimmed=NAMES),\n    r", 'trimmed=("nam",)),\n    r', "trimmed of students names nam", FEEDS, '"nam"'),
    (FEEDS, "repeats=14", "repeats=14, landing_days=20", "repeats of students is 14", FEEDS, -1),
    (FEEDS, "repeats=14", 'repeats="14"', "repeats of students is '14'", FEEDS, "repeats="),
    (
        FEEDS,
        'ignored=("provisioned_password",)',
        'ignored=("clever_id",)',
        "ignored of google_students_passwords",
        FEEDS,
        -1,
    ),
    (
        FEEDS,
        '"Reports"), dataset="misc_imports")',
        '"Reports"), dataset="Misc")',
        "dataset of TN_options",
        FEEDS,
        "Misc",
    ),
    (
        FEEDS,
        'SftpFolder("savvas"',
        'SftpFolder("savas"',
        "savvas_standards_scores comes from savas",
        FEEDS,
        '"Standards"',
    ),
    (
        FEEDS,
        'powerschool("fte"),',
        'replace(powerschool("fte"), folder="runs"),',
        "folder of fte is runs",
        FEEDS,
        '"runs"',
    ),
    (
        FEEDS,
        'powerschool("fte"),',
        'replace(powerschool("fte"), file="cc.csv"),',
        "fte and cc are both",
        FEEDS,
        '"fte"',
    ),
    (FEEDS, 'powerschool("fte"),', 'replace(powerschool("fte"), key=("id",)),', "no part of its key", FEEDS, '"fte"'),
    (f"{SCHEMAS}/fte.json", '"STRING"', '"TEXT"', "the type TEXT", f"{SCHEMAS}/fte.json", '"TEXT"'),
    (
        f"{SCHEMAS}/fte.json",
        '"mode": "NULLABLE"',
        '"mode": "REPEATED"',
        "mode REPEATED",
        f"{SCHEMAS}/fte.json",
        "REPEATED",
    ),
    (f"{SCHEMAS}/fte.json", '"name": "name"', '"name": "Name"', "the column 'Name'", f"{SCHEMAS}/fte.json", '"Name"'),
    (f"{SCHEMAS}/fte.json", '"name": "name"', '"name": "id"', "are called id", f"{SCHEMAS}/fte.json", -1),
    (f"{SCHEMAS}/fte.json", '"digits 1-4"', '"digit 4"', "unknown form", f"{SCHEMAS}/fte.json", '"digit 4"'),
    (f"{SCHEMAS}/fte.json", '"mode"', '"moode"', "'moode'", f"{SCHEMAS}/fte.json", "moode"),
    (f"{SCHEMAS}/fte.json", '"type": "STRING"', '"typ": ', "Expecting", f"{SCHEMAS}/fte.json", '"typ": '),
    (
        f"{SCHEMAS}/students.json",
        "key of schools",
        "key of school",
        "key of school, which is no feed",
        f"{SCHEMAS}/students.json",
        'key of school"',
    ),
    (
        f"{SQL}/clever_grades.sql",
        "",
        "\nFROM `eis.nobody`",
        "clever_grades reads eis.nobody",
        f"{SQL}/clever_grades.sql",
        "`eis.nobody`",
    ),
    ("sql/out/a.sql", "", "SELECT 1 AS a\nFROM `out.a` AS b", "out.a reads out.a", "sql/out/a.sql", "`out.a`"),
    ("sql/out/a.sql", "", "SELECT 1 AS a\n", "out.a reads no table", "sql/out/a.sql", None),
    (
        "sql/out/a.sql",
        "",
        "SELECT 1 AS a,\n 2 AS a\nFROM `eis.AllErr_stack`",
        "the column a twice",
        "sql/out/a.sql",
        None,
    ),
    ("sql/out/a.sql", "", "SELECT (1 AS a\nFROM `eis.AllErr_stack`", "cannot be read", "sql/out/a.sql", None),
    ("sql/out/a.sql", "", "SELECT\n{{nam}} AS a FROM `eis.AllErr_stack`", "the fact nam", "sql/out/a.sql", "{{nam}}"),
    ("facts.py", '"00118"', '""', "district_zip has no answer", "facts.py", '"district_zip"'),
    (OUT, 'name="otus_scores"', 'name="Otus scores"', "called 'Otus scores'", OUT, '    Delivery(\n        name="Otus'),
    (OUT, 'name="otus_scores"', 'name="savvas_rosters"', "called savvas_rosters", OUT, -1),
    (OUT, 'name="otus_scores"', 'name="cc"', "as a feed is", OUT, '    Delivery(\n        name="cc"'),
    (OUT, 'vendor="savvas"', 'vendor="savas"', "savvas_rosters goes to savas", OUT, '"savas"'),
    (OUT, 'cadence="weekly"', 'cadence="monthly"', "cadence of otus_att", OUT, '"monthly"'),
    (
        OUT,
        'LandedCopy("savvas_ass',
        'LandedCopy("savas_ass',
        "savas_assessment_scores, which is no feed",
        OUT,
        '"savas_',
    ),
    (
        OUT,
        '"savvas_standards_scores.csv", st',
        '"savvas_assessment_scores.csv", st',
        "two files are otus:",
        OUT,
        'LandedCopy("savvas_standards_scores"',
    ),
    (OUT, 'student="student_id"', 'student="id"', "student of savvas_assessment_scores.csv names id", OUT, '"id"'),
    (
        OUT,
        'ellevation.rosters("roster_files"',
        'ellevation.rosters("rosters"',
        "rosters.Ellevation_Staff-Roster, which is no",
        OUT,
        'ellevation.rosters("rosters"',
    ),
    (
        "vendors.py",
        'Vendor("easyiep"',
        'Vendor("easyeip"',
        "TN_options_report_2014 comes from easyiep",
        FEEDS,
        "easyiep.options",
    ),
    (
        "vendors.py",
        'Vendor("easyiep"',
        'Vendor("easyeip"',
        "no section [sftp:easyeip]",
        "vendors.py",
        'Vendor("easyeip"',
    ),
    (
        "vendors.py",
        'Vendor("otus", agreement="Riverbend-Otus data agreement 2026", called="OTUS")',
        'Vendor("otus")',
        "otus gets otus_scores, and its row names no agreement",
        "vendors.py",
        'Vendor("otus")',
    ),
    ("vendors.py", "Otus data agreement 2026", "Otus paper", "called Riverbend-Otus paper", "vendors.py", "Otus paper"),
    (
        "agreements.py",
        "current_school_year\n",
        "\n",
        "CODE_DISTRICT.txt of savvas_rosters has current_school_year",
        "agreements.py",
        '"CODE_DISTRICT.txt"',
    ),
    (
        "agreements.py",
        "raw_score",
        "",
        "savvas_assessment_scores.csv of otus_scores has raw_score",
        "agreements.py",
        '"savvas_assessment_scores.csv"',
    ),
    (
        "agreements.py",
        "signed=dt.date(2026, 6, 15),",
        "signed=dt.date(2026, 6, 15), until=dt.date(2026, 6, 16),",
        "ended on",
        "agreements.py",
        '    Agreement(\n        "Riverbend-Otus',
    ),
    (
        "agreements.py",
        "signed=dt.date(2026, 6, 15)",
        "signed=None",
        "signed of Riverbend-Otus",
        "agreements.py",
        '    Agreement(\n        "Riverbend-Otus',
    ),
    ("schools.py", '"BLF"', '"BLE"', "the login BLE has no section", "schools.py", '"BLE"'),
    ("../luigi.cfg", "[sftp:otus]", "[sftp:otis]", "the section [sftp:otis]", "../luigi.cfg", "[sftp:otis]"),
    ("../luigi.cfg", "\noff =", "\noff = nobody", "off names nobody", "../luigi.cfg", "\noff ="),
    ("../luigi.cfg", "\ncalendar = ", "\ncalendar = x_", "calendar = x_calendar_day", "../luigi.cfg", "\ncalendar ="),
    ("../luigi.cfg", "\ncalendar = ", "\ncalendar = ./", "cannot be read: No such file", "../luigi.cfg", "\ncalendar"),
    ("../luigi.cfg", "\noff =", "\noff = calendar_day", "calendar_day, which is off", "../luigi.cfg", "\ncalendar"),
    (
        FEEDS,
        'powerschool("fte")',
        'replace(powerschool("fte"), days="school")',
        "days of fte is 'school'",
        FEEDS,
        '"fte"',
    ),
    (FEEDS, 'powerschool("fte")', 'replace(powerschool("fte"), days=("Freitag",))', "days of fte is (", FEEDS, '"fte"'),
    (FEEDS, 'powerschool("fte")', 'replace(powerschool("fte"), days=())', "days of fte names none", FEEDS, '"fte"'),
    (OUT, 'vendor="savvas",', 'vendor="savvas", days=7,', "days of savvas_rosters is 7", OUT, None),
    (OUT, 'vendor="savvas",', 'vendor="savvas", days=(),', "days of savvas_rosters names none", OUT, None),
    ("../luigi.cfg", "address = http://127.0.0.1:9080", "", "no address", "schools.py", '"RSD"'),
]
ON_SCHOOLS = "\nFROM `powerschool_combined.schools` AS s"
# As GoogleSQL's own analyzer tells it; a parser takes all of them.
CASES += [
    ("sql/out/a.sql", "", f"SELECT\n  s.{text}", f"out.a is refused by GoogleSQL: {said}", "sql/out/a.sql", line)
    for text, said, line in [
        (f"name AS a{ON_SCHOOLS}\nWHERE s.name = 1", "No matching signature for operator = for", 4),
        (f"name AS a{ON_SCHOOLS}\nUNION ALL\nSELECT 1 AS a", "Column 1 in UNION ALL has incompatible types", 5),
        (f"name AS a,\n  s.nam AS b{ON_SCHOOLS}", "Name nam not found inside s", 3),
        (f"name AS a,\n  SAFE_CAST(s.name AS NUMBER) AS b{ON_SCHOOLS}", "Type not found: NUMBER", 3),
        (f"name AS a{ON_SCHOOLS}\nWHERE PARSE_DATE('%Y', s.name) > s.name", "No matching signature for operator >", 4),
    ]
]
CASES += [
    (
        "sql/out/a.sql",
        "",
        f"SELECT s.name AS a{ON_SCHOOLS} LEFT JOIN `eis.AllErr_stack` AS e ON e.school_no < s.name",
        "BigQuery would refuse the view out.a: an outer join whose",
        "sql/out/a.sql",
        1,
    ),
    (
        f"{SQL}/Ellevation_Staff-Roster.sql",
        "teachers.teachernumber AS StaffID",
        "SAFE_CAST(teachers.teachernumber AS INT64) AS StaffID",
        "StaffID of roster_files.Ellevation_Staff-Roster is of type INTEGER, and goes out",
        f"{SQL}/Ellevation_Staff-Roster.sql",
        "  SAFE_CAST(teachers.teachernumber AS INT64) AS StaffID",
    ),
    (
        f"{SCHEMAS}/cc.json",
        '"name": "schoolid", "type": "STRING"',
        '"name": "schoolid", "type": "INTEGER"',
        "schoolid is a key of schools, and of type INTEGER",
        f"{SCHEMAS}/cc.json",
        '"schoolid"',
    ),
    (
        OUT,
        '"savvas_assessment_scores.csv", student="student_id"',
        '"savvas_assessment_scores.csv", student="raw_score"',
        "student of savvas_assessment_scores.csv asks raw_score of misc_imports.savvas_assessment_scores, which is of "
        "type NUMERIC",
        OUT,
        '"raw_score"',
    ),
]
CASE = "cases/roster_files/district_schools/both_servers"
ROWS, GIVES = f"{CASE}/powerschool_combined.schools.csv", f"{CASE}/expect.csv"
CASES += [
    (
        ROWS,
        ",school_number,",
        ",school_numbre,",
        "school_numbre is no column of powerschool_combined.schools",
        ROWS,
        None,
    ),
    (ROWS, "RSD,1,0105,", "RSD,1,0105,extra,", "a row of other fields", ROWS, "extra"),
    (ROWS, "RSD,1,0105,", "0105,", "a row of other fields", ROWS, "0105,"),
    (GIVES, ",school_number,name,", ",name,school_number,", "the header of roster_files/district_schools", GIVES, None),
    (
        f"{CASE}/powerschool_combined.school.csv",
        "",
        "id\n1\n",
        "which no feed fills",
        f"{CASE}/powerschool_combined.school.csv",
        None,
    ),
    (
        "cases/roster_files/nobody/x/expect.csv",
        "",
        "id\n",
        "a case of roster_files.nobody",
        "cases/roster_files/nobody/x/expect.csv",
        None,
    ),
    (f"{CASE}/notes.txt", "", "x", "notes.txt is no part of a case", f"{CASE}/notes.txt", None),
    (f"{CASE}/more/expect.csv", "", "x", "expect.csv is no part of a case", f"{CASE}/more/expect.csv", None),
    (
        "cases/roster_files/district_schools/bare/powerschool_combined.schools.csv",
        "",
        "id\n1\n",
        "a case without expect.csv",
        "cases/roster_files/district_schools/bare/powerschool_combined.schools.csv",
        None,
    ),
]
WORDS = [
    ("required=('nam',),", "required of extra.csv"),
    ("school='nam',", "school of extra.csv"),
    ("kept=('nam',),", "kept of extra.csv"),
    ("written=(Written(('nam',), ZIP),),", "written of extra.csv"),
    ("allowed=(Allowed(('nam',), ('a',)),),", "allowed of extra.csv"),
    ("agreeing=(Agreeing('nam', ()),),", "agreeing of extra.csv"),
    ("column_churn=(ColumnChurn(('nam',)),),", "column_churn of extra.csv"),
    (
        "references=(Reference(('schoolid',), 'nam', ('school_number',)),),",
        "references of extra.csv names the file nam",
    ),
    (
        "references=(Reference(('schoolid',), 'other.csv', ('nam',)),),",
        "references of extra.csv names nam of other.csv",
    ),
    ("references=(Reference((), 'other.csv', ('school_number',)),),", "references of extra.csv:  to school_number"),
    ("references=(Reference(('schoolid',), 'extra.csv', ('schoolid',)),),", "extra.csv itself"),
    ("apart=(Apart('schoolid', 'other.csv', 'nam'),),", "apart of extra.csv names nam of other.csv"),
    ("mapped=(Mapped('roster_files.nam', 'a', ()),),", "mapped of extra.csv"),
    ("mapped=(Mapped('powerschool_combined.students', 'nam', ()),),", "mapped of extra.csv names nam"),
    ("same=(Same('powerschool_combined.students', 'nam', ()),),", "same of extra.csv names nam"),
    ("conditions=(Condition('', ('schoolid',), '{nam}'),),", "a condition of extra.csv names nam"),
    ("leaves_with=('nam',),", "leaves_with of extra.csv names nam"),
]
CASES += [
    (
        OUT,
        "DELIVERIES = (\n",
        EXTRA.replace("{words}", words),
        said,
        OUT,
        words if "'nam'" in words and "mapped" not in words else None,
    )
    for words, said in WORDS
]


# A column of each type that GoogleSQL gives; what it is called by; how it is given as text.
TYPES = {
    "SAFE_CAST(s.name AS INT64)": ("INTEGER", "CAST(… AS STRING)"),
    "NULL": ("INTEGER", "CAST(… AS STRING)"),
    "SAFE_CAST(s.name AS FLOAT64)": ("FLOAT", "CAST(… AS STRING)"),
    "SAFE_CAST(s.name AS NUMERIC)": ("NUMERIC", "CAST(… AS STRING)"),
    "SAFE_CAST(s.name AS BIGNUMERIC)": ("BIGNUMERIC", "CAST(… AS STRING)"),
    "s.name = 'x'": ("BOOLEAN", "CAST(… AS STRING)"),
    "CAST(s.name AS BYTES)": ("BYTES", "CAST(… AS STRING)"),
    "MAKE_INTERVAL(1)": ("INTERVAL", "CAST(… AS STRING)"),
    "PARSE_DATE('%Y', s.name)": ("DATE", "FORMAT_DATE('%m/%d/%Y', …)"),
    "PARSE_DATETIME('%Y', s.name)": ("DATETIME", "FORMAT_DATETIME('%m/%d/%Y %H:%M', …)"),
    "PARSE_TIME('%H', s.name)": ("TIME", "FORMAT_TIME('%H:%M', …)"),
    "PARSE_TIMESTAMP('%Y', s.name)": ("TIMESTAMP", "FORMAT_TIMESTAMP('%m/%d/%Y %H:%M', …, '<time zone>')"),
    "PARSE_JSON(s.name)": ("JSON", "TO_JSON_STRING(…)"),
    "[s.name]": ("ARRAY<STRING>", "ARRAY_TO_STRING(…, ', ') of an array of STRING"),
    "STRUCT(s.name AS n, STRUCT(1, [2.5]) AS m)": (
        "STRUCT<n STRING, m STRUCT<INTEGER, ARRAY<FLOAT>>>",
        "each of its fields in a column of its own",
    ),
    "[STRUCT(s.name AS n)]": ("ARRAY<STRUCT<n STRING>>", "ARRAY_TO_STRING(…, ', ') of an array of STRING"),
}
SELECTED = "".join(f",\n  {sql} AS kind_{number}" for number, sql in enumerate(TYPES))
# The file of a view, in a delivery whose agreement does not list it (which is told by itself).
GOES_OUT = """from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.limits import Mapped

DELIVERIES = (
    Delivery("extra", vendor="otus", folder="/extra", files=(ViewFile({words}),)),
"""


def of_types() -> list[tuple[str, str]]:
    """What is told of columns that are no text, and what to do."""
    return [(each.found, each.next_step) for each in checking.wrong() if " of type " in each.found]


def test_each_column_that_goes_out_and_is_no_text_is_told_with_its_type_and_the_way_to_give_it(there: Path) -> None:
    view = there / "sql/out/kinds.sql"
    break_(view, "", f"SELECT\n  s.name{SELECTED}{ON_SCHOOLS}")
    assert of_types() == []  # nothing is made of it but other views
    break_(there / OUT, "DELIVERIES = (\n", GOES_OUT.replace("{words}", "'out.kinds', 'x.csv', key=('name',)"))
    forget()
    assert of_types() == [
        (
            f"{view}, line {number + 3}: kind_{number} of out.kinds is of type {type_}, and goes out",
            f"give kind_{number} as text: {written}",
        )
        for number, (type_, written) in enumerate(TYPES.values())
    ]


def test_what_only_other_views_read_may_be_of_any_type(there: Path) -> None:
    """Also of types that no table of a feed has."""
    break_(there / "sql/out/kinds.sql", "", f"SELECT\n  s.name{SELECTED}{ON_SCHOOLS}")
    struct, array = list(TYPES).index("STRUCT(s.name AS n, STRUCT(1, [2.5]) AS m)"), len(TYPES) - 1
    fields = f"k.kind_{struct}.n AS n, FORMAT_DATE('%F', k.kind_8) AS day, k.kind_{array}[SAFE_OFFSET(0)].n AS first"
    break_(there / "sql/out/above.sql", "", f"SELECT k.name, {fields}\nFROM `out.kinds` AS k")
    break_(there / OUT, "DELIVERIES = (\n", GOES_OUT.replace("{words}", "'out.above', 'x.csv', key=('name',)"))
    assert [each for each in told() if "out." in each and "does not list" not in each] == []


def test_a_column_that_a_star_gives_is_told_by_the_line_that_names_it(there: Path) -> None:
    view = there / "sql/out/starred.sql"
    within = f"SELECT s.name,\n  LENGTH(s.name) AS `long`, 1 AS longer{ON_SCHOOLS}"
    break_(view, "", f"WITH\nkinds AS (\n{within}\n)\nSELECT * FROM kinds")
    break_(there / OUT, "DELIVERIES = (\n", GOES_OUT.replace("{words}", "'out.starred', 'x.csv', key=('name',)"))
    assert [found.partition(" of type ")[0] for found, _ in of_types()] == [
        f"{view}, line 4: {name} of out.starred is" for name in ("long", "longer")
    ]


def test_what_a_row_asks_of_tables_and_views_is_text_too(there: Path) -> None:
    tables = "FROM `powerschool_combined.terms` AS t CROSS JOIN `roster_files.server_days` AS d"
    break_(there / "sql/out/own.sql", "", f"SELECT t.name {tables}")
    words = """'out.own', 'x.csv', key=('name',), mapped=(
        Mapped('powerschool_combined.terms', 'isyearrec', ('1',)),
        Mapped('roster_files.server_days', 'day', ('x',)),
        Mapped('powerschool_combined.terms', 'name', ('x',)),
    )"""
    break_(there / OUT, "DELIVERIES = (\n", GOES_OUT.replace("{words}", words))
    asked = [found.partition(", line ")[2].partition(": ") for found, _ in of_types()]
    lines = (there / OUT).read_text().splitlines()
    assert [
        ("'isyearrec'" in lines[int(line) - 1], "'day'" in lines[int(line) - 1], said) for line, _, said in asked
    ] == [
        (True, False, "mapped of x.csv asks isyearrec of powerschool_combined.terms, which is of type BOOLEAN"),
        (False, True, "mapped of x.csv asks day of roster_files.server_days, which is of type DATE"),
    ]


@pytest.mark.parametrize(("file", "was", "now", "said", "at", "line"), CASES, ids=[f"{c[0]}: {c[3]}" for c in CASES])
def test_each_thing_that_is_wrong_is_told_by_file_and_line(
    there: Path, file: str, was: str, now: str, said: str, at: str, line: str | int | None
) -> None:
    if file.startswith("cases/"):
        own_cases(there)
    break_(there / file, was, now)
    found = [each for each in told() if said in each]
    assert found, told()
    where = re.match(r"(?P<file>.*), line (?P<line>\d+): ", found[0])
    assert where, found[0]
    assert Path(where["file"]) == (there / at).resolve()
    text = (there / at).read_text()
    if isinstance(line, str):
        place = text.index(line) + len(line) - len(line.lstrip("\n"))
        assert int(where["line"]) == text[:place].count("\n") + 1, found[0]
    elif line == -1:
        assert int(where["line"]) > 2
    elif line:
        assert int(where["line"]) == line


WRONG = [
    # file of the case, what stands there, what is put in its place, what is told, the line
    (GIVES, ",0106,", ",0107,", "1 other ones are; school_number is '0106', not '0107'", 3),
    (GIVES, "-1,4,", "-1,5,", "high_grade is '4', not '5'", 2),
    (GIVES, "RSD,0106", "RSD,0105", "school_number is '0106', not '0105'", 3),
    (GIVES, "RSD,0105,", "RSD,0104,a,,,,,,,,,\nRSD,0105,", "1 of its rows are not given, and 0 other ones are", 2),
    (ROWS, "RSD,2,0106", "RSD,2,", "where an empty cell is NULL: 1 of its rows are not given, and 0 other", 3),
]


@pytest.fixture
def one_case(there: Path) -> Path:
    """The catalogue with no other case: all of them take some seconds."""
    (there / "cases").unlink()
    shutil.copytree(RIVERBEND / CASE, there / CASE)
    return there


@pytest.mark.parametrize(("file", "was", "now", "said", "line"), WRONG)
def test_a_case_whose_view_gives_something_else_is_told_by_its_file(
    one_case: Path, file: str, was: str, now: str, said: str, line: int
) -> None:
    break_(one_case / file, was, now)
    [error] = [error.found for error in checking.wrong(evaluated=True)]
    start = (
        f"{(one_case / GIVES).resolve()}, line {line}: roster_files/district_schools/both_servers is not what its view"
    )
    assert error.startswith(start)
    assert said in error


def test_cases_are_evaluated_when_it_is_asked_for(one_case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["check", "--cases"]) == 0
    break_(one_case / GIVES, ",0106,", ",0107,")
    assert commands.main(["check"]) == 0
    assert commands.main(["check", "--cases"]) == 30
    assert "school_number is '0106', not '0107'" in capsys.readouterr().err


def test_a_case_that_cannot_be_evaluated_says_why(one_case: Path) -> None:
    view = one_case / f"{SQL}/district_schools.sql"
    break_(
        view,
        "schools.district_identification,",
        "CAST(schools.name AS DATE) AS born,\n  schools.district_identification,",
    )
    shown = [error.found for error in checking.wrong(evaluated=True)]
    assert [each for each in shown if "both_servers cannot be evaluated: Invalid date" in each], shown
    break_(view, "AS DATE", "AS DAY")
    forget()
    shown = [error.found for error in checking.wrong(evaluated=True)]
    assert not [each for each in shown if "evaluated" in each]


def test_what_reads_a_view_with_an_error_is_not_told_of(there: Path) -> None:
    break_(there / f"{SQL}/current_teachers.sql", "  places.schoolid,", "  places.nobody,")
    refused = [each for each in told() if "refused by GoogleSQL" in each]
    assert len(refused) == 1
    assert "current_teachers.sql, line" in refused[0]


def test_without_google_s_engine_less_is_told_and_that_it_is(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """zetasql is one of the tests' packages."""
    break_(there / "sql/out/a.sql", "", f"SELECT s.nam AS a{ON_SCHOOLS}")
    assert len(told()) == 1
    monkeypatch.setattr("pipeline.outside.googlesql.find_spec", lambda name: None)
    assert told() == []
    assert commands.main(["check"]) == 0
    summary, left = capsys.readouterr().out.splitlines()
    assert summary.endswith(": nothing is wrong")
    assert left.startswith("not looked at: whether BigQuery takes the views, and whether what goes out is text")
    assert commands.main(["check", "--cases"]) == 30


def test_all_that_is_wrong_is_told_at_once(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(there / FEEDS, 'powerschool("fte"),', 'powerschool("fte", "idd"),')
    break_(there / "vendors.py", 'Vendor("easyiep"', 'Vendor("easyeip"')
    break_(there / "facts.py", '"00118"', '""')
    shown = told()
    assert len(shown) == len(set(shown))
    assert commands.main(["check"]) == 30
    out, err = capsys.readouterr()
    assert out == f"catalogue of Riverbend Schools: {len(shown)} things are wrong\n"
    assert err.count("found: ") == err.count("\nexpected: ") == err.count("\nnext: ") == len(shown)


def test_what_was_meant_is_said(there: Path) -> None:
    break_(there / OUT, 'vendor="savvas"', 'vendor="savas"')
    assert "did you mean savvas?" in [error.next_step for error in checking.wrong()]


def test_without_a_parser_the_text_tells(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sqlglot is one of the sandbox's packages."""
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    checking.views._read.cache_clear()
    assert told() == []
    break_(there / OUT, "DELIVERIES = (\n", EXTRA.replace("{words}", "required=('nobody_has_it',),"))
    forget()
    assert [each for each in told() if "required of extra.csv (extra) names nobody_has_it" in each]


def test_what_a_view_says_of_the_district_is_a_literal(there: Path) -> None:
    """Whatever stands in it: it is text, and never SQL."""
    name = """O'Brien \\ "County" {{x}}\nSchools"""
    break_(there / "facts.py", '"Riverbend Schools"', repr(name))
    import sqlglot

    select = sqlglot.parse_one(sql.text("roster_files.SAVVAS_CODE_DISTRICT"), read="bigquery")
    (said,) = (each.this for each in select.expressions if each.alias == "district_name")
    assert said.this == name


def test_a_fact_changes_what_is_made_of_the_view(there: Path) -> None:
    before = sql.fingerprint("roster_files.SAVVAS_SCHOOL")
    break_(there / "facts.py", '"RIVERBEND"', '"OTHERS"')
    forget()
    assert sql.fingerprint("roster_files.SAVVAS_SCHOOL") != before


def test_a_run_stops_at_what_has_no_answer(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(there / "facts.py", '"00118"', '""')
    assert commands.main(["run", "Morning", "--date", "2026-11-23"]) == 30
    assert "district_zip has no answer" in "".join(capsys.readouterr())


def test_questions_of_the_configuration_come_first(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(there.parent / "luigi.cfg", "bucket = riverbend-morning", "bucket =")
    settings.load.cache_clear()
    assert commands.main(["check"]) == 30
    assert "[district] has no bucket" in capsys.readouterr().err


def test_rows_of_a_vendor_s_page_are_checked_where_they_stand(there: Path) -> None:
    page = there / "flows/library.py"
    break_(
        page, "", "from pipeline.outside.sftp.vendor import Vendor\n\nVENDORS = (Vendor('library', agreement='x'),)\n"
    )
    found = told()
    assert any(f"{page}, line 3: library has no section [sftp:library]" in each for each in found)
    assert any(f"{page}, line 3: the agreement of library is called x" in each for each in found)


def test_rows_of_a_page_that_nobody_would_read_are_told(there: Path) -> None:
    page = there / "flows/library.py"
    break_(page, "", "from pipeline.outside.sftp.vendor import Vendor\n\nVENDOR = (Vendor('library'),)\n")
    (error,) = checking.wrong()
    assert error.found == f"{page}, line 3: rows called VENDOR"
    assert "VENDORS" in error.next_step
