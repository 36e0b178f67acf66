"""A run's log is opened before the run is imported, and nothing of what is told meanwhile is lost."""

import subprocess
import sys

from pipeline.ground import settings

TWICE = """
import datetime as dt, logging
from pipeline.ground import logs
monday = dt.date(2026, 11, 23)
logs.nowhere()
first = logs.start("Morning", monday)
logging.getLogger("early").info("a look failed")
assert logs.start("Morning", monday) == first
logging.getLogger("late").info("the run goes on")
logs.start("Week", monday)
logging.getLogger("late").info("of the week")
"""


def test_a_log_that_was_opened_before_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    of_morning = (settings.load().district.logs / "morning-2026-11-23.log").read_text().splitlines()
    assert [line.rpartition(": ")[2] for line in of_morning[1:]] == ["a look failed", "the run goes on"]
    assert (settings.load().district.logs / "week-2026-11-23.log").read_text().count("of the week") == 1
