"""Every file that comes in: one row each. Adding a feed is a row here and a schema file; nothing else knows of it."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pipeline import readers, settings, sources
from pipeline.contract import Contract, contract_of
from pipeline.readers import Reader, error_report, viewer_report
from pipeline.sftp import RemoteFile
from pipeline.sources import DropFolder, PortalReport, Report, SftpFolder, Source

Layout = Literal["known", "partly known", "modelled"]


@dataclass(frozen=True)
class Feed:
    """One inbound file, or one file a server that is stacked into one table.

    `name` is the table's name and the feed's own, `folder` its folder in the landing area and in the bucket,
    `file` its name there. A vendor's file belongs to the morning of date D when it was changed between `fresh_from`
    hours before midnight at the beginning of D, and the same time a day later. `due` is the local time at which a
    file that is not there is late, and `deadline` that at which something is broken. `floor` is the number of rows
    under which a part's file is not believed.
    `tag` and `dated` name columns of ours: the part's name, and the morning's date of the file.
    `last_line` is "open" for a vendor that writes no line end there, which elsewhere means a file that was cut.
    `trimmed` are columns of which what cannot be seen is taken out (and told); elsewhere it refuses the file.
    `landing_days` is how many days old our copies are when they are purged, where that is sooner than luigi.cfg's.
    `repeats` is how many mornings in a row the same bytes are believed; without it they are only told.
    `reader` makes a plain CSV of a file that is none; the contract is that of the plain one.
    `last_good_days` lets a feed whose file is not there at the deadline go on with that of an earlier morning, at most
    so many days old and not purged yet; without it, what needs the feed waits.
    `layout` tells whether the columns are the vendor's published ones or modelled by us.
    """

    name: str
    dataset: str
    folder: str
    file: str
    sources: tuple[Source, ...]
    key: tuple[str, ...]
    floor: int = 1
    due: dt.time = dt.time(6, 30)
    deadline: dt.time = dt.time(10, 0)
    fresh_from: int = 6
    tag: str = ""
    dated: str = ""
    delimiter: str = ","
    ignored: tuple[str, ...] = ()
    last_line: Literal["ended", "open"] = "ended"
    trimmed: tuple[str, ...] = ()
    landing_days: int | None = None
    repeats: int | None = None
    last_good_days: int = 0
    reader: Reader | None = None
    layout: Layout = "modelled"

    @cached_property
    def contract(self) -> Contract:
        """What the feed's files must be. Raises ConfigurationError."""
        return contract_of(
            self.dataset,
            self.name,
            key=self.key,
            floor=self.floor,
            delimiter=self.delimiter,
            tag=self.tag,
            dated=self.dated,
            ignored=self.ignored,
            last_line=self.last_line,
            trimmed=self.trimmed,
            reading=readers.fingerprint(self.reader) if self.reader else "",
        )

    def source(self, part: str) -> Source:
        """The source of that name."""
        return next(source for source in self.sources if source.name == part)

    def newest(self, part: str, date: dt.date) -> RemoteFile | None:
        """The latest file of that part which is fresh for `date`, if there is one. Raises PipelineError."""
        return sources.newest(self.source(part), *self.hours(date))

    def hours(self, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """When a file must have been changed to belong to the morning of `date`: from, and before."""
        zone, earlier = settings.load().district.zone, dt.timedelta(hours=self.fresh_from)
        begins = dt.datetime.combine(date, dt.time(), zone) - earlier
        return begins, dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), zone) - earlier


def powerschool(stem: str, *key: str, floor: int = 1, servers: tuple[str, ...] = ("RSD", "BLF")) -> Feed:
    """The export `<stem>.csv` of the PowerSchool servers, stacked by column name. Each of `servers` must send it."""
    tag = "district_identification"
    return Feed(
        name=stem,
        dataset="powerschool_combined",
        folder="powerschool_combined",
        file=f"{stem}.csv",
        sources=tuple(Source(server, DropFolder(f"powerschool_{server.lower()}"), f"{stem}.csv") for server in servers),
        key=(tag, *(key or ("id",))),
        floor=floor,
        due=dt.time(5, 0),
        tag=tag,
    )


def savvas(kind: str, *key: str) -> Feed:
    """The newest score file of that kind on SAVVAS's server."""
    return Feed(
        name=f"savvas_{kind.lower()}_scores",
        dataset="misc_imports",
        folder="misc_imports",
        file=f"savvas_{kind.lower()}_scores.csv",
        sources=(Source("savvas", SftpFolder("savvas", "/scores"), f"SAVVAS_Realize_{kind}_Scores*.csv"),),
        key=key,
    )


# Every file there must be some feed's: `others` names those that are known and not wanted.
IDENTITIES = SftpFolder("clever_reports", "idm-sensitive-exports", others=())


def identities(whose: str, name: str, *key: str, dataset: str = "misc_imports", ignored: tuple[str, ...]) -> Feed:
    """Columns of Clever's identity export `google-<whose>-passwords.csv`. Our copies of it go after a day: the file
    holds passwords, whatever of it is loaded."""
    return Feed(
        name=name,
        dataset=dataset,
        folder=dataset,
        file=f"{name}.csv",
        sources=(Source("clever", IDENTITIES, f"google-{whose}-passwords.csv"),),
        key=key,
        ignored=ignored,
        landing_days=1,
    )


# The schools of each login at the state's portal: the number, and what stands in the brackets of the school's roles
# there, `<school> - <authority>`.
SCHOOLS = {
    "RSD": {
        "0105": "Riverbend Elementary School - Riverbend Schools",
        "0110": "Cedar Hollow Elementary School - Riverbend Schools",
        "0205": "Riverbend Middle School - Riverbend Schools",
        "0210": "Miller's Ford Middle School - Riverbend Schools",
        "0305": "Riverbend High School - Riverbend Schools",
    },
    "BLF": {"0805": "Bluff Landing Academy - Bluff Landing Foundation"},
}


def eis(report: Report, file: str, reader: Reader, *key: str) -> Feed:
    """A report of the state's portal for every school, stacked; `file` is its name there, with {school}.

    What was downloaded goes as soon as it is read: the error reports hold social security numbers.
    """
    return Feed(
        name=f"{report}_stack",
        dataset="eis",
        folder="EIS",
        file=f"{report}_stack.csv",
        sources=tuple(
            Source(f"{login}-{school}", PortalReport(login, school, role, report), file.format(school=school))
            for login, schools in SCHOOLS.items()
            for school, role in schools.items()
        ),
        key=key,
        floor=0,  # a school without an error, a report before its period
        due=dt.time(8, 0),
        landing_days=1,
        reader=reader,
    )


NAMES = ("last_name", "first_name", "middle_name")
ERROR_TEXTS = (
    *(f"{whose}_{which}_nm" for whose in ("student", "staff") for which in ("first", "middle", "last", "suffix")),
    "error_desc",
    "detail_info",
)

FEEDS = {
    feed.name: feed
    for feed in (
        powerschool("assignments", "assignmentsectionid", floor=0),  # none before the first
        powerschool("attendance"),
        powerschool("attendance_code"),
        powerschool("attendance_conversion"),
        powerschool("attendance_taken"),
        replace(powerschool("calendar_day", floor=100), dated="as_of"),  # so that views know which day it is
        powerschool("cc", floor=50),
        powerschool("classifications"),
        powerschool("courses", floor=5),
        powerschool("custom", "studentid", floor=50),
        powerschool("cycle_day"),
        powerschool("easyiep", "studentid", servers=("RSD",)),  # legacy; BLF's special education never was in it
        powerschool("fte"),
        powerschool("gpa_current", "studentid", floor=0),  # only where there are grades 9 to 12
        powerschool("incidents", "incident_id", floor=0),  # a quiet school has none
        powerschool("incident_data", "incident_detail_id", floor=0),
        powerschool("periods", floor=5),
        powerschool("pgfinalgrades", "dcid", floor=0),
        powerschool("ps_membership_defaults", "studentid", "schoolid", "firstday", floor=50),
        powerschool("reenrollments", floor=10),
        powerschool("schools", "school_number"),
        powerschool("section_meeting", floor=50),
        powerschool("section_teacher", floor=20),
        powerschool("sections", floor=5),
        powerschool("sped", "studentid"),
        powerschool("stored_grades", "dcid", floor=0),  # likewise
        # In two weeks somebody comes, leaves or moves. Names are typed by people.
        replace(powerschool("students", floor=50), repeats=14, trimmed=NAMES),
        replace(powerschool("teachers", floor=5), trimmed=NAMES),
        powerschool("terms", "id", "schoolid"),
        replace(
            identities(
                "students",
                "google_students_passwords",
                "clever_id",
                ignored=("provisioned_password",),
            ),
            layout="known",
        ),
        replace(
            identities(
                "students",
                "google_students_provisioned",
                "student_number",
                dataset="misc_imports_restricted",
                ignored=("clever_id", "sis_id", "google_id"),
            ),
            layout="known",
        ),
        identities("teachers", "google_teachers_passwords", "clever_id", ignored=("provisioned_password",)),
        Feed(  # legacy: the state put TN PULSE in EasyIEP's place in 2023. Without it, the row's name goes into `off`.
            name="TN_options_report_2014",
            dataset="misc_imports",
            folder="misc_imports",
            file="TN_options_report_2014.txt",
            sources=(Source("easyiep", SftpFolder("easyiep", "Reports"), "TN-Options Report 2014.txt"),),
            key=("student_number", "option"),
            delimiter="\t",
        ),
        savvas("Assessment", "student_id", "class", "assessment", "submit_date"),
        savvas("Standards", "student_id", "class", "standard_code", "submit_date"),
        eis(
            "ADMAudit",
            "ADMAudit.csv",
            viewer_report,
            *("schoolyear", "districtno", "schoolno", "studentstateid", "instructionalprogram", "admperiod"),
        ),
        eis(
            "StudentMembership",
            "StudentMembership.csv",
            viewer_report,
            *("schoolyear", "districtno", "schoolno", "studentstateid", "enrollmentdate"),
        ),
        # No key: an error may stand there twice, and what numbers its lines is not public.
        # What is odd in a name may be the very error that the row reports.
        replace(eis("AllErr", "Sch{school}AllErr.csv", error_report), layout="known", trimmed=ERROR_TEXTS),
    )
}


def of_table(name: str) -> Feed | None:
    """The feed that fills `dataset.table`, if one does."""
    dataset, _, table = name.partition(".")
    feed = FEEDS.get(table)
    return feed if feed and feed.dataset == dataset else None
