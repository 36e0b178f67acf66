"""Who is told of a morning whose faults are thrown: a mail server and web hooks on loopback; what each got, and how
often."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import receiving
from e2e.district import TUESDAY, District, Result
from receiving import Hooks, Mails

ASSESSMENTS = "savvas/scores/SAVVAS_Realize_Assessment*"
STUDENTS = "district/powerschool_rsd/students.csv"
DATE = ("--date", f"{TUESDAY}")
ON_CALL, OFFICE = "call@riverbend.example", "office@riverbend.example"
BEAT = "4f3c9a77-52d1-4f0e-beat"


@dataclass
class Told:
    """The receivers of a district: who is on call hears of everything, the office of holds and of the end, a hook of
    what breaks and is mended."""

    district: District
    mails: Mails
    hooks: Hooks

    def run(self, *words: str) -> Result:
        """A run that tells, though its date is past. An hour has gone by since the last message."""
        for book in self.district.landing.glob("runs/told/*.json"):
            pages = json.loads(book.read_text())
            for page in pages["addresses"]:
                page["last"] = "2025-11-18T00:00:00+00:00" if page["last"] else ""
            book.write_text(json.dumps({**pages, "written_at": "9"}))  # later than what the bucket has
        return self.again(*words)

    def again(self, *words: str) -> Result:
        """The next call, a moment after the last one."""
        return self.district.run_daily(TUESDAY, "--tell", *words)

    def letters(self, to: str) -> list[str]:
        return [
            receiving.text(letter)
            for letter, names in zip(self.mails.letters, self.mails.to, strict=True)
            if names == [to]
        ]

    def hooked(self) -> list[str]:
        return [json.loads(each.body)["message"] for each in self.hooks.posted if each.path.startswith("/hook")]

    def beats(self) -> list[str]:
        """What the dead man's switch heard, since it was last asked."""
        found = [path.removeprefix(f"/{BEAT}") or "/success" for path in self.hooks.paths() if BEAT in path]
        self.hooks.posted[:] = [each for each in self.hooks.posted if BEAT not in each.path]
        return found

    def counts(self) -> tuple[int, int, int]:
        return len(self.letters(ON_CALL)), len(self.letters(OFFICE)), len(self.hooked())


@pytest.fixture
def told(district: District) -> Iterator[Told]:
    with receiving.mails() as mails, receiving.hooks() as hooks:
        secrets = {
            "on_call": mails.address(ON_CALL),
            "office": mails.address(OFFICE),
            "hook": hooks.address(),
            "beat": f"{hooks.url}/{BEAT}",
        }
        for name, value in secrets.items():
            file = district.folder / "sandbox/secrets" / name
            file.touch(mode=0o600)
            file.write_text(value)
        with district.config.open("a") as config:
            config.write("[notify]\nheartbeat = beat\nvisualiser = http://127.0.0.1/of-luigid\n")
            config.write(
                "[notify:on call]\nsecret = on_call\n[notify:office]\nsecret = office\nstates = on hold, done\n"
            )
            config.write("[notify:hook]\nsecret = hook\nstates = broken, mended\n")
        district.sandbox("new-day", *DATE)
        yield Told(district, mails, hooks)
        district.received += [mails.said(), hooks.said()]


def test_each_hears_of_what_it_asked_for_once_and_of_the_end(told: Told) -> None:
    district = told.district
    district.fault(TUESDAY, "late", ASSESSMENTS)
    district.fault(TUESDAY, "truncated", STUDENTS, "--keep", "0.6")
    first = told.run()
    assert first.code == 40, first.out
    assert told.counts() == (1, 1, 0)
    (call,), (office,) = told.letters(ON_CALL), told.letters(OFFICE)
    assert call.count("LATE: ") >= 1
    assert "ON HOLD: " in call
    assert "ON HOLD: " in office
    assert "LATE" not in office
    assert "visualiser: http://127.0.0.1/of-luigid" in office
    title = f"{told.mails.letters[0]['subject']}"
    assert title.startswith(f"Morning {TUESDAY}: ")
    assert "1 on hold" in title
    assert told.beats() == ["/start", "/success"]

    quiet = told.run("--quiet")
    assert (quiet.code, quiet.out) == (40, "")
    assert told.counts() == (1, 1, 0), "nothing is new, and an hour has passed"

    district.fault(TUESDAY, "arrives")
    district.sandbox("fault", "login", "otus")
    broken = told.run()
    assert broken.code == 30, broken.out
    assert told.counts() == (2, 1, 1)
    assert "BROKEN: " in told.letters(ON_CALL)[1]
    assert "still ON HOLD: " in told.letters(ON_CALL)[1]
    assert "Mended since:" in told.letters(ON_CALL)[1]
    assert "BROKEN: " in told.hooked()[0]
    assert told.beats() == ["/start", "/success", "/start", "/fail"]

    district.sandbox("heal")
    assert district.pipeline("retry-login", "otus").code == 0
    assert district.pipeline("discard", "ellevation", *DATE, "--reason", "the export broke off").code == 0
    soon = told.again()
    assert soon.code == 0, soon.out
    assert told.counts() == (2, 2, 1), "within the hour of the last message only who had none"
    done = told.run()
    assert done.code == 0, done.out
    assert told.counts() == (3, 2, 2)
    assert "All is done." in told.letters(ON_CALL)[2]
    assert "All is done." in told.letters(OFFICE)[1]
    assert "Mended since:" in told.hooked()[1]
    told.run()
    assert told.counts() == (3, 2, 2)
    watch = district.pipeline("watch", "--by", "09:00", *DATE)
    assert (watch.code, watch.out) == (0, "")


def test_a_mail_server_that_is_down_makes_no_morning_red(told: Told) -> None:
    secret = told.district.folder / "sandbox/secrets/on_call"
    right = secret.read_text()
    secret.write_text(right.replace(f":{told.mails.port}", ":9"))
    run = told.run("--quiet")
    assert run.code == 0, run.out
    assert "a message to on call (line 1 of the secret on_call) was not sent: " in run.out
    assert told.counts() == (0, 1, 0)
    again = told.again("--quiet")
    assert (again.code, again.out) == (0, "")
    secret.write_text(right)
    then = told.again("--quiet")
    assert then.code == 0, then.out
    assert told.counts() == (1, 1, 0)
    assert told.again("--quiet").out == ""
    assert told.counts() == (1, 1, 0)


def test_a_morning_that_nobody_made_and_one_for_which_nobody_asked(told: Told) -> None:
    watch = told.district.pipeline("watch", "--by", "09:00", "--quiet", *DATE)
    assert watch.code == 30
    assert "no run took place; not given: " in watch.out
    assert told.counts() == (1, 0, 0)
    again = told.district.pipeline("watch", "--by", "09:00", "--quiet", *DATE)
    assert (again.code, again.out) == (30, "")
    assert told.counts() == (1, 0, 0)
    run = told.district.run_daily(TUESDAY)  # of a past date, without --tell
    assert run.code == 0, run.out
    rehearsal = told.district.run_daily(TUESDAY, "--send-nothing", "--tell")
    assert rehearsal.code == 0, rehearsal.out
    assert told.counts() == (1, 0, 0)
    assert told.beats() == []
    assert told.district.pipeline("watch", "--by", "09:00", *DATE).code == 0
