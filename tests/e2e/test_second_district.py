"""A second district, quite unlike the pretend one, made by `new-district`, and its morning from end to end.

One server, three schools, numbers with letters, three vendors, one of which no module of ours knows: that one is added
by the recipe of docs/extend.md. No portal. It talks to stand-ins, and to a real sshd of the vendor that is added.
"""

import csv
import datetime as dt
import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sshd
from e2e import juniper
from e2e.district import ROOT, Result
from e2e.made import FACTS, Made, replaced
from e2e.recipes import block

TUESDAY = dt.date(2025, 10, 14)
# What is another district's.
ELSEWHERE = re.compile(r"riverbend|\bRSD\b|\bBLF\b|bluff|miller|cedar hollow|schoolhouse|\b0011\d\b", re.I)


@dataclass(frozen=True)
class Morning:
    """The district, what its first morning said, and the server of the vendor that was added."""

    made: Made
    run: Result
    shelfmark: sshd.Sshd
    exported: set[str]
    added: set[str]
    before: dict[str, bytes]

    @property
    def sent(self) -> dict[str, bytes]:
        """Every file that the district gave, by vendor and name."""
        made, own = self.made, ("scores", "reports", "idm-sensitive-exports")
        roots = {"savvas": made.root("savvas"), "clever": made.root("clever"), "shelfmark": self.shelfmark.files}
        return {
            f"{vendor}:{file.relative_to(root)}": file.read_bytes()
            for vendor, root in roots.items()
            for file in root.rglob("*")
            if file.is_file() and file.relative_to(root).parts[0] not in own
        }

    def rows(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.sent[name].decode())))

    def column(self, name: str, column: str) -> list[str]:
        return [row[column] for row in self.rows(name)]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    folder = tmp_path_factory.mktemp("juniper")
    made = Made(folder)
    made.make("clever,savvas", "--servers", juniper.SERVER)
    with made.servers(), sshd.running(folder / "shelfmark") as shelfmark:
        git(made.repository, "init", "-q")
        commit(made.repository)
        add_export(made.repository / "catalogue")
        exported = changed(made.repository)
        commit(made.repository)
        add_shelfmark(made.repository, shelfmark)
        added = changed(made.repository)
        for place in ("reports", "import"):
            (shelfmark.files / place).mkdir()
        juniper.write_sis(made.repository / "var/drop", made.repository / "catalogue/schemas", TUESDAY)
        roots = {vendor: made.root(vendor) for vendor in made.ports}
        juniper.write_vendors({**roots, "shelfmark": shelfmark.files}, TUESDAY)
        before = everything(made)
        run = made.run("run_daily.sh", "--date", f"{TUESDAY}")
        yield Morning(made, run, shelfmark, exported, added, before)


def add_export(catalogue: Path) -> None:
    """The recipe "Add a feed": one more export of the student information system."""
    replaced(catalogue / "feeds.py", "FEEDS = (\n", f"FEEDS = (\n    {block('feed row')}")
    (catalogue / "schemas/powerschool_combined/bell_schedule.json").write_text(block("feed schema"))


def add_shelfmark(repository: Path, server: sshd.Sshd) -> None:
    """The recipe "Add a vendor", to the letter; only the address and the account are those of the test's server."""
    catalogue = repository / "catalogue"
    for name, file in (
        ("vendor page", catalogue / "flows/shelfmark.py"),
        ("vendor schema", catalogue / "schemas/misc_imports/shelfmark_overdue.json"),
        ("vendor view", catalogue / "sql/roster_files/Shelfmark_patrons.sql"),
    ):
        file.parent.mkdir(exist_ok=True)
        file.write_text(block(name))
    section = block("vendor section")
    for was, now in (("sftp.shelfmark.example", "127.0.0.1"), ("22", f"{server.port}"), ("your-account", server.user)):
        assert section.count(f"= {was}\n") == 1
        section = section.replace(f"= {was}\n", f"= {now}\n")
    with (repository / "luigi.cfg").open("a") as config:
        config.write(f"\n{section}")
    key = repository / "secrets/shelfmark.key"
    key.touch(mode=0o600)
    key.write_text(server.login_key.read_text())
    with (repository / "known_hosts").open("a") as pinned:
        pinned.write(f"{server.pin()}\n")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@juniperflats.example", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "as it was made")


def changed(folder: Path) -> set[str]:
    """The files of the repository that are new or others since the last commit."""
    return {line[3:] for line in git(folder, "status", "--porcelain", "--untracked-files=all").splitlines()}


def everything(made: Made) -> dict[str, bytes]:
    """What a run must leave as it is: the district's repository without `var`, and what lies in the engine's folder."""
    own = [file for file in made.repository.rglob("*") if "var" not in file.parts and ".git" not in file.parts]
    beside = [*(ROOT / "var").rglob("*"), *ROOT.glob("*")]
    told = {f"{file}": file.read_bytes() for file in own if file.is_file()}
    return told | {f"{file}": f"{file.stat().st_mtime_ns}".encode() for file in beside if file.is_file()}


# --------------------------------------------------------------------------------------------------- how it is made


def test_a_new_export_is_a_row_and_a_schema(morning: Morning) -> None:
    schema = "catalogue/schemas/powerschool_combined/bell_schedule.json"
    assert morning.exported == {"catalogue/feeds.py", schema}
    rows = morning.made.rows("powerschool_combined.bell_schedule")
    assert rows == {("JFU", f"{place}", school.number, "Fog delay") for place, school in enumerate(juniper.SCHOOLS, 1)}


def test_a_new_vendor_is_five_files_of_the_districts_and_none_of_the_engines(morning: Morning) -> None:
    assert morning.added == {
        "luigi.cfg",
        "known_hosts",
        "catalogue/flows/shelfmark.py",
        "catalogue/schemas/misc_imports/shelfmark_overdue.json",
        "catalogue/sql/roster_files/Shelfmark_patrons.sql",
    }


def test_its_own_check_finds_nothing_wrong(morning: Morning) -> None:
    done = morning.made.check()
    assert (done.code, "catalogue of Juniper Flats: " in done.out) == (0, True), done.out
    assert done.out.endswith(": nothing is wrong\n")


# ------------------------------------------------------------------------------------------------------ what went out


def test_the_morning_is_whole(morning: Morning) -> None:
    assert morning.run.code == 0, morning.run.out
    assert {name.partition(":")[0] for name in morning.sent} == {"clever", "savvas", "shelfmark"}
    assert len(morning.sent) == 6 + 9 + 1


def test_savvas_has_the_districts_own_name_and_schools(morning: Morning) -> None:
    (own,) = morning.rows("savvas:SIS/CODE_DISTRICT.txt")
    assert own == {
        **{"district_code": FACTS["savvas_district_code"], "district_name": FACTS["district_name"]},
        **{"address_1": FACTS["district_street"], "address_2": "", "city": FACTS["district_city"]},
        **{"state": FACTS["district_state"], "zip": FACTS["district_zip"], "phone": FACTS["district_phone"]},
        "current_school_year": "2025",
    }
    schools = {(row["school_code"], row["school_name"]) for row in morning.rows("savvas:SIS/SCHOOL.txt")}
    assert schools == {(school.number, school.name) for school in juniper.SCHOOLS}
    assert {*morning.column("savvas:SIS/SCHOOL.txt", "district_code")} == {FACTS["savvas_district_code"]}


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("savvas:SIS/STUDENT.txt", "student_number"),
        ("savvas:SIS/ENROLLMENT.txt", "student_code"),
        ("clever:home/juniper-clever/students.csv", "Student_number"),
        ("shelfmark:import/patrons.csv", "patron_id"),
    ],
)
def test_each_vendor_has_the_students_who_are_there_by_their_own_numbers(
    morning: Morning, file: str, column: str
) -> None:
    assert sorted(morning.column(file, column)) == sorted(who.number for who in juniper.students())


def test_who_sits_where_is_told_with_the_servers_own_tag(morning: Morning) -> None:
    seats = {
        (row["Section_id"], row["Student_id"]) for row in morning.rows("clever:home/juniper-clever/enrollments.csv")
    }
    told = {
        (row["native_section_code"], row["student_code"]) for row in morning.rows("savvas:SIS/PIF_SECTION_STUDENT.txt")
    }
    places = [school.number for school in juniper.SCHOOLS]
    expected = {
        (f"JFU-{500 + places.index(who.school) * 10 + (who.id + turn) % 3}", who.number)
        for who in juniper.students()
        for turn in range(2)
    }
    assert seats == told == expected


def test_the_vendor_that_was_added_gave_and_got_a_file(morning: Morning) -> None:
    loaded = morning.made.rows("misc_imports.shelfmark_overdue")
    assert {row[:2] for row in loaded} == {*juniper.overdue()}
    books = {row["patron_id"]: row["overdue"] for row in morning.rows("shelfmark:import/patrons.csv")}
    assert {number: count for number, count in books.items() if count != "0"} == {
        juniper.students()[0].number: "2",
        juniper.students()[17].number: "1",
    }


def test_no_word_of_another_district_is_anywhere(morning: Morning) -> None:
    made = morning.made
    said = {
        "its output": morning.run.out,
        **{f"{file}": file.read_text() for file in (made.repository / "var/log").glob("*.log")},
    }
    said |= {name: content.decode() for name, content in morning.sent.items()}
    assert len(said) > len(morning.sent) + 1
    found = {name: ELSEWHERE.search(text.replace(f"{ROOT}", "")) for name, text in said.items()}
    assert {name: match[0] for name, match in found.items() if match} == {}


def test_nobody_is_told_of_in_what_was_printed(morning: Morning) -> None:
    said = morning.run.out + "".join(file.read_text() for file in (morning.made.repository / "var/log").glob("*.log"))
    assert [who.number for who in juniper.students() if who.number in said] == []
    assert [name for name in juniper.LAST_NAMES if name in said] == []


# ---------------------------------------------------------------------------------------------------- what comes after


def test_a_second_run_does_nothing(morning: Morning) -> None:
    before = morning.sent
    again = morning.made.run("run_daily.sh", "--date", f"{TUESDAY}")
    assert (again.code, again.tasks("done"), again.tasks("FAILED")) == (0, set(), set()), again.out
    assert morning.sent == before


def test_its_commands_are_of_this_district(morning: Morning) -> None:
    week = morning.made.run("run_weekly.sh", "--date", f"{TUESDAY}")
    assert week.code == 0, week.out
    status = morning.made.run("morning", "status", "--date", f"{TUESDAY}")
    assert status.code == 0, status.out
    for delivery in ("clever_rosters", "savvas_rosters", "shelfmark_patrons"):
        assert re.search(rf"^out  {delivery} +delivered", status.out, re.M), status.out
    assert f"configured by {morning.made.repository}/luigi.cfg" in status.out
    nothing = morning.made.run("morning", "sent", "shelfmark_patrons", "--date", "2025-10-10")
    (command,) = re.findall(r"`(.*)`", nothing.out)
    told = subprocess.run(["bash", "-c", command], cwd="/", capture_output=True, text=True, timeout=60)
    assert f"configured by {morning.made.repository}/luigi.cfg" in told.stdout, command
    assert ELSEWHERE.search(status.out.replace(f"{ROOT}", "")) is None


def test_a_run_writes_where_the_configuration_says_and_nowhere_else(morning: Morning) -> None:
    assert everything(morning.made) == morning.before
    assert changed(morning.made.repository) == morning.added
