"""The failures that people meet at 7:35: how each is thrown and mended, and what the first screen must say of it."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.district import TUESDAY, District, copy_of_the_code
from pipeline.run.failures import Harm

STUDENTS = "district/powerschool_rsd/students.csv"
ASSESSMENTS = "savvas/scores/SAVVAS_Realize_Assessment*"
STAFF = "roster_files/Ellevation_Staff-Roster.sql"
ROSTERS = ("ellevation_rosters",)
BOTH = (*ROSTERS, "otus_attendance_discipline")
Thrown = Callable[[District], Iterator[Path | None]]


@dataclass(frozen=True)
class Told:
    """A cause as it must be told: `found` and `do` stand in what was found and in what to do; `met` is how many things
    met it at least, `blocks` what it holds up."""

    harm: Harm
    found: str
    do: str
    met: int = 1
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """One failure: `thrown` throws it, and mends it when it is left; where the code is a copy with another catalogue,
    it yields the copy's folder. `counts` is the headline's middle, '' of a run that does not begin; `causes` is all
    that must be told, the worst first. `commands` are those that must be offered, each with what it prints. Before one
    that is `from_done` nothing may be left of another."""

    name: str
    thrown: Thrown
    counts: str
    causes: tuple[Told, ...]
    commands: tuple[tuple[str, str], ...] = ()
    from_done: bool = False


def _correct(district: District) -> None:
    """Two vendors send their files once more, so that the morning has something to do."""
    district.fault(TUESDAY, "corrected", STUDENTS)
    district.fault(TUESDAY, "corrected", ASSESSMENTS)


def _fault(*words: str) -> Thrown:
    """One of the sandbox's own."""

    def thrown(district: District) -> Iterator[Path | None]:
        _correct(district)
        district.fault(TUESDAY, *words)
        yield None
        district.sandbox("heal")
        if words[0] == "login":
            district.pipeline("retry-login", words[1])

    return thrown


def _load_fails(district: District) -> Iterator[Path | None]:
    """That of the one file that is to be loaded: of two, it is chance whose is the first."""
    district.fault(TUESDAY, "corrected", ASSESSMENTS)
    district.fault(TUESDAY, "job-fails", "load")
    yield None
    district.sandbox("heal")


def _edited(file: Path, change: Callable[[str], str]) -> Iterator[Path | None]:
    before = file.read_text()
    after = change(before)
    assert after != before
    file.write_text(after)
    yield None
    file.write_text(before)


def _configured(was: str, now: str) -> Thrown:
    """A line of the configuration (a pattern) is another one."""

    def thrown(district: District) -> Iterator[Path | None]:
        _correct(district)
        yield from _edited(district.config, lambda text: re.sub(was, now, text, count=1, flags=re.M))

    return thrown


def _catalogue(file: str, was: str, now: str) -> Thrown:
    """A file of the district's catalogue says something else: in a copy of the code, whose folder this yields."""

    def thrown(district: District) -> Iterator[Path | None]:
        _correct(district)
        code = copy_of_the_code(district.folder / "code")
        changed = code / "pipeline/riverbend" / file
        assert was in changed.read_text(), was
        changed.write_text(changed.read_text().replace(was, now, 1))
        yield code
        shutil.rmtree(code)

    return thrown


def _of_vendors_own(file: str, change: Callable[[bytes], bytes]) -> Thrown:
    """A file as its vendor sends it is another one."""

    def thrown(district: District) -> Iterator[Path | None]:
        path = next(district.sftp.glob(file))
        before = path.read_bytes()
        district.send(TUESDAY, path, change(before))
        yield None
        district.send(TUESDAY, path, before)

    return thrown


def _soon(thrown: Thrown) -> Thrown:
    """Thrown where nobody waits for Google longer than four seconds."""

    def soon(district: District) -> Iterator[Path | None]:
        below = thrown(district)
        edited = _edited(district.config, lambda text: text.replace("[cloud]\n", "[cloud]\ntimeout = 4\n"))
        code = next(below)
        next(edited)
        yield code
        next(edited, None)
        next(below, None)

    return soon


def _late(district: District) -> Iterator[Path | None]:
    district.fault(TUESDAY, "late", ASSESSMENTS)
    district.forget(f"misc_imports/{TUESDAY}/savvas/savvas_assessment*.manifest.json")
    yield None
    district.fault(TUESDAY, "arrives")


def _overdue(district: District) -> Iterator[Path | None]:
    """A whole server's export is missing, and its deadline is over."""
    there = district.sftp / "district/powerschool_blf"
    there.rename(away := district.folder / "away")
    there.mkdir()
    district.forget(f"powerschool_combined/{TUESDAY}/BLF/*.manifest.json")
    yield from _edited(district.config, lambda text: re.sub(r"grace_hours = \d+", "grace_hours = 0", text))
    there.rmdir()
    away.rename(there)


def _renamed(content: bytes) -> bytes:
    head, _, rest = content.partition(b"\n")
    return head.replace(b"Course_Name", b"Title") + b"\n" + rest


def _cut(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: len(lines) * 6 // 10])


def _away(path: str) -> Thrown:
    """A file or folder of the sandbox is not there."""

    def thrown(district: District) -> Iterator[Path | None]:
        _correct(district)
        there = district.folder / "sandbox" / path
        there.rename(away := district.folder / "away")
        yield None
        away.rename(there)

    return thrown


def _no_credentials(district: District) -> Iterator[Path | None]:
    """Google's own addresses, and no credentials on this machine."""
    _correct(district)
    yield from _edited(
        district.config, lambda text: re.sub(r"(storage|bigquery)_endpoint = .*", r"\1_endpoint =", text)
    )


def _elsewhere(district: District) -> Iterator[Path | None]:
    """The central scheduler is another machine's, on which nothing answers."""
    _correct(district)
    yield from _edited(
        district.config,
        lambda text: text.replace("[core]\n", "[core]\nscheduler_host = 192.0.2.1\nrpc_retry_attempts = 1\n"),
    )


FAILURES = (
    Failure(
        "a vendor is late, before its deadline",
        _late,
        "1 of 2 delivered · 1 late",
        (Told("late", "is of 2025-11-1", "nothing before", 1, ("otus_scores",)),),
        from_done=True,
    ),
    Failure(
        "a whole server's export is missing, after its deadline",
        _overdue,
        "1 of 2 delivered · 1 broken",
        (Told("broken", "files of this morning are not in district:powerschool_blf", "ask the vendor", 12, BOTH),),
    ),
    Failure(
        "a password is refused",
        _fault("login", "savvas"),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "does not let riverbend-savvas in", "renew the secret savvas_password", 2),),
        (("retry-login savvas", "the next run tries savvas again"),),
    ),
    Failure(
        "a password has expired",
        _fault("login", "savvas", "--expired"),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "says that the password has expired", "log in there by hand once", 2),),
        (("retry-login savvas", "the next run tries savvas again"),),
    ),
    Failure(
        "another host key",
        _fault("host-key", "savvas"),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "shows the host key", "by telephone", 2),),
    ),
    Failure(
        "a roster is cut",
        _of_vendors_own(STUDENTS, _cut),
        "1 of 2 delivered · 1 on hold",
        (Told("on hold", "Ellevation would drop", "release ellevation_rosters"),),
        (("diff ellevation_rosters", "Student-Demographics.csv"), ("release", "accepted")),
        from_done=True,
    ),
    Failure(
        "a header is renamed",
        _of_vendors_own("district/powerschool_rsd/courses.csv", _renamed),
        "1 of 2 delivered · 1 broken",
        (Told("broken", "line 1, column title: the unknown column title", "corrected file", 1, ROSTERS),),
    ),
    Failure(
        "the bucket answers 503",
        _soon(_fault("storage", "--times", "0")),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "Cloud Storage answers 503", "nothing, if Google has an outage", 1),),
        from_done=True,
    ),
    Failure(
        "loads fail",
        _load_fails,
        "2 of 2 delivered · 1 broken",
        (Told("broken", "resourcesExceeded", "then run again", 1),),
        from_done=True,
    ),
    Failure(
        "luigid is another machine's, and dead",
        _elsewhere,
        "",
        (Told("broken", "the central scheduler at 192.0.2.1", "start luigid there", 0),),
    ),
    Failure(
        "a setting that there is not",
        _configured(r"^grace_hours = ", "grace_hour = "),
        "",
        (Told("broken", "[district] has grace_hour", "did you mean grace_hours?", 0),),
    ),
    Failure(
        "a section that is nobody's",
        _configured(
            r"^\[sftp:otus\]", "[sftp:otsu]\nhost = sftp.otus.example\nport = 22\nuser = riverbend\n[sftp:otus]"
        ),
        "",
        (Told("broken", "the section [sftp:otsu]", "did you mean otus?", 0),),
    ),
    Failure(
        "a time zone that there is not",
        _configured(r"^\[district\]", "[district]\ntimezone = America/Chigaco"),
        "",
        (Told("broken", "timezone = America/Chigaco", "correct it", 0),),
    ),
    Failure(
        "a secret is missing",
        _away("secrets/ellevation_password"),
        "1 of 2 delivered · 1 broken",
        (Told("broken", "no secret ellevation_password", "write it into", 1),),
    ),
    Failure(
        "a view is broken",
        _catalogue(f"sql/{STAFF}", "SELECT", "SELECT FROM"),
        "1 of 2 delivered · 1 broken",
        (Told("broken", f"sql/{STAFF}", "correct the file", 1, ROSTERS),),
    ),
    Failure(
        "a column that goes out is no text",
        _catalogue(f"sql/{STAFF}", "teachers.teachernumber AS", "SAFE_CAST(teachers.teachernumber AS INT64) AS"),
        "1 of 2 delivered · 1 broken",
        (
            Told(
                "broken",
                "StaffID of roster_files.Ellevation_Staff-Roster is of type INTEGER",
                "give StaffID as text",
                1,
            ),
        ),
    ),
    Failure(
        "a schema's type is not the file's",
        _catalogue("schemas/powerschool_combined/courses.json", '"STRING"', '"INTEGER"'),
        "1 of 2 delivered · 1 broken",
        (Told("broken", "loading powerschool_combined.courses", "correct the types there", 1, ROSTERS),),
    ),
    Failure(
        "a schema file is broken",
        _catalogue("schemas/powerschool_combined/courses.json", "[", "{"),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "courses.json", "correct", 2),),
        from_done=True,
    ),
    Failure(
        "this machine has no credentials for Google",
        _soon(_no_credentials),
        "2 of 2 delivered · 1 broken",
        (Told("broken", "no credentials", "GOOGLE_APPLICATION_CREDENTIALS", 1),),
        (("doctor", "configuration"),),
        from_done=True,
    ),
    Failure(
        "the folder into which a set goes is gone",
        _away("sftp/ellevation/data"),
        "1 of 2 delivered · 1 broken",
        (Told("broken", "/data", "ask the vendor", 1),),
    ),
    Failure(
        "a column that the agreement does not list",
        _catalogue("agreements.py", "Email", "Emial"),
        "1 of 2 delivered · 1 on hold",
        (Told("on hold", "columns that the agreement does not list", "Riverbend-Ellevation data agreement 2025", 1),),
    ),
)
