"""What a message says, and that nothing which others wrote becomes markup, a line of its own or a head of a mail."""

import datetime as dt
from dataclasses import replace

from pipeline.ground import secrets
from pipeline.ground.receivers import STATES, Notify
from pipeline.run.causes import Cause
from pipeline.run.notify import digest, news
from pipeline.run.notify.digest import Message
from pipeline.run.notify.news import Known
from pipeline.run.report import Report

DAY = dt.date(2026, 11, 23)
LINKS = Notify(page="https://morning.example/", visualiser="http://127.0.0.1:8082")


def made(*causes: Cause, before: Known | None = None, links: Notify = LINKS, missed: str = "") -> Message:
    last = dt.datetime.combine(DAY, dt.time(7, 31))
    report = Report("Morning", "Elsewhere", DAY, causes, last_run=last, next_run=last + dt.timedelta(minutes=14))
    return digest.made(report, news.of(report, before or Known(), frozenset(STATES), missed), links)


CAUSE = Cause(
    "on hold",
    "short",
    "clever_rosters: students.csv has 12 rows",
    "at least 3,000",
    "look at it with `morning diff clever_rosters`; if it is right: morning release clever_rosters",
    ("morning diff clever_rosters", "morning release clever_rosters --date 2026-11-23 --reason …"),
    ("CheckedSet clever_rosters",),
    ("clever_rosters",),
)


def test_headline_causes_commands_and_links() -> None:
    message = made(CAUSE)
    assert message.title == "Morning 2026-11-23: last run 07:31, next 07:45"
    assert message.text.splitlines() == [
        "ON HOLD: clever_rosters: students.csv has 12 rows",
        "expected: at least 3,000",
        "next: look at it with `morning diff clever_rosters`; if it is right: morning release clever_rosters",
        "    morning release clever_rosters --date 2026-11-23 --reason …",
        "met by: CheckedSet clever_rosters",
        "waits for it: clever_rosters",
        "",
        "Look at it:",
        "page: https://morning.example/",
        "visualiser: http://127.0.0.1:8082",
    ]
    assert message.tone == "trouble"
    assert "<code>morning release clever_rosters --date 2026-11-23 --reason …</code>" in message.html


def test_without_links_none_are_told() -> None:
    assert "Look at it" not in made(CAUSE, links=Notify()).text


def test_of_two_hundred_causes_the_worst_ten_are_told() -> None:
    late = [Cause("late", f"late {number}", f"late file {number}") for number in range(100)]
    broken = [Cause("broken", f"broken {number}", f"broken thing {number}") for number in range(5)]
    more = [Cause("on hold", f"held {number}", f"held set {number}") for number in range(95)]
    text = made(*late, *broken, *more).text
    assert text.count("BROKEN") == 5
    assert text.count("ON HOLD") == 5
    assert "LATE" not in text
    assert "and 190 more" in text


def test_names_have_an_end() -> None:
    assert (
        "s0, s1, s2, s3, s4, s5, s6, s7 and 192 more"
        in made(replace(CAUSE, blocks=tuple(f"s{number}" for number in range(200)))).text
    )


def test_many_that_were_mended() -> None:
    before = Known({f"{number}": ("broken", f"thing {number}") for number in range(200)})
    text = made(before=before).text
    assert text.count("thing") == 10
    assert "and 190 more" in text


def test_what_others_wrote_is_no_markup() -> None:
    message = made(replace(CAUSE, found="<script>x</script> & <!channel>", do="<b>\x1b[31mred\r\nBcc: all"))
    assert "<script>" not in message.html
    assert "&lt;script&gt;x&lt;/script&gt; &amp; &lt;!channel&gt;" in message.html
    assert "&lt;b&gt;" in message.html
    assert "<b> " not in message.html
    assert "\x1b" not in message.text + message.html
    assert "\r" not in message.text + message.title


def test_a_title_is_one_line() -> None:
    message = digest.overdue(DAY, "not done: a\r\nBcc: all@district.example", Notify())
    assert message.title == "Morning 2026-11-23: not done: a  Bcc: all@district.example"


def test_no_secret_that_was_read_stands_in_it() -> None:
    secrets.holds(["hunter2&<3"])
    message = made(replace(CAUSE, found="hunter2&<3 was refused", do="not hunter2&<3"))
    assert "hunter2" not in f"{message}"


def test_several_are_one_with_the_newest_first() -> None:
    one, two = made(CAUSE), made(before=Known({"x": ("broken", "x was found")}))
    both = digest.joined([one, two])
    assert both.title == f"{two.title} (and 1 more)"
    assert both.text.index("x was found") < both.text.index("students.csv")
    assert both.tone == "trouble"
    assert digest.joined([one]) is one
