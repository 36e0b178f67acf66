"""What is wrong with the parties: vendors, what they may get, the portal's logins, and the configuration's sections."""

from collections.abc import Iterator

from pipeline.catalogue import agreement, calendars, flows, sql, where
from pipeline.catalogue.checking import inward, views
from pipeline.catalogue.checking.found import Catalogue, error, path
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.place import PortalReport
from pipeline.ground import configuration, settings
from pipeline.ground.errors import ConfigurationError, did_you_mean


def wrong(found: Catalogue) -> Iterator[ConfigurationError]:
    """Every error of vendors, agreements, logins and of what luigi.cfg says of them."""
    yield from _vendors(found)
    for delivery in found.deliveries:
        yield from _delivery(found, delivery)
    yield from _logins(found)
    yield from _configuration(found)


def _vendors(found: Catalogue) -> Iterator[ConfigurationError]:
    told, papers = settings.load(), [paper.name for paper in found.agreements]
    for vendor in found.vendors:
        at = found.where("vendors", vendor)
        if vendor.name not in told.accounts:
            yield error(
                at,
                f"{vendor.name} has no section [sftp:{vendor.name}] in {configuration.files()[-1]}",
                "host, port and user of its SFTP server there",
                did_you_mean(f"sftp:{vendor.name}", [f"sftp:{name}" for name in told.accounts], "add that section"),
            )
        if vendor.agreement and found.knows("agreements") and vendor.agreement not in papers:
            yield error(
                at.word(vendor.agreement),
                f"the agreement of {vendor.name} is called {vendor.agreement}, which agreements.py does not have",
                f"one of {', '.join(papers) or 'none'}",
                did_you_mean(vendor.agreement, papers, "add it to AGREEMENTS, or correct the name"),
            )


def _delivery(found: Catalogue, delivery: Delivery) -> Iterator[ConfigurationError]:
    """A set goes to a vendor that has a row and an agreement, which lists every column."""
    vendors = {vendor.name: vendor for vendor in found.vendors}
    if not found.knows("vendors"):
        return
    if delivery.vendor not in vendors:
        yield error(
            found.where("deliveries", delivery).word(delivery.vendor),
            f"{delivery.name} goes to {delivery.vendor}, which has no row in vendors.py",
            f"one of {', '.join(vendors) or 'none'}",
            did_you_mean(delivery.vendor, vendors, f"add Vendor({delivery.vendor!r}) to VENDORS, or correct the name"),
        )
        return
    vendor = vendors[delivery.vendor]
    if not vendor.agreement:
        yield error(
            found.where("vendors", vendor),
            f"{vendor.name} gets {delivery.name}, and its row names no agreement",
            "the name of an agreement of agreements.py: without one nothing may go",
            "add `agreement` to that row",
        )
    elif paper := next((each for each in found.agreements if each.name == vendor.agreement), None):
        yield from _listed(found, delivery, paper)


def _listed(found: Catalogue, delivery: Delivery, paper: agreement.Agreement) -> Iterator[ConfigurationError]:
    today, at = settings.load().today(), found.where("agreements", paper)
    if paper.until is not None and today > paper.until:
        what = f"the agreement {paper.name} ended on {paper.until}, and {delivery.name} goes by it"
        yield error(at, what, "an agreement that holds", "replace it by the new paper, or switch the delivery off")
        return
    for file in delivery.files:
        columns = _columns(file) if isinstance(file, ViewFile) else _copied(found, file.feed)
        listed = paper.lists(file.name, today)
        if left := [column for column in columns if column not in listed]:
            yield error(
                at.word(file.name),
                f"{file.name} of {delivery.name} has {', '.join(left)}, which {paper.name} does not list",
                "every column that goes out, listed below its file in `columns` of the agreement",
                "read the paper; list them if it does, or take them out of the file",
            )


def _columns(file: ViewFile) -> tuple[str, ...]:
    """The columns that go out, as far as the view's text tells."""
    return (views.columns(file.view) or ()) if file.view in sql.names() else ()


def _copied(found: Catalogue, name: str) -> list[str]:
    feed = next((each for each in found.feeds if each.name == name), None)
    return agreement.columns_of_copy(feed) if feed and inward.columns(feed) is not None else []


def _logins(found: Catalogue) -> Iterator[ConfigurationError]:
    """Each login of schools.py, and of a report, has its section; and the portal an address."""
    told = settings.load()
    file = path("schools")
    for login in found.schools:
        at = where.entry(file, "SCHOOLS", login)
        if login not in told.logins:
            yield error(
                at,
                f"the login {login} has no section [portal:{login}] in {configuration.files()[-1]}",
                "the user of that login there",
                did_you_mean(f"portal:{login}", [f"portal:{name}" for name in told.logins], "add that section"),
            )
    for feed in found.feeds if found.knows("schools") else ():
        asked = {source.place.login for source in feed.sources if isinstance(source.place, PortalReport)}
        for login in sorted(asked - {*found.schools}):
            what = f"{feed.name} is asked for by the login {login}, which schools.py does not have"
            yield error(found.where("feeds", feed).word(login), what, "a login of SCHOOLS", "add it there")
    if found.schools and not told.portal.address:
        what = f"schools.py has logins, and [portal] of {configuration.files()[-1]} no address"
        yield error(where.entry(file, "SCHOOLS", next(iter(found.schools))), what, "the portal's address", "add it")


def _configuration(found: Catalogue) -> Iterator[ConfigurationError]:
    """What luigi.cfg names, and nothing of the catalogue is."""
    file = configuration.files()[-1]
    if found.single("vendors", "schools"):
        for section, broken in flows.sections_of_nobody():
            yield error(where.text(file, f"[{section}]"), broken.found, broken.expected, broken.next_step)
    if found.single("feeds", "deliveries"):
        for broken in flows.off_of_nothing():
            yield error(where.text(file, "off ", "off="), broken.found, broken.expected, broken.next_step)
    if found.single("feeds"):
        for broken in calendars.wrong():
            if ", line " in broken.found.partition(": ")[0]:
                yield broken  # it says its file and line
            else:
                yield error(where.text(file, "calendar ", "calendar="), broken.found, broken.expected, broken.next_step)
