"""Whether a catalogue fits together, without any network: every error, each with file and line.

    found.py       the catalogue as it stands in its files, and where each row stands
    inward.py      feeds and their schemas
    views.py       what each view reads, and which columns it has
    analysis.py    what GoogleSQL's analyzer says of the views
    astext.py      which columns of what goes out are no text
    cases.py       the views' cases: rows in, rows out
    evaluation.py  what the views make of their cases
    outward.py     deliveries, and what their files say of their views' columns
    parties.py     vendors, agreements, logins, and the configuration's sections

Modules that cannot be read come first: what needs them is looked at when they can be.
"""

from collections.abc import Iterable, Iterator, Sequence

from pipeline import catalogue
from pipeline.catalogue import sql
from pipeline.catalogue.checking import analysis, cases, evaluation, inward, outward, parties, views
from pipeline.catalogue.checking.found import Catalogue, read
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError


def wrong(*, evaluated: bool = False) -> list[ConfigurationError]:
    """All that is wrong with the catalogue of the configuration in force, each thing once. With `evaluated`, also what
    the views make of their cases, which takes some seconds."""
    found, errors = read()
    errors += _wrong(found)
    if evaluated:
        errors += evaluation.wrong()
    return list({f"{error}": error for error in errors}.values())


def _wrong(found: Catalogue) -> Iterator[ConfigurationError]:
    yield from inward.wrong(found)
    yield from views.wrong(found, sql.names())
    yield from analysis.wrong(found, sql.names())
    yield from cases.wrong(found)
    yield from outward.wrong(found)
    yield from parties.wrong(found)


def wrong_below(views_: Iterable[str]) -> list[ConfigurationError]:
    """What is wrong with the texts of these views, and of those that they read, each thing once."""
    found, wanted = read()[0], [*dict.fromkeys(views_)]
    for view in wanted:
        wanted += [name for name in sql.reads(view) if name not in wanted and name in sql.names()]
    errors = (*views.wrong(found, wanted), *analysis.wrong(found, wanted))
    return list({f"{error}": error for error in errors}.values())


def summary(wrong: Sequence[ConfigurationError]) -> str:
    """The one line of a catalogue in which nothing, or all that, is wrong."""
    name = settings.load().district.name
    if wrong:
        return f"catalogue of {name}: {len(wrong)} {'things are' if wrong[1:] else 'thing is'} wrong"
    counts = {("feed", "feeds"): catalogue.feeds(), ("view", "views"): sql.names()}
    counts[("delivery", "deliveries")] = catalogue.deliveries()
    words = (f"{len(rows)} {one if len(rows) == 1 else many}" for (one, many), rows in counts.items())
    return f"catalogue of {name}: {', '.join(words)}: nothing is wrong"
