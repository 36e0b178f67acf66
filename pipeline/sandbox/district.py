"""The pretend district "Riverbend Schools": what its systems export in the night before a morning.

Two PowerSchool servers, `RSD` (five schools: two elementary of PK-4, two middle of 5-8, one high) and `BLF` (one
school of K-8, 15 % of the students), export the same eleven files. Their ids collide on purpose; Student_Number
does not. SAVVAS adds two score files a day. All people are invented: common names thrown together by chance, some
of them awkward (names.AWKWARD), mail at example.org, telephones 555-01xx.

At 4,000 students: about 300 staff, 1,200 sections, 25,000 enrolments in them, 16,000 absences and tardies by late
November. One student in eight learns English, three in ten use SAVVAS, 6 % are absent or late on a day. Rows are
streamed: a million students take minutes, and no more memory than forty.

Nothing is stored between days. A student sits on a seat; which person, in which grade, is worked out from the
date and the seed, so any day can be made alone, and again, to the same bytes. From day to day (weekends too) a few
students leave, others take their seats (pre-registered one to three weeks before), some move house or change a class.
Who leaves stays in the files until the summer, as Enroll_Status 2 with negative SectionIDs.

The student information system rolls over to the new school year after its first five days of school; until then,
in summer, it shows the end of the old one. A day's files hold what happened before that day.

Not as in the real thing: elementary and secondary class groups go through the whole week together; attendance is
daily; a teacher stays all year; there are no contacts, grades, or assignments.
"""

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.sandbox import campus, enrolment, school_year
from pipeline.sandbox import savvas as scores
from pipeline.sandbox.enrolment import Books
from pipeline.sandbox.export import Table, exports
from pipeline.sandbox.schools import servers

HEADERS = {**campus.HEADERS, **enrolment.HEADERS}


def write_day(date: dt.date, *, students: int, seed: int, drop: Path, savvas: Path, zone: ZoneInfo) -> dict[str, int]:
    """Write the exports of the night before the morning of `date`: into drop/powerschool_rsd and
    drop/powerschool_blf in the place of the last ones, and into `savvas` beside the last ones.

    Each file appears whole, last modified at about 2:10 (PowerSchool) or 3:30 (SAVVAS) in `zone`, or ten minutes
    ago if that is earlier. The content depends on `date`, `students` (active ones, on both servers) and `seed`.
    Returns rows by file name; PowerSchool's begin with the server's folder. Raises ValueError below two students.
    """
    year, as_of = school_year.on(date)
    rows: dict[str, int] = {}
    first_seat = 0
    with exports(savvas, _split(scores.files(date)), _night(date, dt.time(3, 30), zone)) as vendor:
        for server in servers(students):
            books = Books(server, seed, year, as_of, students, first_seat)
            folder = f"powerschool_{server.code.lower()}"
            with exports(drop / folder, _split(HEADERS), _night(date, dt.time(2, 10), zone)) as tables:
                _write_server(tables, list(vendor.values()), books)
            rows |= {f"{folder}/{name}": table.rows for name, table in tables.items()}
            first_seat += server.seats
    return rows | {name: table.rows for name, table in vendor.items()}


def _write_server(tables: dict[str, Table], vendor: list[Table], books: Books) -> None:
    campus.write(tables, books.server, books.seed, books.year, books.as_of)
    assessments, standards = vendor
    for who in enrolment.write(tables, books):
        scores.write(assessments, standards, books, who)


def _split(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: header.split(",") for name, header in headers.items()}


def _night(date: dt.date, clock: dt.time, zone: ZoneInfo) -> float:
    """That time on the date, but ten minutes ago at the latest: a file must not seem to come from the future."""
    return min(dt.datetime.combine(date, clock, zone).timestamp(), time.time() - 600)
