"""EIS, the state's reporting portal: its reports, for the schools of each login.

What reads them lies beside this, in eis_readers.py: that code is a part of their contract, and these rows are not.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from pipeline.catalogue.feed import Feed, Reader
from pipeline.catalogue.place import PortalReport, Report, Source
from pipeline.formats.eis_readers import error_report, viewer_report

Schools = Mapping[str, Mapping[str, str]]


def _stack(report: Report, file: str, reader: Reader, schools: Schools, *key: str) -> Feed:
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
            for login, roles in schools.items()
            for school, role in roles.items()
        ),
        key=key,
        floor=0,  # a school without an error, a report before its period
        due=dt.time(8, 0),
        landing_days=1,
        reader=reader,
    )


_ERROR_TEXTS = (
    *(f"{whose}_{which}_nm" for whose in ("student", "staff") for which in ("first", "middle", "last", "suffix")),
    "error_desc",
    "detail_info",
)


def reports(schools: Schools) -> tuple[Feed, ...]:
    """The three reports of the schools of each login: by number, what stands in the brackets of its roles there."""
    return (
        _stack(
            "ADMAudit",
            "ADMAudit.csv",
            viewer_report,
            schools,
            *("schoolyear", "districtno", "schoolno", "studentstateid", "instructionalprogram", "admperiod"),
        ),
        _stack(
            "StudentMembership",
            "StudentMembership.csv",
            viewer_report,
            schools,
            *("schoolyear", "districtno", "schoolno", "studentstateid", "enrollmentdate"),
        ),
        # No key: an error may stand there twice, and what numbers its lines is not public.
        # What is odd in a name may be the very error that the row reports.
        replace(_stack("AllErr", "Sch{school}AllErr.csv", error_report, schools), layout="known", trimmed=_ERROR_TEXTS),
    )
