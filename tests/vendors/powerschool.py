"""PowerSchool's imports. Accounts are comma-separated under a header; the other three kinds are AutoComm's: fields
between tabs, no header, no quoting, so a field in the wrong place is written into the wrong field of the SIS."""

from collections.abc import Mapping, Sequence

from .checks import EMAIL, MONTH_FIRST, STUDENT_NUMBER, VALUE, Check, date, one_of, pattern, required
from .reading import Files, Findings, Layout, Table, comma_file, in_order, names, tab_file
from .rules import columns, days_in_order, written_one_way

SERVERS = ("RSD", "BLF")
DAY = required(date(MONTH_FIRST))
FLAGS = (("Y", "N"), ("1", "0"), ("Yes", "No"), ("true", "false"))
FLAG = one_of(*(word for way in FLAGS for word in way))
HOMELESS = pattern("a code of homelessness, HMLS1 to HMLS4 or its number", r"(HMLS)?[1-4]")

ACCOUNTS = {"student_number": STUDENT_NUMBER, "import_email": required(EMAIL), "import_password": VALUE}
IEP = {
    "student_number": STUDENT_NUMBER,
    "sped_code": required(pattern("two digits", r"\d\d")),
    "disability": required(pattern("two digits", r"\d\d")),
    "iep_start": DAY,
    "iep_end": DAY,
}
RTI = {
    "student_number": STUDENT_NUMBER,
    "rti_tier": required(one_of("1", "2", "3")),
    "rti_subject": required(one_of("Reading", "Math", "Writing", "Behavior")),
    "start_date": DAY,
}
HOMELESS_FOSTER = {
    "student_number": STUDENT_NUMBER,
    "homeless_code": pattern("HMLS1 to HMLS4, or the number alone", r"(HMLS)?[1-4]"),
    "foster_care": FLAG,
    "unaccompanied": FLAG,
}


def _layouts(kind: str, fields: Mapping[str, Check], servers: Sequence[str] = SERVERS) -> dict[str, Layout]:
    """One file for each server; a second row of a student would overwrite the first."""
    return {server: Layout(f"{kind}_{server}.txt", fields, key=("student_number",)) for server in servers}


ACCOUNT_FILES = _layouts("GoogleForPSImport", ACCOUNTS)
AUTOCOMM_FILES = (
    _layouts("IEP_Import", IEP, servers=("RSD",)),
    _layouts("RTI", RTI),
    _layouts("Homeless_Foster", HOMELESS_FOSTER),
)


def read(files: Files) -> list[str]:
    """What PowerSchool would say of the imports; nothing when it would take them. An AutoComm file may be empty."""
    findings = Findings()
    layouts = [layout for kind in (ACCOUNT_FILES, *AUTOCOMM_FILES) for layout in kind.values()]
    names(files, [layout.file for layout in layouts], findings)
    tables = {layout.file: table for layout in layouts if (table := _table(layout, files, findings))}
    for layout in layouts:
        if layout.file in tables:
            columns(layout, tables[layout.file], findings)
    _each_on_one_server(tables, findings)
    _accounts(tables, findings)
    _codes(tables, findings)
    return findings.told()


def _table(layout: Layout, files: Files, findings: Findings) -> Table | None:
    if layout.file not in files:
        return None
    if layout.columns is ACCOUNTS:
        return comma_file(layout, files[layout.file], findings, in_order)
    table = tab_file(layout, files[layout.file], findings)
    for row in table.rows:
        for column, value in row.values.items():
            if value.startswith('"') or value.endswith('"'):
                findings.add(layout.file, "a quotation mark would be imported", line=row.line, column=column)
    return table


def _each_on_one_server(tables: dict[str, Table], findings: Findings) -> None:
    """A student belongs to one server; its number means nobody on the other, or somebody else."""
    first, second = (
        {
            row["student_number"]
            for name, table in tables.items()
            if name.endswith(f"_{server}.txt")
            for row in table.rows
        }
        for server in SERVERS
    )
    for name, table in tables.items():
        for row in table.rows:
            if row["student_number"] in first & second:
                what = "this student is in a file of the other server too"
                findings.add(name, what, line=row.line, column="student_number")


def _accounts(tables: dict[str, Table], findings: Findings) -> None:
    """An address is one student's, of both servers."""
    seen: set[str] = set()
    for layout in ACCOUNT_FILES.values():
        for row in tables[layout.file].rows if layout.file in tables else ():
            address = row["import_email"].casefold()
            if address in seen:
                findings.add(layout.file, "is another student's too", line=row.line, column="import_email")
            seen.add(address)


def _codes(tables: dict[str, Table], findings: Findings) -> None:
    for name, table in tables.items():
        if name.startswith("IEP_Import"):
            days_in_order(table, "iep_start", "iep_end", MONTH_FIRST, findings)
        if name.startswith("Homeless_Foster"):
            written_one_way(table, "foster_care", FLAGS, findings)
            written_one_way(table, "unaccompanied", FLAGS, findings)
            _says_something(table, findings)


def _says_something(table: Table, findings: Findings) -> None:
    """A row is there for a student who is homeless, in foster care or unaccompanied."""
    nothing = {"", "N", "0", "No", "false"}
    for row in table.rows:
        if nothing.issuperset(row.of(("homeless_code", "foster_care", "unaccompanied"))):
            findings.add(table.file, "the row says nothing of the student", line=row.line, column="homeless_code")
