"""EasyIEP's options report, as the vendor writes it every night over the last one: tab, cp1252, CRLF. [modelled]"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.sandbox import plans
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import worker
from pipeline.sandbox.school_year import us

SERVER = "RSD"  # BLF's special education is kept elsewhere
NAME = "TN-Options Report 2014.txt"
HEADER = (
    *("Student Number", "State ID", "Last Name", "First Name", "Birth Date", "School", "Grade"),
    *("Disability Code", "Disability", "Option", "Option Description", "Option Hours"),
    *("IEP Start Date", "IEP End Date", "Case Manager"),
)


class Report(Table):
    """The file on its way; otherwise as every export."""

    def __init__(self, path: Path) -> None:
        self._path, self._draft, self.rows = path, path.with_name(f".{path.name}.part"), 0
        self._file = self._draft.open("w", encoding="cp1252", newline="")
        self._writer = csv.writer(self._file, dialect="excel-tab")
        self._writer.writerow(HEADER)


@contextmanager
def report(folder: Path, mtime: float) -> Iterator[Report]:
    """After the block the report is in `folder`, whole, last modified at `mtime`; if the block raises, it is not."""
    folder.mkdir(parents=True, exist_ok=True)
    table = Report(folder / NAME)
    try:
        yield table
        table.close()
        table.publish(mtime)
    finally:
        table.discard()


def write(table: Table, books: Books, who: Enrolled) -> None:
    """Add the options of a student's plan: of RSD's active ones."""
    if books.server.code != SERVER or who.time.status != 0:
        return
    case = plans.case(books, who)
    plan = case.plan(books.as_of) if case else None
    if case and plan:
        student, manager = _student(who), _manager(books, who)
        for number, hours in plan.options:
            option = (number, _typeset(plans.OPTIONS[number][0]), hours)
            table.add((*student, *case.disability, *option, us(plan.start), us(plan.end), manager))


def _student(who: Enrolled) -> Row:
    person = who.person
    name = (_typeset(person.name.last), _typeset(person.name.first))
    return who.number, who.state_id, *name, person.dob, who.number_of_school, who.grade


def _manager(books: Books, who: Enrolled) -> str:
    """One of the student's teachers."""
    teacher = who.school.section(who.grade, 0, who.group).teacher
    name = worker(books.seed, books.server.code, teacher).name
    return _typeset(f"{name.first} {name.last}")


def _typeset(text: str) -> str:
    """With the curly apostrophes that the vendor's editor makes."""
    return text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
