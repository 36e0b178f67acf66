"""Which file of a real folder is the morning's, and whether it stands still."""

import datetime as dt
import fnmatch
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pytest

from pipeline import catalogue
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import DropFolder, Place, SftpFolder, Source
from pipeline.chain import paths
from pipeline.chain.base import ask_anew
from pipeline.chain.tasks import LandedFile
from pipeline.ground import manifests, patience, settings
from pipeline.ground.errors import ConfigurationError, PipelineError, TransferIncomplete, VendorError, VendorUnreachable
from pipeline.ground.looks import NotYet
from pipeline.inbound import sources, steps
from pipeline.inbound.evidence import LandedTarget, VendorFileTarget
from pipeline.outside.sftp.sftp import Listing, Progress, RemoteFile

from .conftest import Configure

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = dt.date(2026, 11, 23)
EARLY = dt.datetime(2026, 11, 23, 2, 0, tzinfo=CHICAGO)


@pytest.fixture
def drop() -> Path:
    folder = settings.load().district.drop / "powerschool_rsd"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def feed() -> Feed:
    """The students' feed, but that its pattern is one of dated files."""
    students = catalogue.feeds()["students"]
    return replace(students, sources=(Source("RSD", DropFolder("powerschool_rsd", settle=0.05), "students*.csv"),))


def put(folder: Path, name: str, moment: dt.datetime, text: str = "ID\n1\n") -> RemoteFile:
    (folder / name).write_text(text)
    os.utime(folder / name, (moment.timestamp(), moment.timestamp()))
    return RemoteFile(name, len(text), moment.timestamp())


def ignore(done: int, total: int) -> None:
    """Nobody looks at the progress."""


# ------------------------------------------------------------------------------------------------------ newest


def test_newest_by_time_then_by_name(drop: Path, feed: Feed) -> None:
    put(drop, "students_9.csv", EARLY)
    put(drop, "students_1.csv", EARLY + dt.timedelta(minutes=1))
    wanted = put(drop, "students_2.csv", EARLY + dt.timedelta(minutes=1))
    put(drop, "students.csv", EARLY - dt.timedelta(minutes=1))
    assert sources.newest_of(feed, "RSD", MONDAY) == wanted


@pytest.mark.parametrize("name", ["Students.csv", "students.csv.part", "xstudents.csv", "students.txt"])
def test_pattern_is_exact(drop: Path, feed: Feed, name: str) -> None:
    put(drop, name, EARLY)
    assert sources.newest_of(feed, "RSD", MONDAY) is None


def test_folders_are_no_files(drop: Path, feed: Feed) -> None:
    (drop / "students.csv").mkdir()
    os.utime(drop / "students.csv", (EARLY.timestamp(), EARLY.timestamp()))
    assert sources.newest_of(feed, "RSD", MONDAY) is None


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("students_9.csv", "Too many levels of symbolic links"),
        ("good.csv/below", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_link_that_cannot_be_followed_costs_no_other_file(drop: Path, feed: Feed, to: str, why: str) -> None:
    put(drop, "good.csv", EARLY)
    wanted = put(drop, "students_2.csv", EARLY)
    (drop / "students_9.csv").symlink_to(to)
    assert sources.newest_of(feed, "RSD", MONDAY) == wanted
    assert sources.odd(feed.sources[0].place) == {"students_9.csv": f"a link that cannot be followed ({why})"}


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


# The second is the day on which clocks go forward, the third the one on which they go back.
WINDOWS = [
    (MONDAY, "2026-11-22T18:00:00", "2026-11-23T18:00:00", 24),
    (dt.date(2026, 3, 8), "2026-03-07T18:00:00", "2026-03-08T18:00:00", 23),
    (dt.date(2026, 11, 1), "2026-10-31T18:00:00", "2026-11-01T18:00:00", 25),
]


@pytest.mark.parametrize(("date", "first", "after", "hours"), WINDOWS)
def test_freshness_is_a_local_day(drop: Path, feed: Feed, date: dt.date, first: str, after: str, hours: int) -> None:
    begins, ends = local(first), local(after)
    assert ends.timestamp() - begins.timestamp() == hours * 3600
    second = dt.timedelta(seconds=1)
    expected = {
        begins.astimezone(dt.UTC) - second: date - dt.timedelta(days=1),
        begins.astimezone(dt.UTC): date,
        ends.astimezone(dt.UTC) - second: date,
        ends.astimezone(dt.UTC): date + dt.timedelta(days=1),
    }
    for moment, its_date in expected.items():
        put(drop, "students.csv", moment)
        sources.forget()
        days = [date + dt.timedelta(days=days) for days in (-1, 0, 1)]
        assert [day for day in days if sources.newest_of(feed, "RSD", day)] == [its_date]  # of one day, and of one only


def test_one_look_for_all_questions(drop: Path, feed: Feed) -> None:
    assert sources.newest_of(feed, "RSD", MONDAY) is None
    put(drop, "students.csv", EARLY)
    assert sources.newest_of(feed, "RSD", MONDAY) is None
    sources.forget()
    assert sources.newest_of(feed, "RSD", MONDAY) is not None


def test_no_folder_is_broken_and_not_late(feed: Feed) -> None:
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no folder"):
            sources.newest_of(feed, "RSD", MONDAY)
    assert len(sources.failed_looks()) == 1


# --------------------------------------------------------------------------------------------------- unclaimed

WATCHED = SftpFolder("clever_reports", "reports", others=("readme*", "old.csv"))
WANTED = (Source("clever", WATCHED, "google-*-passwords.csv"), Source("RSD", DropFolder("powerschool_rsd"), "*.csv"))


Seen = Callable[..., list[str]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What is told when a look at the place has shown these files."""

    def told(place: Place, *names: str) -> list[str]:
        monkeypatch.setattr(type(place), "look", lambda _: {name: RemoteFile(name, 1, 1) for name in names})
        sources.look(place)
        return sources.unclaimed(WANTED)

    return told


def test_a_file_that_is_nobodys_is_told(seen: Seen) -> None:
    names = ("google-staff-passwords.csv", "google-staff.csv", "Readme.txt", "readme.txt", "old.csv", "older.csv")
    told = [f"clever_reports:reports/{name}" for name in ("Readme.txt", "google-staff.csv", "older.csv")]
    assert seen(WATCHED, *names) == told


@pytest.mark.parametrize("name", [".hidden", "~lock", "new.csv~", "new.csv.part", "new.csv.filepart", "new.csv.TMP"])
def test_files_that_are_being_written_or_hidden_are_not_told(name: str, seen: Seen) -> None:
    assert seen(WATCHED, name) == []


def test_a_name_is_told_without_what_a_terminal_obeys(seen: Seen) -> None:
    (told,) = seen(WATCHED, "new\x1b[2J\r\n\u202e\udc80Núñez.csv")
    assert told == "clever_reports:reports/new[2JNúñez.csv"


def test_folders_that_nobody_watches_tell_nothing(seen: Seen) -> None:
    assert seen(SftpFolder("savvas", "/scores"), "new.csv") == []
    assert seen(DropFolder("powerschool_blf"), "new.csv") == []


def test_a_watched_folder_into_which_nobody_could_look_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Place) -> dict[str, RemoteFile]:
        raise ConfigurationError("no folder", expected="one", next_step="look")

    monkeypatch.setattr(SftpFolder, "look", refused)
    with pytest.raises(ConfigurationError):
        sources.look(WATCHED)
    assert sources.unclaimed(WANTED) == []


# ----------------------------------------------------------------------------------------------------- settled


@pytest.mark.parametrize(
    ("name", "wanted"), [("notes.txt", False), ("GOOGLE-a-passwords.csv", False), ("google-b-passwords.csv", True)]
)
def test_a_file_of_which_too_little_is_told_is_the_error_of_who_wants_it(
    monkeypatch: pytest.MonkeyPatch, name: str, wanted: bool
) -> None:
    """It may be the newest, or another one than that."""
    listed = Listing()
    listed["google-a-passwords.csv"] = good = RemoteFile("google-a-passwords.csv", 5, EARLY.timestamp())
    listed.untold[name] = VendorError("no size", expected="one", next_step="ask")
    monkeypatch.setattr(SftpFolder, "look", lambda _: listed)
    with pytest.raises(VendorError, match="no size") if wanted else nullcontext():
        assert sources.newest(WANTED[0], EARLY, EARLY + dt.timedelta(hours=1)) == good
    listed.clear()
    assert sources.newest(WANTED[0], EARLY, EARLY + dt.timedelta(hours=1)) is None


@dataclass(frozen=True)
class Watched:
    """A folder in which something happens between the first and the second look."""

    folder: DropFolder
    meanwhile: str = ""
    settle: float = 0.05
    looks: list[float] = field(default_factory=list, compare=False)

    def look(self) -> dict[str, RemoteFile]:
        self.looks.append(time.monotonic())
        path = self.folder.path / "students.csv"
        if len(self.looks) == 2 and self.meanwhile == "grows":
            with path.open("a") as file:
                file.write("2\n")
        if len(self.looks) == 2 and self.meanwhile == "goes":
            path.unlink()
        return self.folder.look()

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        raise NotImplementedError


def stands_still(drop: Path, age: float, meanwhile: str = "") -> tuple[bool, Watched]:
    place = Watched(DropFolder("powerschool_rsd"), meanwhile)
    put(drop, "students.csv", dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age))
    source = Source("RSD", place, "students.csv")
    far = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    file = sources.newest(source, *far)
    assert file
    return sources.settled(source, file) and sources.settled(source, file), place


def test_old_file_needs_no_second_look(drop: Path) -> None:
    still, place = stands_still(drop, age=10)
    assert still
    assert len(place.looks) == 1


def test_young_file_is_looked_at_again_after_the_settle_time(drop: Path) -> None:
    still, place = stands_still(drop, age=0)
    assert still
    first, second = place.looks
    assert second - first >= place.settle


@pytest.mark.parametrize("meanwhile", ["grows", "goes"])
def test_file_that_changes_does_not_stand_still(drop: Path, meanwhile: str) -> None:
    still, place = stands_still(drop, age=0, meanwhile=meanwhile)
    assert not still
    assert len(place.looks) == 2


def test_clock_of_the_vendor_that_goes_ahead(drop: Path) -> None:
    assert stands_still(drop, age=-3600)[0]


# ------------------------------------------------------------------------------------------------------- fetch


def test_fetched_byte_for_byte_and_for_our_eyes_only(drop: Path, tmp_path: Path) -> None:
    file = put(drop, "students.csv", EARLY, "ID\r\n\x00Núñez")
    file = replace(file, size=(drop / "students.csv").stat().st_size)
    told: list[tuple[int, int]] = []
    DropFolder("powerschool_rsd").fetch(file, tmp_path / "copy", lambda done, total: told.append((done, total)))
    assert (tmp_path / "copy").read_bytes() == (drop / "students.csv").read_bytes()
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert told == [(file.size, file.size)]


def test_file_that_changed_since_it_was_listed_is_not_taken(drop: Path, tmp_path: Path) -> None:
    file = put(drop, "students.csv", EARLY)
    put(drop, "students.csv", EARLY, "ID\n1\n2\n")
    with pytest.raises(TransferIncomplete):
        DropFolder("powerschool_rsd").fetch(file, tmp_path / "copy", ignore)
    put(drop, "students.csv", EARLY + dt.timedelta(seconds=1))
    with pytest.raises(TransferIncomplete):
        DropFolder("powerschool_rsd").fetch(file, tmp_path / "copy", ignore)
    assert not (tmp_path / "copy").exists()


@pytest.fixture
def dripping(drop: Path, configure: Configure) -> Iterator[tuple[RemoteFile, BinaryIO]]:
    """A file that gives what is written to its other end, and then is silent, as one of a share without a server."""
    configure(sftp={"patience": "1"})
    os.mkfifo(drop / "students.csv")
    with (drop / "students.csv").open("r+b", buffering=0) as end:
        yield RemoteFile("students.csv", 8, 1), end


def test_a_copy_that_hangs_is_given_up_and_the_next_one_of_its_folder_at_once(
    dripping: tuple[RemoteFile, BinaryIO], tmp_path: Path
) -> None:
    file, end = dripping
    end.write(b"ID\n")
    place, copied = DropFolder("powerschool_rsd"), set[str]()
    for name in ("students.csv", "enrollments.csv"):
        with pytest.raises(VendorUnreachable, match=r"no end of copying students\.csv") as told:
            sources.fetch(place, replace(file, name=name), tmp_path / name, ignore)
        assert "more of the file every 1 s" in told.value.expected
        copied |= {thread.name for thread in threading.enumerate() if thread.name.startswith("copying")}
    assert copied == {"copying students.csv"}  # the second one was not begun
    end.write(b"1\n")  # which wakes the thread that was given up
    assert not list(tmp_path.glob("*.csv"))
    sources.forget()
    put(DropFolder("powerschool_rsd").path, "enrollments.csv", EARLY)
    enrollments = RemoteFile("enrollments.csv", 5, EARLY.timestamp())
    sources.fetch(place, enrollments, tmp_path / "enrollments.csv", ignore)


def test_a_copy_that_moves_may_take_longer_than_the_patience(
    dripping: tuple[RemoteFile, BinaryIO], tmp_path: Path
) -> None:
    file, end = dripping
    resting = set[bool]()

    def drip() -> None:
        for _ in range(3):
            time.sleep(0.4)  # it is slow, and that is what this is about
            resting.add(patience.rests(main))
            end.write(b"x")
        end.close()

    main = threading.get_ident()
    writer = threading.Thread(target=drip)
    writer.start()
    begun = time.monotonic()
    with pytest.raises(TransferIncomplete, match="gave 3 bytes"):  # a pipe has no size
        DropFolder("powerschool_rsd").fetch(file, tmp_path / "copy", ignore)
    writer.join()
    assert time.monotonic() - begun > 1.1
    assert resting == {True}


# ------------------------------------------------------------------------------------------- what nobody foresaw


class Unforeseen(Exception):
    """What no code expects."""


def three_sentences(error: PipelineError) -> bool:
    return [line.partition(":")[0] for line in str(error).splitlines()] == ["found", "expected", "next"]


@pytest.mark.parametrize("error", [Unforeseen(), PermissionError(13, "Permission denied", "drop"), UnicodeError()])
def test_a_look_that_breaks_is_the_places_error_and_is_not_repeated(
    drop: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked: list[object] = []

    def breaks(path: object) -> None:
        asked.append(path)
        raise error

    monkeypatch.setattr(os, "scandir", breaks)
    for _ in range(2):
        with pytest.raises(PipelineError, match="district:powerschool_rsd, while looking") as told:
            sources.newest_of(feed, "RSD", MONDAY)
        assert three_sentences(told.value)
    assert len(asked) == len(sources.failed_looks()) == 1


@pytest.mark.parametrize("error", [Unforeseen(), PermissionError(13, "Permission denied", "students.csv")])
def test_a_copy_that_breaks_is_the_places_error(
    drop: Path, feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    put(drop, "students.csv", EARLY)

    def breaks(path: Path, *told: str, **more: int) -> object:
        if path.parent == drop:
            raise error
        return whole(path, *told, **more)  # type: ignore[call-overload]

    whole = Path.open
    monkeypatch.setattr(Path, "open", breaks)
    target = LandedTarget(feed, "RSD", MONDAY)
    with pytest.raises(PipelineError, match=r"district:powerschool_rsd, while bringing students\.csv") as told:
        steps.land(target, ignore)
    assert three_sentences(told.value)
    assert target.manifest() is None


def test_a_mount_that_hangs_is_given_up_after_the_patience_of_all(
    drop: Path, feed: Feed, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(sftp={"patience": "1"})
    over, whole = threading.Event(), os.scandir
    asked, answered = [], []

    def hangs(path: str) -> object:
        asked.append(path)
        answered.append(over.wait(60))
        return whole(path)

    monkeypatch.setattr(os, "scandir", hangs)
    for _ in range(2):  # who asks next does not wait for it anew
        with pytest.raises(VendorUnreachable, match="has not answered") as told:
            sources.newest_of(feed, "RSD", MONDAY)
    assert (len(asked), answered) == (1, [])  # nobody waited for it to the end
    over.set()
    assert "mount" in told.value.next_step
    assert [*sources.failed_looks().values()] == [told.value]


def test_what_is_renamed_while_we_look_is_not_there(drop: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = put(drop, "students.csv", EARLY)
    put(drop, "students.csv.part", EARLY)
    (drop / "students_gone.csv").symlink_to(drop / "nowhere")
    scandir = os.scandir

    def renamed_meanwhile(path: str) -> object:
        listed = scandir(path)
        (drop / "students.csv.part").unlink(missing_ok=True)
        return listed

    monkeypatch.setattr(os, "scandir", renamed_meanwhile)
    assert sources.newest_of(feed, "RSD", MONDAY) == wanted


def test_a_name_that_is_no_utf8_is_a_file_like_others(drop: Path, feed: Feed) -> None:
    put(drop, os.fsdecode(b"students_M\xfcller.csv"), EARLY)
    steps.land(target := LandedTarget(feed, "RSD", MONDAY), ignore)
    assert target.exists()


# ---------------------------------------------------------------------------------------------------- scheduling


@dataclass(frozen=True)
class Silent:
    """A place that does not answer before it may."""

    folder: DropFolder
    may: threading.Event = field(default_factory=threading.Event, compare=False)
    settle: float = 0.05

    def look(self) -> dict[str, RemoteFile]:
        assert self.may.wait(10)
        return self.folder.look()

    def fetch(self, file: RemoteFile, to: Path, progress: Progress) -> None:
        self.folder.fetch(file, to, progress)


@pytest.fixture
def silent(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setattr(sources, "GRACE", 0.05)
    place = Silent(DropFolder("powerschool_rsd"))
    found = replace(feed, sources=(Source("RSD", place, "students*.csv"),))
    monkeypatch.setitem(catalogue.feeds(), "students", found)
    return found


def answers(feed: Feed) -> None:
    place = feed.sources[0].place
    assert isinstance(place, Silent)
    place.may.set()


def test_a_scheduling_waits_for_no_look_and_counts_nothing_as_done(drop: Path, silent: Feed) -> None:
    put(drop, "students.csv", EARLY)
    task = LandedFile(date=MONDAY, feed=silent, part="RSD")
    with sources.scheduling():
        with pytest.raises(NotYet):
            sources.newest_of(silent, "RSD", MONDAY)
        assert VendorFileTarget(silent, "RSD", MONDAY).exists()  # so that the task below has its turn, and waits
        assert not task.complete()
        assert task.priority == paths.priority("LandedFile", silent.name)  # without the bytes, that nobody knows
    answers(silent)
    assert list(task.run()) == []
    assert task.complete()


def test_what_we_hold_is_not_believed_before_the_vendor_has_answered(drop: Path, silent: Feed) -> None:
    file = put(drop, "students.csv", EARLY)
    target = LandedTarget(silent, "RSD", MONDAY)
    copy = manifests.folder(target.folder) / file.name
    copy.write_bytes((drop / "students.csv").read_bytes())
    manifests.save(target.manifest_path, {"name": file.name, "size": file.size, "mtime": file.mtime, "sha256": "x"})
    with sources.scheduling():
        assert not target.exists()
    answers(silent)
    assert target.exists()


def test_a_file_that_is_not_there_when_the_vendor_answers_is_waited_for_and_no_failure(
    drop: Path, silent: Feed
) -> None:
    task = LandedFile(date=MONDAY, feed=silent, part="RSD")
    with sources.scheduling():
        assert not task.complete()
    answers(silent)
    ask_anew()
    assert next(task.run()) is task.requires()[0]  # Luigi runs it again when that is there


def test_one_scheduling_waits_once_for_all(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "GRACE", 0.2)
    waits: list[float | None] = []
    whole = sources._looks.at

    def at(place: Place, within: float | None) -> sources.Seen:
        waits.append(within)
        return whole(place, within)

    monkeypatch.setattr(sources._looks, "at", at)
    places = [Silent(DropFolder(f"powerschool_{n}")) for n in range(20)]
    with sources.scheduling():
        for place in places:
            with pytest.raises(NotYet):
                sources.look(place)
    first, *others = waits
    assert first is not None and 0 <= first <= 0.2
    assert others == [0.0] * 19  # the first one's wait was everybody's
    for place in places:
        place.may.set()


# ------------------------------------------------------------------------------------------------- of many files


@pytest.mark.parametrize("pattern", ["a*", "a?.csv", "[ab]*.csv", "*", "a1.csv", "", "a[*].csv", "none*", "b*1*", "~*"])
def test_the_files_that_match_are_those_of_fnmatch(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    """However the names that are tried were found."""
    names = [f"{first}{number}{last}" for first in "abAB~é" for number in range(12) for last in (".csv", "", "*.csv")]
    listed = Listing()
    listed.update({name: RemoteFile(name, 1, EARLY.timestamp()) for name in names})
    monkeypatch.setattr(SftpFolder, "look", lambda _: listed)
    sources.forget()
    found = list(sources._matching(replace(WANTED[0], pattern=pattern), listed))
    assert sorted(file.name for file in found) == sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))
    listed.clear()
    assert list(sources._matching(replace(WANTED[0], pattern=pattern), listed)) == []
