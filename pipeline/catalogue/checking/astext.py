"""Whether what goes out is text: a view of which a file is made gives a STRING in each column, and so do tables of
which its row asks something. The checks of a set compare text, and only the view can say how a day is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.catalogue.checking import views
from pipeline.catalogue.checking.found import error
from pipeline.catalogue.where import Where
from pipeline.ground.errors import ConfigurationError

TEXT = "STRING"
# How a view writes a value of the type as text; others are cast.
_WRITTEN = {
    "DATE": "FORMAT_DATE('%m/%d/%Y', …)",
    "DATETIME": "FORMAT_DATETIME('%m/%d/%Y %H:%M', …)",
    "TIME": "FORMAT_TIME('%H:%M', …)",
    "TIMESTAMP": "FORMAT_TIMESTAMP('%m/%d/%Y %H:%M', …, '<time zone>')",
    "JSON": "TO_JSON_STRING(…)",
    "GEOGRAPHY": "ST_ASTEXT(…)",
    "STRUCT": "each of its fields in a column of its own",
    "ARRAY": "ARRAY_TO_STRING(…, ', ') of an array of STRING",
}


def wrong(view: str, columns: Mapping[str, str]) -> Iterator[ConfigurationError]:
    """An error for each of the view's columns (the type of each by its name) that is no text."""
    for name, type_ in columns.items():
        if type_ != TEXT:
            found = f"{name} of {view} is of type {type_}, and goes out"
            expected = f"a {TEXT}: what goes out is text, written as its reader wants it"
            yield error(views.where_named(view, name), found, expected, f"give {name} as text: {_written(type_)}")


def asked(
    whose: str, columns: Iterable[str], of: str, types: Mapping[str, str], at: Where
) -> Iterator[ConfigurationError]:
    """An error for each column of the table or view `of` that a row asks, and that is no text."""
    for name in columns:
        if (type_ := types.get(name, TEXT)) != TEXT:
            found = f"{whose} asks {name} of {of}, which is of type {type_}"
            expected = f"a {TEXT}: the checks compare text"
            yield error(at.word(name), found, expected, f"make it a {TEXT} there, or take the row's words out")


def together(errors: Sequence[ConfigurationError]) -> ConfigurationError:
    """All of them as one, of a set that cannot be looked at because of them."""
    found = "; ".join(dict.fromkeys(each.found for each in errors))
    steps = "; ".join(dict.fromkeys(each.next_step for each in errors))
    return ConfigurationError(found, expected=errors[0].expected, next_step=f"{steps}; then run again")


def _written(type_: str) -> str:
    return _WRITTEN.get(type_.partition("<")[0], f"CAST(… AS {TEXT})")
