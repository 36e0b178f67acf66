"""What people see at 7:35: for each failure the headline, each cause once, and what to do; on the run's end, in
`status`, in the message of who is on call, and on the page. tests/faults/README.md shows them."""

import html
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import receiving
from e2e.district import ROOT, TUESDAY, District, Result
from e2e.mornings import Monday, restored
from faults.failures import FAILURES, Failure, Told
from faults.leaks import leaks
from faults.screens import screen, shown
from receiving import Hooks

DATE = ("--date", f"{TUESDAY}")
# Of a page.
PARTS = ("header", 'section aria-labelledby="causes"')


def _knows_of_nothing(district: District) -> None:
    """Whoever was told of something was told of nothing, later than the bucket says."""
    for book in district.landing.glob("runs/told/*.json"):
        book.write_text(json.dumps({"addresses": [], "written_at": "9"}))


@dataclass
class OnCall:
    """A district whose Tuesday is done, and the hook of who is on call. `mended` says that the last failure was, and no
    run has shown it yet."""

    district: District
    hooks: Hooks
    mended: bool = False

    def run(self, code: Path | None = None) -> Result:
        """A run whose receiver knows of nothing yet; of a copy of the code, if one is given."""
        _knows_of_nothing(self.district)
        self.hooks.posted.clear()
        if code is None:
            return self.district.run_daily(TUESDAY, "--tell", workers=8)
        return self.command(code, "run", "Morning", *DATE, "--workers", "8", "--tell", "--", "--local-scheduler")

    def command(self, code: Path, *words: str) -> Result:
        """`python -m pipeline ...` of a folder of code."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *words],
            cwd=code,
            env=self.district.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self.district.results.append(Result(done.returncode, done.stdout))
        return self.district.results[-1]

    def is_done(self) -> None:
        """Nothing is left of the last failure."""
        if self.mended:
            run = self.run()
            if run.code == 40:  # it was released
                run = self.run()
            assert run.code == 0, run.out
            assert self.status()["causes"] == []
            self.mended = False

    def message(self) -> str:
        """What the receiver got: one message, or none."""
        said = [json.loads(each.body) for each in self.hooks.posted]
        assert len(said) <= 1
        return "\n".join(f"{each['title']}\n{each['message']}" for each in said)

    def page(self) -> tuple[str, str]:
        """The words of the morning's page: its head, and what it says is wrong."""
        text = (self.district.landing / "pages" / f"{TUESDAY}.html").read_text()
        head, causes = (re.search(rf"<{part}.*?</{part.split()[0]}>", text, re.S) for part in PARTS)
        assert head
        assert causes
        return read(head[0]), read(causes[0])

    def status(self, code: Path | None = None) -> dict[str, Any]:
        found = self.command(code or ROOT, "status", *DATE, "--json")
        told: dict[str, Any] = json.loads(found.out)
        assert told["exit"] == found.code
        return told


@pytest.fixture(scope="module")
def on_call(monday: Monday) -> Iterator[OnCall]:
    for district in restored(monday):
        with receiving.hooks() as hooks:
            secret = district.folder / "sandbox/secrets/on_call"
            secret.touch(mode=0o600)
            secret.write_text(hooks.address())
            with district.config.open("a") as config:
                config.write("[notify:on call]\nsecret = on_call\n")
            district.sandbox("new-day", *DATE)
            found = OnCall(district, hooks)
            done = found.run()
            assert done.code == 0, done.out
            yield found
            found.is_done()
        assert leaks(district) == []


def read(text: str) -> str:
    """Words of a page as they are read."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def agrees(found: dict[str, Any], told: Told) -> None:
    """The cause is as it must be told."""
    assert found["harm"] == told.harm
    assert told.found in found["found"], found
    assert told.do in found["do"], found
    assert len(found["met"]) >= told.met, found
    assert tuple(found["blocks"]) == told.blocks, found


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_each_failure_is_told_once_with_what_to_do(on_call: OnCall, failure: Failure) -> None:
    """What is told is all that is wrong: so each shows of the one before that it is mended, where it needs no run that
    has nothing else to tell."""
    if failure.from_done:
        on_call.is_done()
    thrown = failure.thrown(on_call.district)
    code = next(thrown)
    try:
        run = on_call.run(code)
        headline, causes = screen(run)
        if failure.counts:
            assert re.sub(r" · last run.*", "", headline) == f"Morning {TUESDAY}: {failure.counts}", run.out
            told = on_call.status(code)
            assert re.sub(r" · last run.*", "", told["headline"]) == f"Morning {TUESDAY}: {failure.counts}"
            assert told["exit"] == run.code
            assert len(told["causes"]) == len(failure.causes), told["causes"]
            head, wrong = on_call.page()
            assert failure.counts in head
            for found, expected in zip(told["causes"], failure.causes, strict=True):
                agrees(found, expected)
                assert causes.count(f"  found: {found['found'].split('; ')[0]}") == 1
                assert found["found"].split("; ")[0] in on_call.message()
                assert wrong.count(found["found"].split("; ")[0].replace("`", "")) == 1
            assert headline in on_call.message()
        else:  # the run did not begin: nobody could be told but who called it
            assert run.code == 30, run.out
            (expected,) = failure.causes
            assert expected.found in causes
            assert expected.do in causes
        for words, said in failure.commands:
            typed(on_call.district, causes, words, said)
        shown(failure.name, f"{headline}\n\n{causes}".strip("\n"), on_call.district)
    finally:
        next(thrown, None)
        on_call.mended = on_call.mended or bool(failure.counts)


def test_a_morning_that_nobody_ran_says_so_and_the_watch_tells(on_call: OnCall) -> None:
    day = f"{TUESDAY.replace(day=19)}"
    found = on_call.district.pipeline("status", "--date", day)
    assert found.code == 20, found.out
    headline = f"Morning {day}: 0 of 2 delivered · nothing ran"
    assert found.out.splitlines()[0] == headline
    _knows_of_nothing(on_call.district)
    on_call.hooks.posted.clear()
    watch = on_call.district.pipeline("watch", "--by", "09:00", "--date", day)
    assert watch.code == 30, watch.out
    assert "no run" in watch.out
    assert f"Morning {day}" in on_call.message()
    shown("cron did not run", f"{headline}\n\n{watch.out.strip()}", on_call.district)


def typed(district: District, causes: str, words: str, said: str) -> None:
    """The command that stands there works as it is, pasted."""
    offered = [line.strip() for line in causes.splitlines() if re.match(r"    \S*morning ", line) and words in line]
    assert offered, causes
    done = district.call("bash", "-c", offered[0].replace("...", "it is so"))
    assert said in done.out, f"{shlex.quote(offered[0])}: {done.out}"
