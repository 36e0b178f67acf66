"""What things are called, for people. What cannot be asked of the catalogue is called by its own name."""

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground.errors import PipelineError
from pipeline.run import causes


def delivery(name: str) -> str:
    """`Clever: rosters` for clever_rosters."""
    try:
        own = flows.here()[name].vendor
        rest = name.removeprefix(f"{own}_").replace("_", " ")
        return f"{vendor(name)}: {rest}"
    except (PipelineError, KeyError):
        return name


def vendor(of: str) -> str:
    """Whom a delivery goes to, with a capital letter."""
    called = causes.vendor(of)
    return f"{called[:1].upper()}{called[1:]}"


def party(name: str) -> str:
    """A vendor's name, as people say it."""
    try:
        row = catalogue.vendors()[name]
    except (PipelineError, KeyError):
        return name
    called = row.called or name.replace("_", " ").capitalize()
    return f"{called[:1].upper()}{called[1:]}"


def any_flow(name: str) -> str:
    """A feed by its own name, which is its table's; a delivery by its vendor's."""
    try:
        return delivery(name) if name in catalogue.deliveries() else name
    except PipelineError:
        return name


def schools() -> dict[str, str]:
    """The names of schools by their numbers, with leading zeros and without; none where the catalogue has none."""
    try:
        told = {
            number: role.partition(" - ")[0] for each in catalogue.schools().values() for number, role in each.items()
        }
    except PipelineError:
        return {}
    return {number.lstrip("0"): name for number, name in told.items()} | told
