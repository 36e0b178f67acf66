"""When cron calls a wrapper, where the district's configuration says so."""

import datetime as dt
import re

from cronsim import CronSim, CronSimError

from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError


def following(wrapper: str, date: dt.date) -> dt.datetime | None:
    """The next call for `date`, in the district's zone; None when there is none any more or nobody says. Raises
    ConfigurationError."""
    told = settings.load().district
    line = told.weekly_schedule if wrapper.startswith("Week") else told.schedule
    now = dt.datetime.now(told.zone)
    if not line or date != now.date():
        return None
    call = next(CronSim(checked(line), now), None)
    return call if call and call.date() == date else None


def checked(line: str) -> str:
    """The line, when it is one of a crontab. Raises ConfigurationError."""
    try:
        if not re.fullmatch(r"[\w*/, -]+", line):
            raise CronSimError("Bad letters")
        CronSim(line, dt.datetime(2026, 1, 1))
    except CronSimError as error:
        raise ConfigurationError(
            f"[district] schedule = {line}: {error}",
            expected="the five fields of a crontab, as */15 5-9 * * 1-5",
            next_step="correct it in the district's luigi.cfg",
        ) from None
    return line
