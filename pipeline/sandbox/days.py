"""A new school day: the files that the district's systems and its vendors write in the night before it."""

import datetime as dt
import fcntl

from pipeline.sandbox.places import Places
from pipeline.sandbox.school_year import why_no_school


def last_made(places: Places) -> dt.date | None:
    if not places.last_day.exists():
        return None
    return dt.date.fromisoformat(places.last_day.read_text().strip())


def night(places: Places, date: dt.date) -> str:
    """The night before `date`: nobody writes a file for a day without school, unless none was ever made; one line that
    says so, or what was made."""
    if places.generated and last_made(places) and (why := why_no_school(date)):
        return f"no school on {date} ({why}): nobody has written a file (new-day --date {date} lets them)"
    return new_day(places, date)


def new_day(places: Places, date: dt.date, *, force: bool = False) -> str:
    """Make the files of `date` unless it, or a later day, was made already; one line that says so."""
    if not places.generated:
        return (
            f"no files are made for this catalogue: put a day's below {places.sftp} and {places.settings.district.drop}"
        )
    if not force and (last := last_made(places)) and last >= date:
        return f"the files of {last} are there"
    places.data.mkdir(parents=True, exist_ok=True)
    with (places.data / "last_day.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not force and (last := last_made(places)) and last >= date:
            return f"the files of {last} are there"
        rows = _write(places, date)
        places.last_day.write_text(f"{date}\n")
    return f"made the files of {date}: {len(rows)} files, {sum(rows.values())} rows"


def _write(places: Places, date: dt.date) -> dict[str, int]:
    """File -> rows."""
    from pipeline.sandbox.district import write_day

    settings = places.settings
    return write_day(
        date,
        students=settings.sandbox.students,
        seed=settings.sandbox.seed,
        drop=settings.district.drop.absolute(),
        savvas=places.sftp / "savvas" / "scores",
        clever=places.sftp / "clever_reports" / "idm-sensitive-exports",
        easyiep=places.sftp / "easyiep" / "Reports",
        zone=settings.district.zone,
    )
