"""What is made of the portal's reports: all of a whole one, nothing of a cut one, and never an SSN."""

import contextlib
import csv
import datetime as dt
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalogue.contract import column_name, contract_of
from pipeline.catalogue.feed import Reader
from pipeline.formats import eis_readers as readers
from pipeline.formats.eis_readers import ERROR_COLUMNS, WITHHELD, ReportFacts, error_report, viewer_report
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part

# Values of the reports below; none of them may ever stand in a message.
SECRETS = ("4127", "4128", "Núñez", "O'Brien", "Smith", "912345678", "987654321", "000412345")


@dataclass
class Desk:
    """Where a raw report is laid, and its plain CSV comes out."""

    folder: Path
    reader: Callable[[Path, Path], ReportFacts]

    @property
    def raw(self) -> Path:
        return self.folder / "Report.csv"

    @property
    def plain(self) -> Path:
        return self.folder / "plain.csv"

    def read(self, report: bytes) -> ReportFacts:
        self.raw.write_bytes(report)
        return self.reader(self.raw, self.plain)

    def rows(self, report: bytes) -> list[list[str]]:
        """The plain rows, without the header."""
        facts = self.read(report)
        with self.plain.open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file, strict=True)
        assert facts.rows == len(rows)
        return rows

    def refusal(self, report: bytes) -> str:
        """What was found in a report that is refused; what was plain before is still there then."""
        self.plain.write_text("the last good one")
        with pytest.raises(ContractBroken) as caught:
            self.read(report)
        assert self.plain.read_text() == "the last good one"
        assert not [word for word in SECRETS if word in str(caught.value)]
        assert caught.value.found.startswith("file Report.csv")
        return caught.value.found

    def prepared(self, report: bytes, table: str) -> list[str]:
        """The lines that the contract of `eis.<table>` makes of the plain CSV."""
        self.read(report)
        out = self.folder / "prepared.csv"
        preparing.prepare([Part("0105", self.plain)], contract_of("eis", table, floor=0), out)
        return out.read_text().splitlines()


MakeDesk = Callable[[Reader], Desk]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture
def viewer(tmp_path: Path) -> Desk:
    return Desk(tmp_path, viewer_report)


@pytest.fixture
def errors(tmp_path: Path) -> Desk:
    return Desk(tmp_path, error_report)


# ------------------------------------------------------------------------------------------------ report viewer

MEMBERSHIP = (
    "SchoolYear,DistrictNo,SchoolNo,SchoolName,StudentStateId,StudentName,Grade,EnrollmentDate,EnrollmentReason,"
    "WithdrawalDate,WithdrawalReason,PrimaryDistrict,PrimarySchool"
)
AUDIT = (
    "SchoolYear,DistrictNo,SchoolNo,SchoolName,StudentStateId,StudentName,Grade,InstructionalProgram,ServiceDistrict,"
    "ADMPeriod,DaysEnrolled,ADM"
)
PREAMBLE = "Student Membership Report\r\nRun date: 11/23/2026\r\n"
SHORT = f"{PREAMBLE}SchoolNo,StudentName\r\n"
SMITH = '0105,"Smith, Jr., Lee"\r\n'


def test_a_report_of_the_viewer_becomes_plain(viewer: Desk) -> None:
    facts = viewer.read(f'{SHORT}{SMITH}"0110",O\'Brien\r\n'.encode())
    assert facts == ReportFacts(2, frozenset({"0105", "0110"}), dt.date(2026, 11, 23))
    assert viewer.plain.read_text() == 'SchoolNo,StudentName\n0105,"Smith, Jr., Lee"\n0110,O\'Brien\n'
    assert viewer.plain.stat().st_mode & 0o777 == 0o600


def test_a_report_without_rows_is_one(viewer: Desk) -> None:
    assert viewer.read(SHORT.encode()) == ReportFacts(0, frozenset(), dt.date(2026, 11, 23))
    assert viewer.plain.read_text() == "SchoolNo,StudentName\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_windows_are_read(viewer: Desk, codec: str) -> None:
    assert viewer.rows(f"{SHORT}0105,Núñez\r\n".encode(codec)) == [["0105", "Núñez"]]


def test_values_and_rows_keep_what_is_odd_in_them(viewer: Desk) -> None:
    odd = f'{SHORT}\r\n0105,"Lee ""Bo""\r\nSmith"\r\n,\r\n'
    assert viewer.rows(odd.encode()) == [["0105", 'Lee "Bo"\r\nSmith'], ["", ""]]


@pytest.mark.parametrize(
    "preamble",
    [
        "Run date: 1/5/2027\r\nADM Audit Report\r\n",
        "ADM Audit Report\nRUN DATE:01/05/2027 6:31 AM\n",
        "ADM Audit Report,,\r\nRun date: 1/5/2027,,\r\n",
    ],
)
def test_run_date_stands_anywhere_in_the_preamble(viewer: Desk, preamble: str) -> None:
    assert viewer.read(f"{preamble}SchoolNo,ADM\r\n".encode()).run_date == dt.date(2027, 1, 5)


def test_a_preamble_need_not_tell_the_day(viewer: Desk) -> None:
    """That it does is modelled."""
    read = viewer.read(f"ADM Audit Report\r\n\r\nSchoolNo,ADM\r\n{SMITH}".encode())
    assert (read.rows, read.run_date) == (1, None)


def test_a_report_without_schools_names_none(viewer: Desk) -> None:
    facts = viewer.read(f"{PREAMBLE}Name,Grade\r\nLee,5\r\n".encode())
    assert (facts.rows, facts.schools) == (1, frozenset())


PAGE = "an error page instead of the report"


@pytest.mark.parametrize("reader", [viewer_report, error_report])
@pytest.mark.parametrize(
    "page",
    [
        '<!DOCTYPE html>\r\n<html>\r\n<body class="x">\r\nO\'Brien</body>\r\n</html>\r\n'.encode("utf-8-sig"),
        "\r\n\r\n<html><h1>Server Error in '/' Application.</h1></html>".encode("utf-16"),
        b"",
        b"\r\n",
    ],
)
def test_an_error_page_is_refused(tmp_path: Path, reader: Reader, page: bytes) -> None:
    assert PAGE in Desk(tmp_path, reader).refusal(page)


@pytest.mark.parametrize(
    ("report", "found"),
    [
        ("The service is unavailable.", PAGE),
        (PREAMBLE, PAGE),
        (f"SchoolNo,StudentName\r\n{SMITH}{SMITH}", "line 3: no header"),  # no preamble
        (f"Run date: 11/23/2026\r\nSchoolNo,StudentName\r\n{SMITH}", "line 3: no header"),
        (f"{PREAMBLE}\r\nSchoolNo,StudentName\r\n{SMITH}", "line 3: no header"),
        (f"{PREAMBLE}School 0105\r\nSchoolNo,StudentName\r\n{SMITH}", "line 3: no header"),
        (f"{PREAMBLE}SchoolNo,SchoolNo\r\n", "line 3: no header"),
        (f"{PREAMBLE}SchoolNo,\r\n", "line 3: no header"),
        (f"ADM Audit\r\nRun date: 23/11/2026\r\nSchoolNo,Grade\r\n{SMITH}", "a run date that is no day"),
        (f"{SHORT}{SMITH}0105\r\n", "line 5: 1 fields"),
        (f'{SHORT}0105,"Lee\r\nSmith"\r\n0105,Smith,Jr.\r\n', "line 6: 3 fields"),
        (f"{SHORT}{SMITH}0105,O'Bri", "no line end after the last line"),
        (f'{SHORT}{SMITH}0105,"Smith, ', "quotation marks that cannot be read"),
        (f'{SHORT}0105,Lee "Bo" Smith\r\n', "quotation marks that cannot be read"),
        (f"{SHORT}0105,\0\r\n", "quotation marks that cannot be read"),
    ],
)
def test_what_is_no_whole_report_is_refused(viewer: Desk, report: str, found: str) -> None:
    assert found in viewer.refusal(report.encode())


def test_a_report_cut_inside_a_row_is_refused(viewer: Desk) -> None:
    report = f'{SHORT}{SMITH}0110,"O\'Brien\r\nSmith"\r\n'.encode()
    table = len(SHORT)
    whole = {
        table: 0,
        table - 1: 0,
        table + len(SMITH): 1,
        table + len(SMITH) - 1: 1,
        len(report): 2,
        len(report) - 1: 2,
    }
    for length in range(len(report) + 1):
        if length in whole:
            assert viewer.read(report[:length]).rows == whole[length]
        else:
            viewer.refusal(report[:length])


@pytest.mark.parametrize(("header", "table"), [(MEMBERSHIP, "StudentMembership_stack"), (AUDIT, "ADMAudit_stack")])
def test_plain_reports_keep_their_contract(viewer: Desk, header: str, table: str) -> None:
    titles = header.split(",")
    row = ",".join(f"v{place}" for place in range(len(titles)))
    prepared = viewer.prepared(f"{PREAMBLE}{header}\r\n{row}\r\n".encode(), table)
    assert prepared == [",".join(map(column_name, titles)), row]


# ------------------------------------------------------------------------------------------------- error report

HEADER = ",".join(ERROR_COLUMNS)
DETAIL = ERROR_COLUMNS.index("DETAIL_INFO")
KEPT = [name for name in ERROR_COLUMNS if name not in WITHHELD]
ROW = dict.fromkeys(ERROR_COLUMNS, "") | {
    "SCHOOL_YEAR": "2026",
    "SCHOOL_NO": "0105",
    "ERROR_NO": "1201",
    "ERROR_DESC": "Invalid birth date",
    "SEVERITY_CODE": "80",
    "SEVERITY_DESCR": "Fatal Field",
    "COURSE_NO": "3001",
    "STUDENT_SSN": "912345678",
    "STUDENT_PIN": "0004127",
    "STUDENT_FIRST_NM": "Sean",
    "STUDENT_LAST_NM": "O'Brien",
    "STAFF_SSN": "987-65-4321",
    "STAFF_TLN": "000412345",
    "STAFF_FIRST_NM": "Lee",
    "STAFF_LAST_NM": "Smith",
    "DETAIL_INFO": "a",
    "LINE_ID": "17",
    "EXTRACT_ID": "E71",
}


def error(**values: str) -> str:
    return ",".join((ROW | values).values()) + "\n"


def report(*rows: str) -> bytes:
    return f"{HEADER}\n{''.join(rows)}".encode()


def kept(desk: Desk, *rows: str) -> list[dict[str, str]]:
    return [dict(zip(KEPT, row, strict=True)) for row in desk.rows(report(*rows))]


def test_an_error_report_becomes_plain(errors: Desk) -> None:
    facts = errors.read(report(error(DETAIL_INFO='born 2/30/2015, says "he", no day'), error(SCHOOL_NO="0110")))
    assert facts == ReportFacts(2, frozenset({"0105", "0110"}))
    header, first, second = errors.plain.read_text().splitlines()
    assert header == ",".join(KEPT)
    assert first == (
        "2026,,,,,0105,,,,1201,Invalid birth date,80,Fatal Field,,,,3001,0004127,Sean,,O'Brien,,"
        '000412345,Lee,,Smith,,"born 2/30/2015, says ""he"", no day",17,E71'
    )
    assert second.endswith(",a,17,E71")


def test_a_school_without_errors_has_a_report(errors: Desk) -> None:
    assert errors.read(report()) == ReportFacts(0, frozenset())
    assert errors.plain.read_text() == ",".join(KEPT) + "\n"


def test_long_reports_are_written_in_blocks(errors: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BLOCK", 2)
    numbers = [str(number) for number in range(5)]
    assert [row["LINE_ID"] for row in kept(errors, *(error(LINE_ID=number) for number in numbers))] == numbers


def test_plain_errors_keep_their_contract(errors: Desk) -> None:
    header, row = errors.prepared(report(error(DISTRICT_NO="997", DETAIL_INFO="a,b")), "AllErr_stack")
    assert header.split(",") == [column_name(name) for name in KEPT]
    assert not [name for name in header.split(",") if name.endswith("_ssn")]
    assert row.endswith(',"a,b",17,E71')


def test_line_ends_and_marks_of_windows_are_read(errors: Desk) -> None:
    windows = report(error(), "\n", error()).replace(b"\n", b"\r\n")
    assert [row[-1] for row in errors.rows(b"\xef\xbb\xbf" + windows)] == ["E71", "E71"]


@pytest.mark.parametrize(
    ("name", "read"), [("Núñez".encode(), "Núñez"), (b"N\xfa\xf1ez", "Núñez"), (b"N\x81ez", "N\ufffdez")]
)
def test_bytes_that_are_not_ascii_are_read(errors: Desk, name: bytes, read: str) -> None:
    row = error(STUDENT_LAST_NM="?").encode().replace(b"?", name)
    assert errors.rows(report() + row)[0][KEPT.index("STUDENT_LAST_NM")] == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (report(error(), ",".join(list(ROW.values())[1:]) + "\n", error()), "line 3: 31 fields"),
        (report(error(), "\n", "Smith, 912345678\n"), "line 4: 2 fields"),
        (report(error(), error())[:-1], "line 3: a last line without a line end"),
        (HEADER.encode(), "line 1: a last line without a line end"),
        (report(error()).replace(b"STAFF_TLN,", b""), "line 1: a header of 31 names, with none of STAFF_TLN"),
        (report(error()).replace(b"_SSN", b"_ID"), "line 1: a header of 32 names, with none of STUDENT_SSN, STAFF_SSN"),
        (
            report(error()).replace(b"LINE_ID,EXTRACT_ID", b"EXTRACT_ID,LINE_ID"),
            "line 1: a header of 32 names, with an",
        ),
        (report().replace(b"\n", b",MORE\n"), "line 1: a header of 33 names, with another order"),
        (error().encode(), "line 1: a header of 32 names, with none of SCHOOL_YEAR, "),
        (b"The service is unavailable.\n", "line 1: a header of 1 names, with none of SCHOOL_YEAR, "),
    ],
)
def test_what_is_no_whole_error_report_is_refused(errors: Desk, text: bytes, found: str) -> None:
    assert found in errors.refusal(text)


LONG = "more than 1 MB"


@pytest.mark.parametrize(
    ("reader", "begins", "again", "found"),
    [
        (viewer_report, "", "Smith ", f"line 1: a row of {LONG}"),
        (viewer_report, "ADM Audit Report\r\n", "Smith ", f"line 1: a row of {LONG}"),
        (viewer_report, PREAMBLE, "Smith ", f"line 3: a row of {LONG}"),
        (viewer_report, f"{SHORT}{SMITH}", "Smith ", f"line 5: a row of {LONG}"),
        (viewer_report, f"{SHORT}{SMITH}", '"Smith\n",', f"line 5: a row of {LONG}"),
        (error_report, "", "Smith ", f"line 1: a line of {LONG}"),
        (error_report, f"{HEADER}\n{error()}", "Smith ", f"line 3: a line of {LONG}"),
    ],
)
def test_a_line_without_an_end_is_refused_and_never_held(
    tmp_path: Path, reader: Reader, begins: str, again: str, found: str
) -> None:
    desk = Desk(tmp_path, reader)
    desk.refusal(b"Smith")  # what is imported and kept is from before
    desk.raw.write_text(begins + again * 4_000_000 + "\r\n", newline="")
    tracemalloc.start()
    try:
        with pytest.raises(ContractBroken) as told:
            reader(desk.raw, desk.plain)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found in told.value.found
    assert most < desk.raw.stat().st_size / 2


# What makes trouble in files; no digits of the form of an SSN, which are looked for.
letters = st.characters(exclude_categories=["Cs", "Nd"], exclude_characters="\0\r\n,")
words = st.text(letters, max_size=5)
loose = st.lists(st.sampled_from([",", ",", '"', "\r", " ", "/30/", "4127"]) | words, max_size=8).map("".join)
forms = {
    "SEVERITY_CODE": st.sampled_from(["80", "90", "92", ""]),
    **dict.fromkeys(WITHHELD, st.sampled_from(["", "912345678", "987-65-4321", "XXX-XX-4321"])),
    "STUDENT_PIN": st.sampled_from(["", "0004127", "4127"]),
    "STAFF_TLN": st.sampled_from(["", "000412345"]),
    "DETAIL_INFO": loose,
}
rows_of_errors = st.lists(st.tuples(*(forms.get(name, words) for name in ERROR_COLUMNS)), max_size=4)


@given(rows=rows_of_errors)
def test_any_fields_come_back(folder: Path, rows: list[tuple[str, ...]]) -> None:
    """But a licence that may be a number which a comma has moved: a comma too many, and no number where it belongs."""
    desk = Desk(folder, error_report)
    expected = []
    for row in (dict(zip(ERROR_COLUMNS, values, strict=True)) for values in rows):
        if "," in row["DETAIL_INFO"] and not row["STAFF_SSN"] and row["STAFF_TLN"]:
            row["STAFF_TLN"] = "[nine digits]"
        expected.append([value for name, value in row.items() if name not in WITHHELD])
    assert desk.rows(report(*(",".join(row) + "\n" for row in rows))) == expected


@given(rows=rows_of_errors, data=st.data())
def test_a_report_cut_anywhere_inside_a_row_is_refused(
    folder: Path, rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """Between two rows nothing tells: how long the download is must be known from elsewhere."""
    desk = Desk(folder, error_report)
    whole = report(*(",".join(row) + "\n" for row in rows))
    left = whole[: data.draw(st.integers(0, len(whole) - 1))]
    if left.endswith(b"\n"):
        assert desk.read(left).rows == left.count(b"\n") - 1
    else:
        with pytest.raises(ContractBroken):
            desk.read(left)


# --------------------------------------------------------------------------------------------------------- SSN

SSN = re.compile(r"912.?34.?5678|987.?65.?4321")


@pytest.mark.parametrize("column", ["DETAIL_INFO", "ERROR_DESC"])
@pytest.mark.parametrize("number", ["912345678", "912-34-5678", "912 34 5678"])
def test_an_ssn_in_a_text_is_withheld(errors: Desk, column: str, number: str) -> None:
    (row,) = kept(errors, error(**{column: f"SSN{number}. TLN 000412345 of 11/23/2026 (1234567890)"}))
    assert row[column] == "SSN[nine digits]. TLN 000412345 of 11/23/2026 (1234567890)"


@pytest.mark.parametrize("column", ["DETAIL_INFO", "ERROR_DESC", "STUDENT_PIN", "STUDENT_LAST_NM"])
@pytest.mark.parametrize(
    "number", ["912_34_5678", "912 345 678", "91 234 5678", "9 1 2 3 4 5 6 7 8", "912.345.678", "9123 45678"]
)
def test_an_ssn_in_other_groups_is_withheld_or_the_report_is_refused(errors: Desk, column: str, number: str) -> None:
    text = report(error(**{column: f"Ann {number}"}))
    try:
        errors.read(text)
    except ContractBroken:
        return
    assert "912345678" not in re.sub(r"[\W_]", "", errors.plain.read_text())
    assert "Ann [nine digits]" in errors.plain.read_text()


@pytest.mark.parametrize("text", ["of 08/15/2025 0105", "20251117 0105", "of 11/17/2025 1", "1234567890"])
def test_dates_and_numbers_beside_each_other_stay(errors: Desk, text: str) -> None:
    (row,) = kept(errors, error(ERROR_DESC=text))
    assert row["ERROR_DESC"] == text


@pytest.mark.parametrize("suffix", ["3", "Jr", "", "x", "2nd 4", "12"])
@pytest.mark.parametrize("number", ["987-65-4321", "987654321"])
def test_whatever_a_suffix_is_a_comma_before_it_moves_no_ssn_of_staff(errors: Desk, suffix: str, number: str) -> None:
    """The number stands where the licence does, and in its own column the suffix."""
    moved = {"STUDENT_LAST_NM": "Smith, Jr", "STUDENT_SUFFIX_NM": suffix, "STAFF_SSN": number, "STAFF_TLN": ""}
    with contextlib.suppress(ContractBroken):
        errors.read(report(error(**moved)))
        assert not SSN.search(errors.plain.read_text())


@pytest.mark.parametrize("column", ERROR_COLUMNS[:DETAIL])
@pytest.mark.parametrize("rest", [{}, {"STAFF_SSN": "", "STAFF_TLN": "", "STAFF_FIRST_NM": "", "STAFF_LAST_NM": ""}])
def test_a_comma_before_the_detail_moves_no_ssn_into_view(errors: Desk, column: str, rest: dict[str, str]) -> None:
    """Whatever column has it: the report is refused, or no SSN has moved."""
    moved = report(error(), error(**(rest | {column: "Smith, Jr."})))
    try:
        errors.read(moved)
    except ContractBroken:
        assert re.search(r"line 3: in [A-Z_]+ what belongs to another column", errors.refusal(moved))
    else:
        assert not SSN.search(errors.plain.read_text())
        assert ERROR_COLUMNS.index(column) >= ERROR_COLUMNS.index("STUDENT_SSN" if rest else "STAFF_SSN")


@pytest.mark.parametrize("number", ["987654321", "987-65-4321"])
@pytest.mark.parametrize("column", ERROR_COLUMNS[ERROR_COLUMNS.index("STUDENT_PIN") : ERROR_COLUMNS.index("STAFF_SSN")])
@pytest.mark.parametrize("value", ["Smith, Jr.", "Smith,", ","])
def test_a_comma_before_staff_without_a_licence_moves_no_ssn_into_view(
    errors: Desk, column: str, value: str, number: str
) -> None:
    """The number would come to stand where the licence does, and every column have a form that it may have."""
    row = error(**{"STAFF_SSN": number, "STAFF_TLN": "", "DETAIL_INFO": f"SSN {number}", column: value})
    try:
        errors.read(report(row))
    except ContractBroken:
        return
    assert not SSN.search(errors.plain.read_text())


def test_a_licence_of_nine_digits_stays_where_nothing_has_moved(errors: Desk) -> None:
    """Also beside a detail with commas; without a number of the staff before it, it cannot be told from one."""
    whole, alone = {"DETAIL_INFO": "a, b"}, {"DETAIL_INFO": "a, b", "STAFF_SSN": ""}
    rows = kept(errors, error(**whole), error(**alone), error(STAFF_SSN=""))
    assert [row["STAFF_TLN"] for row in rows] == ["000412345", "[nine digits]", "000412345"]


def test_no_file_of_ours_holds_an_ssn(errors: Desk) -> None:
    errors.read(report(error(), error(STUDENT_SSN="987654321", DETAIL_INFO="twice, 987654321")))
    errors.refusal(report(error(), error(), "912345678"))
    assert [file for file in errors.folder.iterdir() if SSN.search(file.read_text())] == [errors.raw]


# ------------------------------------------------------------------------------------- an SSN reaches no column

SSN_SHAPES = ("123456789", "123-45-6789", "123 45 6789", "123-456789", "12345-6789", "123.45.6789", "123456789 ")


@pytest.mark.parametrize("ssn", [*SSN_SHAPES, "123 - 45 - 6789"])
@pytest.mark.parametrize("whose", readers.WITHHELD)
@pytest.mark.parametrize("pin", ["7654321", ""])
def test_no_comma_moves_an_ssn_into_a_column_that_is_kept(tmp_path: Path, ssn: str, whose: str, pin: str) -> None:
    """One to three commas in each field before DETAIL_INFO: the file is refused, or the number is in no column."""
    sound = dict.fromkeys(readers.ERROR_COLUMNS, "") | {"SCHOOL_NO": "0105", "SEVERITY_CODE": "80", "LINE_ID": "1"}
    sound |= {"STUDENT_PIN": pin, whose: ssn}
    header = ",".join(readers.ERROR_COLUMNS)
    for place, column in enumerate(readers.ERROR_COLUMNS[: readers.ERROR_COLUMNS.index("DETAIL_INFO")]):
        for commas in (1, 2, 3):
            if column in readers.WITHHELD:
                continue
            row = [*sound.values()]
            row[place] += ", x" * commas
            (tmp_path / "raw.csv").write_text(f"{header}\n{','.join(row)}\n")
            with contextlib.suppress(ContractBroken):
                readers.error_report(tmp_path / "raw.csv", tmp_path / "plain.csv")
                kept = "".join(filter(str.isdigit, (tmp_path / "plain.csv").read_text()))
                assert "123456789" not in kept, (column, commas)
