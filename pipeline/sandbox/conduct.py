"""What an incident's report says besides: where, when, and with what."""

from collections.abc import Iterator

from pipeline.sandbox.dice import mix
from pipeline.sandbox.export import Row

HEADERS = {"incident_data.csv": "Incident_Detail_ID,Incident_ID,Detail_Type,Lookup_Code,Description"}

_LOCATIONS = (("10", "Classroom"), ("20", "Hallway, stairs"), ("30", "Cafeteria"), ("40", "Bus"), ("50", "Playground"))
_TIMES = (("B", "Before school"), ("D", "During class"), ("L", "Lunch or recess"), ("A", "After school"))
_WEAPON = ("09", 'Other object used as a "weapon"')


def details(seed: int, server: int, incident: int) -> Iterator[Row]:
    """The rows of incident_data.csv of one incident: two, and a third in one case of ten."""
    chance = mix(seed, server, incident, 17)
    yield incident * 4, incident, "Location", *_LOCATIONS[chance % len(_LOCATIONS)]
    yield incident * 4 + 1, incident, "Time", *_TIMES[(chance >> 8) % len(_TIMES)]
    if (chance >> 16) % 10 == 0:
        yield incident * 4 + 2, incident, "Weapon", *_WEAPON
