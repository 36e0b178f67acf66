"""The pretend district "Riverbend Schools": what its systems export in the night before a morning.

Two PowerSchool servers, `RSD` (five schools: two elementary of PK-4, two middle of 5-8, one high) and `BLF` (one
school of K-8, 15 % of the students), export the same 28 files, RSD also easyiep.csv. Their ids collide on purpose;
Student_Number does not: who goes from RSD to BLF in the middle of a year keeps it, and is active at one of them. SAVVAS
adds two score files a day, Clever's identity exports and EasyIEP's options report are written anew. All people are
invented: common names by chance, some awkward (names.AWKWARD); mail at example.org, telephones 555-01xx.

At 4,000 students: about 300 staff, 1,250 sections, 27,000 enrolments in them, 16,000 absences and tardies by late
November. One student in eight learns English, one in seven has a plan of special education, three in ten use SAVVAS,
6 % are absent or late on a day. Rows are streamed: a million students take minutes, and no more memory than forty.

Nothing is stored between days. A student sits on a seat; which person, in which grade, is worked out from the
date and the seed, so any day can be made alone, and again, to the same bytes. From day to day (weekends too) a few
students leave, others take their seats (pre-registered one to three weeks before), some move house or change a class.
Who leaves stays in the files until the summer, as Enroll_Status 2 with negative SectionIDs.

The student information system rolls over to the new school year after its first five days of school; until then,
in summer, it shows the end of the old one. A day's files hold what happened before that day.

Not as in the real thing: elementary and secondary class groups go through the whole week together; attendance is
daily; a teacher stays all year; sections have the same ids every year; there are grades in three subjects only, from
grade 3 on, and no scores for single assignments; brothers and sisters have no contacts in common; nobody goes from BLF
to RSD.
"""

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.sandbox import attending, campus, conduct, enrolment, gradebook, history, identities, services, timetable
from pipeline.sandbox import easyiep as options
from pipeline.sandbox import savvas as scores
from pipeline.sandbox.enrolment import Books
from pipeline.sandbox.export import Table, exports
from pipeline.sandbox.school_year import DAY, on
from pipeline.sandbox.schools import Server, servers

HEADERS = {
    name: header
    for part in (campus, timetable, attending, enrolment, conduct, gradebook, history, services)
    for name, header in part.HEADERS.items()
}


def write_day(
    date: dt.date,
    *,
    students: int,
    seed: int,
    drop: Path,
    savvas: Path,
    clever: Path,
    easyiep: Path,
    zone: ZoneInfo,
) -> dict[str, int]:
    """Write what is exported in the night before the morning of `date`: into drop/powerschool_rsd and
    drop/powerschool_blf, `clever` and `easyiep` in the place of the last ones, into `savvas` beside the last ones.

    Each file appears whole, last modified at about 2:10 (PowerSchool), 2:45 (EasyIEP), 3:30 (SAVVAS) or 4:30 (Clever)
    in `zone`, or ten minutes ago if that is earlier. The content depends on `date`, `students` (active ones, on both
    servers) and `seed`. Returns rows by file name; PowerSchool's begin with the server's folder. Raises ValueError
    below two students.
    """
    rows: dict[str, int] = {}
    with (
        exports(savvas, _split(scores.files(date)), _night(date, dt.time(3, 30), zone)) as marks,
        exports(clever, _split(identities.HEADERS), _night(date, dt.time(4, 30), zone)) as accounts,
        options.report(easyiep, _night(date, dt.time(2, 45), zone)) as report,
    ):
        for books in _books(date, students, seed):
            folder = f"powerschool_{books.server.code.lower()}"
            with exports(drop / folder, _split(_headers(books.server)), _night(date, dt.time(2, 10), zone)) as tables:
                _write_server(tables, list(marks.values()), report, books)
            rows |= {f"{folder}/{name}": table.rows for name, table in tables.items()}
        identities.write(accounts, _books(date - DAY, students, seed))
    return rows | {name: table.rows for name, table in [*marks.items(), *accounts.items(), (options.NAME, report)]}


def _books(date: dt.date, students: int, seed: int) -> list[Books]:
    """Of each server, in the night before `date`."""
    return [Books(server, seed, *on(date), students) for server in servers(students)]


def _headers(server: Server) -> dict[str, str]:
    return HEADERS | services.EASYIEP if server.code == options.SERVER else HEADERS


def _write_server(tables: dict[str, Table], marks: list[Table], report: Table, books: Books) -> None:
    campus.write(tables, books.server, books.seed, books.year, books.as_of)
    for part in (timetable, attending, gradebook):
        part.write(tables, books)
    assessments, standards = marks
    for who in enrolment.write(tables, books):
        for about in (attending, gradebook, history, services):
            about.add(tables, books, who)
        options.write(report, books, who)
        scores.write(assessments, standards, books, who)


def _split(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: header.split(",") for name, header in headers.items()}


def _night(date: dt.date, clock: dt.time, zone: ZoneInfo) -> float:
    """That time on the date, but ten minutes ago at the latest: a file must not seem to come from the future."""
    return min(dt.datetime.combine(date, clock, zone).timestamp(), time.time() - 600)
