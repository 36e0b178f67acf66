"""What `[district] calendar` names: a feed whose file says the school days, a file that somebody types, or nothing."""

import re
from pathlib import Path

from pipeline import catalogue
from pipeline.catalogue import calendar_file
from pipeline.catalogue.days import Known
from pipeline.catalogue.feed import Feed
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError, did_you_mean

OTHERWISE = "name another one in `calendar` of [district], or a file that somebody types (docs/district.md)"


def feed() -> Feed | None:
    """The feed that it names; None when it names a file, or nothing. Raises ConfigurationError."""
    name = settings.load().district.calendar
    if not re.fullmatch(r"\w+", name):
        return None
    calendars = {each.name: each for each in catalogue.feeds().values() if each.says}
    if name not in calendars or name in settings.load().district.off:
        off = ", which is off" if name in calendars else ""
        raise ConfigurationError(
            f"[district] calendar = {name}{off}",
            expected=f"a path, or a feed that says the school days: {', '.join(calendars) or 'the catalogue has none'}",
            next_step=OTHERWISE if off else did_you_mean(name, [*calendars], OTHERWISE),
        )
    return calendars[name]


def no_school(where: str) -> ConfigurationError:
    """A calendar in which no day is a school day would expect nothing for ever."""
    return ConfigurationError(
        f"{where} has no school day", expected="a calendar with school days", next_step=f"correct it, or {OTHERWISE}"
    )


def typed() -> tuple[Known, list[ConfigurationError]]:
    """What the file that it names says, and an error for each line that is wrong."""
    path = settings.load().district.calendar
    known, errors = calendar_file.read(Path(path))
    return known, errors or ([] if known.school else [no_school(path)])


def wrong() -> list[ConfigurationError]:
    """What is wrong with `calendar` of [district], or with the file that it names."""
    try:
        named = feed()
    except ConfigurationError as error:
        return [error]
    return typed()[1] if settings.load().district.calendar and not named else []
