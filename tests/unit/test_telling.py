"""Receivers on loopback: a mail server, a web hook, a heartbeat. What came to each, exactly how often, and what is said
of those that take nothing."""

import datetime as dt
import json
import logging
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import receiving
from pipeline import catalogue
from pipeline.ground import secrets, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.ground.receivers import Receiver, SecretName, States
from pipeline.inbound import calendar
from pipeline.outside.cloud import documents, storage
from pipeline.run import notify
from pipeline.run.causes import Cause
from pipeline.run.notify import addresses, heartbeat, pages, promises
from pipeline.run.notify.addresses import Address, NotSent
from pipeline.run.notify.digest import Message
from pipeline.run.report import Report
from receiving import Hooks, Mails

from .conftest import Configure

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
MESSAGE = Message("a title", "BROKEN: a_b & <c>\n    morning status", "<p>BROKEN: a_b &amp; &lt;c&gt;</p>", "trouble")
A, B = (Cause("broken", name, f"{name} was found", "another", "mend it") for name in "AB")
HOLD = Cause("on hold", "H", "H is on hold")


@pytest.fixture
def mails() -> Iterator[Mails]:
    with receiving.mails() as found:
        yield found


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with receiving.hooks() as found:
        yield found


def told(report: Report, now: dt.datetime = NOON, *, sends: bool = True, asked: bool = False) -> list[str]:
    """The remarks of a run that begins and ends with this."""
    telling = notify.of_run(report.wrapper, report.date, sends=sends, asked=asked)
    telling.begin()
    return telling.end(report, now)


class Run:
    """Runs of today, each some minutes after noon."""

    def __init__(self) -> None:
        self.date = settings.load().today()

    def end(self, minute: int, *causes: Cause, wrapper: str = "Morning", date: dt.date | None = None) -> list[str]:
        report = Report(wrapper, "Elsewhere", date or self.date, causes, last_run=NOON)
        return told(report, NOON + dt.timedelta(minutes=minute))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Of a school day, whenever this runs."""
    monkeypatch.setattr(calendar, "is_day", lambda days, date: True)
    return Run()


# ---------------------------------------------------------------------------------------------------- who gets what


def test_each_receiver_gets_what_it_asked_for_exactly_once(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, mails: Mails, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", mails.address())
    monkeypatch.setenv(
        "PIPELINE_SECRET_ON_CALL", f"# two of them\n{hooks.address()}\n\n{mails.address('call@d.example')}\n"
    )
    configure(
        notify={"page": "https://morning.example/today"},
        notify__office={"secret": "office", "states": "on hold, done"},
        **{"notify__on call": {"secret": "on_call"}},
    )
    for minute, causes in (
        (0, (A,)),
        (15, (A,)),
        (60, (A, HOLD)),
        (75, (A, HOLD)),
        (120, (HOLD,)),
        (180, ()),
        (195, ()),
    ):
        assert run.end(minute, *causes) == []
    to_call = [json.loads(each.body) for each in hooks.posted]
    assert [each["message"].splitlines()[0] for each in to_call] == [
        "BROKEN: A was found",
        "ON HOLD: H is on hold",
        "still ON HOLD: H is on hold",
        "All is done.",
    ]
    assert {each["title"].split(":")[0] for each in to_call} == {f"Morning {run.date}"}
    assert all("page: https://morning.example/today" in each["message"] for each in to_call)
    office = [letter for letter, to in zip(mails.letters, mails.to, strict=True) if to == ["office@district.example"]]
    assert [receiving.text(letter).count("H is on hold") > 0 for letter in office] == [True, False]
    assert [to for to in mails.to if to == ["call@d.example"]] == [["call@d.example"]] * 4
    assert {
        stat.S_IMODE(path.stat().st_mode) for path in (settings.load().district.landing / "runs/told").iterdir()
    } == {0o600}


def test_a_letter_reads_as_text_and_as_html(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, mails: Mails
) -> None:
    address = Address("office", 1, "office", mails.address())
    assert addresses.send(address, MESSAGE) == ""
    (letter,) = mails.letters
    assert letter["subject"] == "a title"
    assert "morning@district.example" in letter["from"]
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "BROKEN: a_b & <c>" in plain.get_content()
    assert "BROKEN: a_b &amp; &lt;c&gt;" in html.get_content()


def test_a_letter_by_starttls(tmp_path: Path) -> None:
    with receiving.mails(receiving.certificate(tmp_path)) as found:
        secure = Address("office", 1, "office", found.address(scheme="mailtos", more="&mode=starttls"))
        with pytest.raises(NotSent, match="certificate verify failed"):
            addresses.send(secure, MESSAGE)
        assert addresses.send(replace(secure, url=f"{secure.url}&verify=no"), MESSAGE) == ""
        assert len(found.letters) == 1


def test_a_rehearsal_and_a_run_of_another_date_tell_nobody(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/beat")
    configure(notify={"heartbeat": "beat"}, notify__hook={"secret": "hook"})
    past = run.date - dt.timedelta(1)
    report = Report("Morning", "Elsewhere", past, (A,), last_run=NOON)
    assert run.end(0, A, date=past) == []
    assert told(replace(report, date=run.date), sends=False) == []
    assert hooks.posted == []
    assert told(report, asked=True) == []
    assert sorted(hooks.paths()) == ["/beat/fail", "/beat/start", "/hook-4f3c9a7711"]


def test_no_secret_is_read_while_nothing_is_to_be_sent(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook", "states": "broken, mended"})
    assert run.end(0) == []
    monkeypatch.delenv("PIPELINE_SECRET_HOOK")
    assert run.end(15) == []
    assert "no secret hook" in "".join(run.end(30, A))
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    assert run.end(45, A) == []
    monkeypatch.delenv("PIPELINE_SECRET_HOOK")
    assert run.end(60, A) == []
    assert len(hooks.posted) == 1


def test_a_kill_after_the_sending_leads_to_one_message_twice_and_never_to_none(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    send = addresses.send

    def killed(*args: object) -> str:
        send(*args)  # type: ignore[arg-type]
        raise SystemExit

    monkeypatch.setattr(addresses, "send", killed)
    with pytest.raises(SystemExit):
        run.end(0, A)
    monkeypatch.setattr(addresses, "send", send)
    assert run.end(15, A) == []
    assert run.end(90, A) == []
    assert len(hooks.posted) == 2


def test_a_run_and_a_watch_that_come_together_tell_once(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: run.end(0, A), range(4))) == [[], [], [], []]
    assert len(hooks.posted) == 1


def test_a_further_line_of_the_secret_is_told_with_the_next_news(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address("one"))
    configure(notify__hook={"secret": "hook"})
    run.end(0, A)
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", f"{hooks.address('one')}\n{hooks.address('two')}")
    run.end(60, A, B)
    assert sorted(hooks.paths()) == ["/one", "/one", "/two"]


def test_a_book_that_somebody_else_wrote_is_begun_anew(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    run.end(0, A)
    book = settings.load().district.landing / "runs/told/hook.json"
    book.write_text('{"addresses": [{"last": 3}]}')
    assert run.end(15, A) == []
    assert len(hooks.posted) == 1  # the bucket knows better
    documents.keep(book, {"addresses": [{"last": 3}], "written_at": "9"})
    assert run.end(15, A) == []
    assert len(hooks.posted) == 2


def test_another_machine_tells_nothing_once_more(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    for number, landing in enumerate(("one", "two")):
        configure(notify__hook={"secret": "hook"}, district={"landing": f"{tmp_path}/{landing}"})
        storage.forget()
        assert run.end(15 * number, A) == []
    assert len(hooks.posted) == 1


def test_a_disk_that_takes_nothing_keeps_nobody_from_hearing_of_it_once(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    """The bucket remembers who was told."""
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    landing = settings.load().district.landing
    landing.mkdir(parents=True)
    (landing / "runs").write_text("no folder\n")
    for minute in (0, 15, 75):
        storage.forget()
        assert run.end(minute, A) == []
    assert len(hooks.posted) == 1


def test_what_a_watch_held_back_goes_to_nobody_when_all_is_done(run: Run) -> None:
    links, wanted = settings.load().notify, States({"broken", "not done"})
    held = pages.overdue(pages.Page(last=NOON), run.date, "not done by 09:00", wanted, links)
    assert pages.turn(held, NOON + dt.timedelta(hours=2)).message
    report = Report("Morning", "Elsewhere", run.date, (), last_run=NOON)
    done = pages.heard(held, report, wanted, links)
    assert pages.turn(done, NOON + dt.timedelta(hours=2)).message is None
    still = pages.heard(held, replace(report, causes=(A,)), wanted, links)
    assert pages.turn(still, NOON + dt.timedelta(hours=2)).message
    assert pages.in_time(held, run.date).held == {}


def test_the_name_of_a_receiver_is_no_path(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(**{"notify__../on/call": {"secret": "hook"}})
    assert run.end(0, A) == []
    assert [path.name for path in (settings.load().district.landing / "runs").iterdir()] == ["told"]


# --------------------------------------------------------------------------------------------- who takes nothing


def test_nobody_at_the_address_is_a_remark_and_the_next_run_tells(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, run: Run, hooks: Hooks
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", "mailto://u:hunter2secret@127.0.0.1:9?from=a@b.example&to=c@d.example")
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__office={"secret": "office"}, notify__hook={"secret": "hook"})
    (remark,) = run.end(0, A)
    assert "a message to office (line 1 of the secret office) was not sent" in remark
    assert "Connection refused" in remark
    assert "hunter2secret" not in remark
    assert "127.0.0.1" not in remark, "a part of the address"
    assert run.end(15, A) == [remark]  # the same words: it is news once
    with receiving.mails() as found:
        monkeypatch.setenv("PIPELINE_SECRET_OFFICE", found.address())
        assert run.end(30, A) == []
        assert run.end(45, A) == []
        assert len(found.letters) == 1
    assert len(hooks.posted) == 1


def test_a_wrong_password_is_told_without_it(configure: Configure, mails: Mails) -> None:
    wrong = Address("office", 1, "office", mails.address().replace(receiving.QUOTED, "wrong-passw0rd"))
    with pytest.raises(NotSent) as caught:
        addresses.send(wrong, MESSAGE)
    assert "535" in caught.value.found
    assert "wrong-passw0rd" not in f"{caught.value}"
    assert mails.letters == []


def test_a_mailbox_that_is_refused_keeps_the_others_from_hearing_it_again(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, mails: Mails, run: Run
) -> None:
    mails.refused.add("gone@d.example")
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", mails.address("here@d.example", "gone@d.example"))
    configure(notify__office={"secret": "office"})
    (remark,) = run.end(0, A)
    assert "did not reach everybody there" in remark
    assert run.end(15, A) == []
    assert mails.to == [["here@d.example"]]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_a_hook_answers_is_told(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run, status: int
) -> None:
    hooks.status = status
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    (remark,) = run.end(0, A)
    assert f"error={status}" in remark
    assert "4f3c9a7711" not in remark


@pytest.mark.parametrize(
    ("scheme", "first", "more"),
    [
        ("mailto://u:p@", b"", b""),
        ("mailto://u:p@", b"220 here\r\n", b""),
        ("mailto://u:p@", b"220-here\r\n", b"220-and more\r\n"),
        ("json://", b"", b""),
        ("json://", b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    ],
)
def test_a_server_that_says_nothing_keeps_a_run_waiting_for_no_longer_than_the_bound(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, scheme: str, first: bytes, more: bytes
) -> None:
    with receiving.silent(first, more) as port:
        address = Address("office", 1, "office", f"{scheme}127.0.0.1:{port}/?from=a@b.example&to=c@d.example")
        addresses.service(address)  # apprise is loaded
        began = time.monotonic()
        with pytest.raises(NotSent, match="was not sent"):
            addresses.send(address, MESSAGE, seconds=1)
        assert time.monotonic() - began < 3


def test_silent_receivers_are_waited_for_side_by_side(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, run: Run, hooks: Hooks
) -> None:
    monkeypatch.setattr(addresses, "PATIENCE", 1.0)
    monkeypatch.setattr(addresses.send, "__defaults__", (1.0,))
    with receiving.silent() as port:
        monkeypatch.setenv("PIPELINE_SECRET_QUIET", f"json://127.0.0.1:{port}/a\njson://127.0.0.1:{port}/b")
        monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
        quiet = {f"notify__q{number}": {"secret": "quiet"} for number in range(4)}
        configure(**quiet, notify__hook={"secret": "hook"})
        addresses.service(Address("", 1, "", "json://127.0.0.1"))
        began = time.monotonic()
        assert len(run.end(0, A)) == 8
        assert time.monotonic() - began < 5
    assert len(hooks.posted) == 1


# ------------------------------------------------------------------------------------------------------- addresses

ADDRESSES = (
    "mailtos://morning:hunter2secret@mail.district.example?from=m@district.example&to=office@district.example",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#mornings",
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "workflows://prod-01.logic.azure.com:443/643a8a0912d34bfd/HVqWjuW2xYzk3abcdefghij/",
    "jsons://user:hunter2secret@hooks.district.example/morning/4f3c9a7711aa",
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_of_docs_are_understood(url: str) -> None:
    addresses.service(Address("office", 1, "office", url))


@pytest.mark.parametrize("url", ["office@district.example", "mailtoo://x", "slack://T1JJ3T3L2", "mailto://", "json://"])
def test_what_is_no_address_is_told_without_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        addresses.service(Address("office", 3, "notify_office", url))
    assert "line 3 of the secret notify_office" in caught.value.found
    assert url not in f"{caught.value}"


def test_a_secret_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", "# nobody yet\n\n")
    with pytest.raises(ConfigurationError, match="holds no address"):
        addresses.of("office", Receiver(SecretName("office")))


class _Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=1)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name} {self.format(record)}")


def test_no_part_of_an_address_is_logged_at_any_level(
    monkeypatch: pytest.MonkeyPatch,
    mails: Mails,
    hooks: Hooks,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    everything = _Everything()
    root = logging.getLogger()
    caplog.set_level(1)
    caplog.set_level(1, "urllib3")
    monkeypatch.setattr(root, "handlers", [everything])
    lines = [
        mails.address(),
        hooks.address("services/T1JJ3T3L2/TIiajkdnlazkcOXrIdevi7FQ"),
        f"{ADDRESSES[1]} x",
        "foo://hunter2bar",
    ]
    lines += [hooks.address("gone").replace(f"{hooks.port}", "9") + "/TIiajkdnlazkcOXrIdevi7FQ"]
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", "\n".join(lines))
    answers = []
    for address in addresses.of("office", Receiver(SecretName("office"))):
        try:
            answers.append(addresses.send(address, MESSAGE, seconds=5) if "slack" not in address.url else "")
        except (NotSent, ConfigurationError) as error:
            answers.append(f"{error}")
    assert len(mails.letters) == len(hooks.posted) == 1
    assert sum(map(bool, answers)) == 2
    said = "\n".join([*everything.said, *answers, *capfd.readouterr()])
    assert "urllib3" in said  # it listened
    assert not [line for line in everything.said if line.startswith("apprise")]
    for part in (receiving.PASSWORD, receiving.QUOTED, "TIiajkdnlazkcOXrIdevi7FQ", "hunter2"):
        assert part not in said


def test_an_address_shows_itself_nowhere() -> None:
    assert "hunter2" not in repr(Address("office", 1, "office", "json://hunter2@x"))


def test_parts_of_an_address_that_are_secret_are_redacted_and_names_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_OFFICE", "\n".join(ADDRESSES))
    addresses.of("office", Receiver(SecretName("office")))
    said = secrets.redact(
        "hunter2secret TIiajkdnlazkcOXrIdevi7FQ mail.district.example office@district.example morning"
    )
    assert said == "[redacted] [redacted] mail.district.example office@district.example morning"


# ------------------------------------------------------------------------------------------------------- heartbeat


def test_the_switch_hears_of_begin_and_end(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/4f3c9a77-aaaa-bbbb?create=1")
    configure(notify={"heartbeat": "beat"})
    assert run.end(0) == []
    assert run.end(15, HOLD) == []
    assert run.end(30, A) == []
    uuid = "/4f3c9a77-aaaa-bbbb"
    assert hooks.paths() == [f"{uuid}/start", uuid, f"{uuid}/start", uuid, f"{uuid}/start", f"{uuid}/fail"]
    assert hooks.posted[1].body.startswith(f"Morning {run.date}")


def test_a_promise_that_was_not_kept_is_a_failure(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/beat")
    zone = settings.load().district.zone
    configure(notify={"heartbeat": "beat", "done_by": "08:30"})
    late = Report("Morning", "Elsewhere", run.date, (HOLD,), last_run=NOON)
    for hour, minute in ((8, 29), (8, 30)):
        moment = dt.datetime.combine(run.date, dt.time(hour, minute), zone)
        assert told(late, moment) == []
    assert hooks.paths() == ["/beat/start", "/beat", "/beat/start", "/beat/fail"]


def test_a_file_that_is_not_due_yet_is_told_when_it_is(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    """At five nothing is there on a good morning, and nobody is told."""
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify__hook={"secret": "hook"})
    feed = catalogue.feeds()["students"]
    late = Cause("late", "L", "students: not there", met=("students RSD",), flows=("students",))
    for offset, messages in ((-1, 0), (0, 1), (1, 1)):
        due = dt.datetime.combine(run.date, feed.due, settings.load().district.zone)
        report = Report("Morning", "Elsewhere", run.date, (late,), last_run=NOON)
        assert told(report, due + dt.timedelta(minutes=offset)) == []
        assert len(hooks.posted) == messages
    assert report.standing == "late"


def test_a_day_without_school_owes_nothing(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify={"done_by": "00:00"}, notify__hook={"secret": "hook"})
    monkeypatch.setattr(calendar, "is_day", lambda days, date: False)
    assert run.end(0) == []
    assert hooks.posted == []
    assert run.end(15, A) == []
    assert [("A was found" in each.body, "Not done" in each.body) for each in hooks.posted] == [(True, False)]


def test_a_week_keeps_no_promise_of_the_morning(configure: Configure, run: Run) -> None:
    configure(notify={"done_by": "00:00"})
    moment = dt.datetime.combine(run.date, dt.time(23), settings.load().district.zone)
    report = Report("Week", "Elsewhere", run.date, (HOLD,), last_run=NOON)
    assert promises.missed(report, moment) == ""
    assert promises.missed(replace(report, wrapper="Morning"), moment) == "Not done by 00:00."


@pytest.mark.parametrize("status", [404, 500])
def test_a_switch_that_refuses_is_a_remark(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run, status: int
) -> None:
    hooks.status = status
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/4f3c9a77aaaabbbb")
    configure(notify={"heartbeat": "beat"})
    (remark,) = run.end(0)  # of begin and end: once
    assert f"answers {status}" in remark
    assert "4f3c9a77" not in remark


def test_a_switch_that_says_nothing_keeps_nobody_waiting(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(heartbeat, "PATIENCE", 0.5)
    with receiving.silent(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", 0.1) as port:
        monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"http://127.0.0.1:{port}/beat")
        configure(notify={"heartbeat": "beat"})
        began = time.monotonic()
        (remark,) = run.end(0)
        assert time.monotonic() - began < 4
    assert "does not answer" in remark


@pytest.mark.parametrize(
    "value", ["not an address", "http://[::1", "ftp://127.0.0.1/x", "http://127.0.0.1:9/4f3c9a77aaaa"]
)
def test_a_switch_that_cannot_be_called_is_a_remark(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, run: Run, value: str
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", value)
    configure(notify={"heartbeat": "beat"})
    (remark,) = run.end(0)
    assert value not in remark
    assert "4f3c9a77" not in remark


def test_a_secret_that_is_not_there_is_a_remark(configure: Configure, run: Run) -> None:
    configure(notify={"heartbeat": "beat"}, notify__office={"secret": "office"})
    assert sorted(line.splitlines()[0] for line in run.end(0, A)) == [
        "found: no secret beat",
        "found: no secret office",
    ]


def test_a_run_that_breaks_off_is_told(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, hooks: Hooks, run: Run
) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_BEAT", f"{hooks.url}/beat")
    monkeypatch.setenv("PIPELINE_SECRET_HOOK", hooks.address())
    configure(notify={"heartbeat": "beat"}, notify__hook={"secret": "hook"})
    telling = notify.of_run("Morning", run.date)
    telling.begin()
    assert telling.broke_off("KeyError: 'aaa'") == []
    assert [path for path in hooks.paths() if "beat" in path] == ["/beat/start", "/beat/fail"]
    (told,) = (each.body for each in hooks.posted if "hook" in each.path)
    assert "BROKEN: the run broke off: KeyError: 'aaa'" in told
