"""What the morning begins while it still imports the rest of itself: its log, and the looks at the vendors.

A login takes a second, and the imports most of the processor's time of a run with nothing to do.
"""

import datetime as dt
import os
from contextlib import suppress

from pipeline.catalogue import flows
from pipeline.ground import logs
from pipeline.inbound import sources


def begin(name: str, date: dt.date) -> None:
    """Begin the looks that the morning of that date begins in any case: wherever a feed comes from. The run itself does
    all of this once more, finds it begun, and tells what went wrong."""
    os.umask(0o077)
    with suppress(Exception):
        logs.start(name, date)
    with suppress(Exception):
        for place in {source.place for feed in flows.feeds() for source in feed.sources}:
            sources.look_aside(place)
