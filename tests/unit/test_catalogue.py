"""The catalogue fits together: feeds, schemas, deliveries, views, vendors, and luigi.cfg."""

import configparser
import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import luigi.retcodes
import luigi.scheduler
import luigi.worker
import pytest
import sqlglot
from sqlglot import exp

from pipeline import catalogue
from pipeline.catalogue import checking, contract, flows, sql
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.catalogue.feed import Feed, of_table
from pipeline.catalogue.flows import named
from pipeline.catalogue.limits import (
    TYPED,
)
from pipeline.catalogue.place import DropFolder, PortalReport, SftpFolder
from pipeline.formats import eis_readers as readers
from pipeline.ground import manifests, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.inbound import steps
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import columns, snapshots
from pipeline.outside.cloud import warehouse

from .conftest import Configure

ROOT = Path(__file__).parents[2]
MONDAY = dt.date(2026, 11, 23)
VIEW_FILES = [(delivery, file) for delivery in catalogue.deliveries().values() for file in delivery.view_files]

each_feed = pytest.mark.parametrize("feed", catalogue.feeds().values(), ids=catalogue.feeds().keys())
each_delivery = pytest.mark.parametrize("delivery", catalogue.deliveries().values(), ids=catalogue.deliveries().keys())
each_view = pytest.mark.parametrize("view", sql.names())
each_file = pytest.mark.parametrize(("delivery", "file"), VIEW_FILES, ids=[file.name for _, file in VIEW_FILES])


def twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_it_fits_together() -> None:
    """What holds of any district's catalogue: names, schemas, places, views, columns, vendors, agreements, sections."""
    assert [f"{error}" for error in checking.wrong()] == []


# ------------------------------------------------------------------------------------------------------- feeds


@each_feed
def test_key_and_tag_are_columns_that_always_have_a_value(feed: Feed) -> None:
    modes = {column.name: column.mode for column in feed.contract.columns}
    assert feed.key or feed.name == "AllErr_stack", "only there may a row occur twice"
    assert [name for name in feed.key if modes.get(name) != "REQUIRED"] == []
    if len(feed.sources) > 1 and feed.dataset != "eis":  # where every row says its school
        assert feed.tag in feed.key, "the parts of a feed are told apart by the tag"
    assert not feed.tag or feed.tag in modes
    assert [(column.type, column.mode) for column in feed.contract.columns if column.name == feed.dated] == (
        [("DATE", "REQUIRED")] if feed.dated else []
    )
    assert set(feed.ignored).isdisjoint(modes)
    assert [name for name in feed.ignored if contract.column_name(name) != name] == []


@each_feed
def test_names_that_people_type_into_the_student_information_system_are_trimmed(feed: Feed) -> None:
    """A blank at the end of one student's name would refuse everybody's file, or make two people of one."""
    names = [column.name for column in feed.contract.expected if re.fullmatch(r"(last|first|middle)_name", column.name)]
    if feed.dataset == "powerschool_combined" and names:
        assert {*names} <= {*feed.trimmed}


@each_feed
def test_place_is_known(feed: Feed) -> None:
    for source in feed.sources:
        if isinstance(source.place, SftpFolder):
            assert source.place.vendor in catalogue.vendors()
        elif isinstance(source.place, PortalReport):
            assert source.place.login in settings.load().logins
            assert feed.reader
        else:
            assert isinstance(source.place, DropFolder)


# --------------------------------------------------------------------------------------------------- deliveries


def test_every_view_has_a_reader() -> None:
    sent = {below for _, file in VIEW_FILES for below in sql.views_below(file.view)}
    assert flows.views() == ("eis.error_summary",)
    assert sent | set(sql.views_below("eis.error_summary")) == set(sql.names())


def test_the_readme_s_table_is_of_now() -> None:
    """`python -m pipeline flows`, as it is printed, between two marks."""
    text = (ROOT / "docs/extend.md").read_text()
    begin, end = "<!-- flows: begin -->\n", "\n<!-- flows: end -->"
    assert text[text.index(begin) + len(begin) : text.index(end)].strip() == flows.table()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (replace(catalogue.feeds()["savvas_standards_scores"], trimmed=("student_name",)), "row says trimmed"),
        (replace(catalogue.feeds()["savvas_standards_scores"], reader=readers.viewer_report), "row says reader"),
        (
            replace(
                catalogue.feeds()["savvas_standards_scores"],
                sources=2 * catalogue.feeds()["savvas_standards_scores"].sources,
            ),
            "row says more than one source",
        ),
    ],
)
def test_a_file_that_goes_on_as_it_landed_is_changed_by_nobody(
    monkeypatch: pytest.MonkeyPatch, changed: Feed, told: str
) -> None:
    """What is taken out of a value when it is read would go out all the same."""
    monkeypatch.setitem(catalogue.feeds(), changed.name, changed)
    with pytest.raises(ConfigurationError, match=told) as caught:
        flows.deliveries()
    assert caught.value.found.startswith("otus_scores passes on the file of savvas_standards_scores as it landed")


@pytest.mark.parametrize(
    ("section", "words", "meant"),
    [
        ("sftp__savas", {"host": "h", "port": "22", "user": "u"}, "savvas"),
        ("sftp__Otus", {"host": "h", "port": "22", "user": "u"}, "otus"),
        ("portal__RDS", {"user": "u"}, "RSD"),
    ],
)
def test_a_section_of_nobody_is_refused(configure: Configure, section: str, words: dict[str, str], meant: str) -> None:
    configure(**{section: words})
    with pytest.raises(ConfigurationError, match=re.escape(f"the section [{section.replace('__', ':')}]")) as refused:
        flows.feeds()
    assert refused.value.next_step == f"did you mean {meant}?"


def test_what_is_off_is_named_rightly(configure: Configure) -> None:
    configure(district={"off": "clever_rosters, savvas_standards_scores"})
    with pytest.raises(ConfigurationError, match="savvas_standards_scores, which otus_scores is made of"):
        flows.deliveries()
    configure(district={"off": "clever_roster"})
    with pytest.raises(ConfigurationError, match="off names clever_roster"):
        flows.feeds()
    configure(district={"off": "easyiep, otus_scores savvas_standards_scores"})
    assert "easyiep" not in {feed.name for feed in flows.feeds()}
    assert "otus_scores" not in {delivery.name for delivery in flows.deliveries("daily")}


def test_a_set_goes_without_the_file_that_leaves_with_a_feed(configure: Configure) -> None:
    whole = catalogue.deliveries()["powerschool_imports"]
    configure(district={"off": ""})
    assert flows.named("powerschool_imports") == whole
    assert flows.left_out(whole) == ""
    configure(district={"off": "TN_options_report_2014 easyiep"})
    (left,) = [each for each in flows.deliveries() if each.name == whole.name]
    assert {file.name for file in whole.files} - {file.name for file in left.files} == {"IEP_Import_RSD.txt"}
    assert flows.named("district") == left, "what release, discard and diff speak of is what goes"
    assert "TN_options_report_2014" not in {feed.name for feed in flows.inputs(left)}
    assert flows.left_out(left) == "without IEP_Import_RSD.txt: TN_options_report_2014 is off"
    assert [name for name in flows.here() if flows.here()[name] != catalogue.deliveries()[name]] == [whole.name]
    assert "powerschool_imports.iep_plans" not in flows.views()


def test_a_file_leaves_with_a_feed_that_it_is_made_of() -> None:
    """Another file of the set must not speak of it."""
    for delivery in catalogue.deliveries().values():
        for file in delivery.view_files:
            assert set(file.leaves_with) <= {feed.name for feed in flows.feeds_below(file.view)}
            others = [other for other in delivery.view_files if other != file]
            spoken = {each.file for other in others for each in other.references}
            spoken |= {each.file for other in others for each in other.apart}
            assert not file.leaves_with or file.name not in spoken


def select(view: str) -> exp.Select:
    found = sqlglot.parse_one(sql.text(view), read="bigquery")
    assert isinstance(found, exp.Select)
    return found


def test_a_view_of_what_nobody_fills_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left out, its changes would be no part of what was made of it."""
    monkeypatch.setattr(sql, "tables_below", lambda view: ("powerschool_combined.cc", "eis.nobody", "nowhere.cc"))
    with pytest.raises(ConfigurationError, match=r"the view own\.View reads eis\.nobody, nowhere\.cc"):
        flows.feeds_below("own.View")


@each_view
def test_what_a_view_reads_is_what_its_sql_names(view: str) -> None:
    """The graph comes from a regular expression; a parser must find the same tables."""
    named = {f"{table.db}.{table.name}" for table in select(view).find_all(exp.Table) if table.db}
    assert named == set(sql.reads(view))


@each_file
def test_key_and_required_are_columns_of_the_view(delivery: Delivery, file: ViewFile) -> None:
    produced = select(file.view).named_selects
    assert twice(produced) == []
    assert file.key
    assert set(file.key) | set(file.required) <= set(produced)
    contact = {"Contact_sis_id", "Contact_name"}  # a student without a contact has one row
    assert set(file.key) - contact <= set(file.required), "what tells rows apart always has a value"
    assert file.floor >= 0


@each_file
def test_who_is_one_person_is_asked_of_what_the_file_is_made_of(delivery: Delivery, file: ViewFile) -> None:
    """Of that the snapshot's fingerprint tells; another table could change and leave the verdict as it is."""
    for same in file.same:
        assert same.table in {*sql.views_below(file.view), *sql.tables_below(file.view)}
        feed = of_table(same.table)
        known = [each.name for each in feed.contract.columns] if feed else select(same.table).named_selects
        assert {same.key, *same.columns, *(same.among or ())[:1]} <= set(known)


@each_file
def test_codes_are_asked_of_what_the_file_is_made_of_and_the_contract_lists_them(
    delivery: Delivery, file: ViewFile
) -> None:
    """One list, in the contract and in the set's row; and the view's text has a word for each."""
    for mapped in file.mapped:
        assert mapped.table in {*sql.views_below(file.view), *sql.tables_below(file.view)}
        of = mapped.table.replace("roster_files.current_", "powerschool_combined.")
        (column,) = (
            each for each in catalogue.feeds()[of.partition(".")[2]].contract.columns if each.name == mapped.column
        )
        assert column.form
        assert all(re.fullmatch(column.form.pattern, code) for code in mapped.codes)
        assert column.form.pattern.count("|") == len(mapped.codes) - 1
        if file.name == "students.csv" and mapped.column != "sped_status":
            assert {code.lower() for code in mapped.codes} <= {
                each.lower() for each in re.findall(r"'(\w+)'", sql.text(file.view))
            }


@pytest.mark.parametrize("column", ["gender", "ethnicity", "fedethnicity", "lep_status", "lunchstatus", "sped_status"])
def test_clever_s_students_ask_each_code_that_their_view_translates(column: str) -> None:
    (file,) = (each for each in catalogue.deliveries()["clever_rosters"].view_files if each.name == "students.csv")
    assert [each.tolerated for each in file.mapped if each.column == column] == [0]


OWN = re.compile(r"e?mail|federated|user_?name|state_?(teacher_|student_)?id|studentstateid", re.I)
ADDRESS = re.compile(r"e?mail|federated", re.I)
OF_OTHERS = {"Contact_email", "Principal_email"}
DAYS = [dt.date(2027, month, day) for month in range(1, 13) for day in (1, 7, 10, 15, 20, 28)]


@each_file
def test_what_a_person_has_alone_is_asked_of_every_roster(delivery: Delivery, file: ViewFile) -> None:
    """Their e-mail address, user's name, state's and federated id; of schools it is the state's id of a school."""
    own = {name for name in select(file.view).named_selects if OWN.search(name)} - OF_OTHERS
    expected = own if file.called != "schools" else set()
    assert expected <= {column for personal in file.personal for column in personal.columns}


@each_file
def test_every_set_asks_whether_those_who_meet_on_two_servers_are_the_same(delivery: Delivery, file: ViewFile) -> None:
    """Whoever it is made of: one number of two people is one person in every view."""
    made_of = {*sql.tables_below(file.view)} & {f"powerschool_combined.{name}" for name in ("students", "teachers")}
    assert made_of <= {same.table for each in delivery.view_files for same in each.same}


def test_no_address_is_of_two_files_of_a_set() -> None:
    """Of a set that has several files of people; a teacher who is staff too says so by the id."""
    for delivery in catalogue.deliveries().values():
        people = {"students", "teachers", "staff"}
        files = [file for file in delivery.view_files if file.called in people and not snapshots.restricted(file)]
        mail = {
            file.name: {c for c in select(file.view).named_selects if ADDRESS.search(c)} - OF_OTHERS for file in files
        }
        apart = {frozenset((file.name, each.file)) for file in files for each in file.apart}
        with_mail = [file.name for file in files if mail[file.name]]
        assert {frozenset(pair) for pair in itertools.combinations(with_mail, 2)} <= apart, delivery.name


@each_file
def test_an_address_is_seldom_another(delivery: Delivery, file: ViewFile) -> None:
    """At most vendors an account hangs on it."""
    addresses = {name for name in select(file.view).named_selects if ADDRESS.search(name)} - OF_OTHERS
    for column in addresses if not snapshots.restricted(file) else ():
        limits = columns.limits(file, column)
        assert all(limits.on(day).changes <= file.churn.drops for day in DAYS)


@each_file
def test_limits_of_a_file_are_sensible(delivery: Delivery, file: ViewFile) -> None:
    assert file.called != "rows" or file.name == "CODE_DISTRICT.txt", "what would be deleted has a name"
    assert delivery.gone != Delivery.gone
    few = delivery.vendor == "district"  # PowerSchool deletes nobody whom it is not told of
    for churn in (file.churn.on(day) for day in DAYS):
        assert min(churn.drops, churn.school_drops, churn.adds, churn.changes, churn.from_nothing, churn.slack) >= 0
        # Where all may be replaced, it may not become much less.
        assert churn.drops <= 0.2 or churn.shrinks < 0.5 or few
        assert churn.slack <= 5
        assert churn.from_nothing <= 1000
    usual = file.churn.on(MONDAY)
    assert usual == file.churn, "no window is open"
    assert usual.drops <= (0.5 if few else 0.05)
    assert usual.school_drops <= 0.15
    assert usual.adds <= (1 if few else 0.5)
    assert usual.from_nothing <= 50
    assert usual.changes <= 0.25 or file.called == "schools" or file.name in {"CODE_DISTRICT.txt", WEEKLY}
    tolerated = [*(each.tolerated for each in file.allowed), *(each.tolerated for each in file.written)]
    tolerated += [each.tolerated for each in file.references] + [each.tolerated for each in file.conditions]
    assert all(0 <= share <= TYPED for share in tolerated)
    assert [each for each in file.personal if each.tolerated] == []
    assert [each for each in file.same if each.tolerated] == []


GOOGLE = ("GoogleForPSImport_RSD.txt", "GoogleForPSImport_BLF.txt")
WEEKLY = "OTUS_Attendance_Discipline.csv"
FLOORS = {
    "SCHOOL.txt": 2,
    **dict.fromkeys(("students.csv", "enrollments.csv", WEEKLY, "Student-Demographics.csv"), 50),
    **dict.fromkeys(("STUDENT.txt", "PIF_SECTION_STUDENT.txt", "ENROLLMENT.txt", "GoogleForPSImport_RSD.txt"), 50),
    "GoogleForPSImport_BLF.txt": 5,
    **dict.fromkeys(("RTI_RSD.txt", "RTI_BLF.txt", "Homeless_Foster_RSD.txt", "Homeless_Foster_BLF.txt"), 0),
}
PEOPLE_OF = {
    **{"students.csv": "Student_id", "teachers.csv": "Teacher_id", "staff.csv": "Staff_id"},
    **{"ENROLLMENT.txt": "student_code", "Staff-Roster.csv": "StaffID"},
}


@each_file
def test_floors_and_whom_a_file_counts_are_as_agreed(delivery: Delivery, file: ViewFile) -> None:
    """Each was thought about: a floor that is lower lets half a file go, and rows that are counted hide people."""
    assert file.floor == FLOORS.get(file.name, 1)
    assert file.people == PEOPLE_OF.get(file.name, "")


SCHOOLS = ("School_id", "school_code", "SchoolCode", "school_id", "institution_code")


@each_file
def test_rows_that_are_a_school_s_are_counted_by_school(delivery: Delivery, file: ViewFile) -> None:
    """Without it, a school of which all rows are gone hides among all the others."""
    columns_of = select(file.view).named_selects
    assert file.school == next((column for column in SCHOOLS if column in columns_of), "")


FREE = {
    "students.csv": {"Unweighted_gpa", "Weighted_gpa"},
    WEEKLY: {
        *("as_of_date", "days_enrolled", "days_present", "days_absent", "excused", "unexcused", "tardies"),
        *("incidents", "iss_days", "oss_days"),
    },
}


@each_file
def test_no_column_may_go_blank_and_few_may_change_on_a_usual_day(delivery: Delivery, file: ViewFile) -> None:
    free = set()
    for column in select(file.view).named_selects:
        every = [columns.limits(file, column).on(day) for day in DAYS]
        assert max(max(each.blanked, each.school_blanked / 2) for each in every) <= 0.25, column
        assert max(each.slack for each in every) <= 5
        usual = columns.limits(file, column).on(MONDAY)
        if usual.changes > 0.25 or usual.school_changes > 0.5:
            free.add(column)
    assert free == FREE.get(file.name, set())


def test_every_file_of_students_says_which_column_names_them() -> None:
    """The ledger of disclosures is made of it."""
    words = re.compile(r"student|enrolments", re.I)
    assert [file.name for _, file in VIEW_FILES if bool(file.student) != bool(words.search(file.called))] == []


def test_what_a_restricted_file_is_compared_by_is_frozen() -> None:
    """Of its rows only the keys are kept."""
    for _, file in VIEW_FILES:
        if snapshots.restricted(file):
            assert {*file.counted, file.school} - {""} <= set(file.key)


def test_what_else_is_kept_of_a_restricted_file_is_compared_and_is_no_secret() -> None:
    """`kept` is beside the key what the next set is compared with; all else of the frozen rows is gone with the day."""
    file = ViewFile("a.B", "b.txt", key=("id", "school"), kept=("email",))
    assert file.comparable == ("id", "school", "email")
    assert replace(file, kept=()).comparable == file.key
    restricted = {file.name: file for _, file in VIEW_FILES if snapshots.restricted(file)}
    assert {name: file.kept for name, file in restricted.items()} == dict.fromkeys(GOOGLE, ("import_email",))
    for file in restricted.values():
        assert {*file.kept} < {*select(file.view).named_selects} - {*file.key}
        assert [column for column in file.comparable if re.search("pass|secret|pin", column)] == []
    assert [file.name for _, file in VIEW_FILES if file.kept and file.name not in restricted] == []


@pytest.mark.parametrize("name", GOOGLE)
def test_what_is_kept_is_frozen_apart_and_the_secret_is_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (delivery, file), *_ = [pair for pair in VIEW_FILES if pair[1].name == name]
    frozen, kept_for = dict[str, str](), dict[str, int]()

    def freeze(
        query: str, dataset: str, table: str, labels: dict[str, str], days: int, once: Callable[[], object]
    ) -> int:
        once()
        frozen[dataset], kept_for[dataset] = query, days
        return days

    monkeypatch.setattr(warehouse, "freeze", freeze)
    snapshots.freeze(delivery, file, MONDAY)
    assert list(frozen) == ["deliveries", "deliveries_restricted"]  # the rows, the evidence, are told of last
    assert kept_for == {"deliveries": 14, "deliveries_restricted": 1}  # passwords, until the next morning
    columns_of = select_columns(frozen["deliveries"])
    assert columns_of == [*file.key, *file.kept]
    assert "import_password" not in columns_of
    assert select_columns(frozen["deliveries_restricted"]) == ["*"]


def select_columns(query: str) -> list[str]:
    return [each.name or "*" for each in sqlglot.parse_one(query, "bigquery").expressions]


def test_what_is_not_compared_of_a_restricted_file_is_required() -> None:
    """Its values are not kept, so that none may be missing at all."""
    restricted = [file for _, file in VIEW_FILES if snapshots.restricted(file)]
    assert restricted
    for file in restricted:
        assert {*select(file.view).named_selects} == {*file.required}


def test_a_delivery_can_be_called_by_the_name_of_a_vendor_who_gets_only_one() -> None:
    assert named("clever_rosters") is named("clever") is catalogue.deliveries()["clever_rosters"]
    with pytest.raises(ConfigurationError, match="2 deliveries are called otus") as told:
        named("otus")
    assert told.value.expected == "one of otus_scores, otus_attendance_discipline"
    with pytest.raises(ConfigurationError, match="no delivery clover"):
        named("clover")


def test_week_begins_on_monday() -> None:
    weekly = catalogue.deliveries()["otus_attendance_discipline"]
    daily = catalogue.deliveries()["otus_scores"]
    week = [MONDAY + dt.timedelta(days=days) for days in range(7)]
    assert {weekly.period(day) for day in week} == {MONDAY}
    assert [daily.period(day) for day in week] == week
    assert weekly.period(MONDAY - dt.timedelta(days=1)) == MONDAY - dt.timedelta(days=7)


# --------------------------------------------------------------------------------------- what BigQuery takes


def prepared(feed: Feed) -> None:
    """Leave the evidence of a prepared file, as a run does."""
    target = PreparedTarget(feed, MONDAY)
    manifests.folder(target.path.parent)
    target.path.touch()
    facts = {"rows": 0, "size": 0, "sha256": "0" * 64, "contract": feed.contract.fingerprint, "parts": target.parts()}
    manifests.save(target.manifest_path, facts)


def assert_labels(labels: dict[str, str]) -> None:
    """BigQuery: at most 64 labels, keys and values of at most 63 lower-case letters, digits, _ and -."""
    assert 0 < len(labels) <= 64
    assert [key for key in labels if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key)] == []
    assert [value for value in labels.values() if not re.fullmatch(r"[a-z0-9_-]{0,63}", value)] == []


@each_feed
def test_labels_of_a_loaded_table(feed: Feed) -> None:
    prepared(feed)
    assert_labels({**steps.loaded_target(feed, MONDAY).expected, "rows": "9" * 12})


@each_file
def test_labels_and_name_of_a_snapshot(delivery: Delivery, file: ViewFile) -> None:
    for feed in flows.feeds_below(file.view):
        prepared(feed)
    target = snapshots.snapshot_target(delivery, file, MONDAY)
    assert_labels(target.expected)
    assert re.fullmatch(r"\w{1,1024}", target.table, re.ASCII)
    prints = {feed.name.lower(): steps.table_fingerprint(feed, MONDAY) for feed in flows.feeds_below(file.view)}
    assert prints
    assert target.expected == {"as_of": f"{MONDAY}", "sql": sql.fingerprint(file.view), **prints}
    stem = re.sub(r"\W", "_", file.name.rpartition(".")[0])
    assert re.fullmatch(rf"{delivery.name}__{stem}__{delivery.period(MONDAY):%Y%m%d}_[0-9a-f]{{8}}", target.table)
    assert target.dataset == ("deliveries_restricted" if snapshots.restricted(file) else "deliveries")


@each_file
def test_a_snapshot_of_other_inputs_is_another_table(
    delivery: Delivery, file: ViewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = flows.feeds_below(file.view)
    for feed in feeds:
        prepared(feed)
    found = [snapshots.snapshot_target(delivery, file, MONDAY)]
    for feed in feeds:
        facts = manifests.load(PreparedTarget(feed, MONDAY).manifest_path) or {}
        manifests.save(PreparedTarget(feed, MONDAY).manifest_path, {**facts, "sha256": "1" * 64})
        found.append(snapshots.snapshot_target(delivery, file, MONDAY))
        PreparedTarget(feed, MONDAY).manifest_path.unlink()
        assert snapshots.snapshot_target(delivery, file, MONDAY).expected == {}, "without its input it is of nothing"
        prepared(feed)
    monkeypatch.setattr(sql, "fingerprint", lambda view: "0" * 16)
    found.append(snapshots.snapshot_target(delivery, file, MONDAY))
    assert twice([each.table for each in found]) == []


def test_clevers_languages_are_those_of_the_view_that_finds_them() -> None:
    text = sql.text("roster_files.clever_languages")
    (array,) = re.findall(r"UNNEST\(\[(.*?)\]\)", text, re.S)
    (file,) = [file for _, file in VIEW_FILES if file.view == "roster_files.Clever_students"]
    (listed,) = [each.values for each in file.allowed if each.columns == ("Home_language",)]
    assert [*re.findall(r"'([^']*)'", array), "Other"] == [*listed]


def test_snapshots_do_not_share_a_table() -> None:
    tables = [snapshots.snapshot_target(delivery, file, MONDAY).table for delivery, file in VIEW_FILES]
    assert twice(tables) == []


# ------------------------------------------------------------------------------------------------- luigi.cfg

CFG = ROOT / "luigi.cfg"


@pytest.fixture(scope="module")
def parser() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.read(CFG)
    return found


def test_every_vendor_has_an_address_and_every_address_a_vendor(parser: configparser.ConfigParser) -> None:
    sections = {name.removeprefix("sftp:") for name in parser.sections() if name.startswith("sftp:")}
    assert sections == set(catalogue.vendors())


LUIGIS = {
    "worker": luigi.worker.worker,
    "scheduler": luigi.scheduler.scheduler,
    "retcode": luigi.retcodes.retcode,
}


def test_every_section_is_read_by_somebody(parser: configparser.ConfigParser) -> None:
    ours = {field.name for field in fields(settings.Settings)} - {"accounts", "logins"}
    known = (
        ours
        | set(LUIGIS)
        | {"resources"}
        | {name for name in parser.sections() if name.startswith(("sftp:", "portal:"))}
    )
    assert set(parser.sections()) <= known


@pytest.mark.parametrize("section", LUIGIS)
def test_luigis_settings_are_spelt_as_luigi_reads_them(parser: configparser.ConfigParser, section: str) -> None:
    known = {name for name, _ in LUIGIS[section].get_params()}  # type: ignore[no-untyped-call]
    assert set(parser[section]) <= known


def test_luigis_core_settings_stand_in_its_source(parser: configparser.ConfigParser) -> None:
    """Those of [core] are read here and there, with - for _ in places."""
    source = "".join(file.read_text() for file in Path(luigi.worker.__file__).parent.glob("*.py"))
    assert [key for key in parser["core"] if key not in source and key.replace("_", "-") not in source] == []


def uncommented() -> list[str]:
    """The settings that have no comment above them, their group, or (when alike ones follow) their first section."""
    lines, comment, bare = CFG.read_text().splitlines(), False, []
    explained: set[str] = set()
    section = ""
    for line in lines:
        if line.startswith("["):
            section = line.strip("[]").partition(":")[0]
            comment = comment or section in explained
        elif line.startswith("#"):
            comment = True
        elif not line.strip():
            comment = False
        elif "=" in line:
            bare += [] if comment else [f"[{section}] {line}"]
            explained |= {section} if ":" in line or section == "sftp" else set()
    return bare


def test_every_setting_is_explained() -> None:
    assert uncommented() == []


def test_no_secret_in_the_configuration(parser: configparser.ConfigParser) -> None:
    keys = [key for name in parser.sections() for key in parser[name]]
    looks = re.compile(r"passw|secret|token|passphrase|credential|private|api_?key", re.I)
    assert [key for key in keys if looks.search(key)] == ["secret_manager_project"]


def test_everything_listens_on_this_machine_only(parser: configparser.ConfigParser) -> None:
    hosts = [parser[name][key] for name in parser.sections() for key in parser[name] if key.endswith("host")]
    assert set(hosts) == {"127.0.0.1"}


# ------------------------------------------------------------------------------------------------- passwords

PASSWORD = re.compile(r"passw|pwd", re.I)


def readers_of_passwords() -> set[str]:
    return {view for view in sql.names() if any(map(warehouse.restricted, sql.tables_below(view)))}


def holds_passwords(feed: Feed) -> bool:
    """Whether its files do: a column that is loaded, or that is dropped by name."""
    return any(map(PASSWORD.search, [*(column.name for column in feed.contract.columns), *feed.ignored]))


def test_passwords_are_read_by_the_imports_of_google_accounts_and_by_nothing_else() -> None:
    imports = {view for view in sql.names() if view.startswith("powerschool_imports.GoogleForPSImport_")}
    below = {each for view in imports for each in sql.views_below(view)}
    assert imports <= readers_of_passwords() <= below
    sent = [(delivery.vendor, file) for delivery, file in VIEW_FILES if snapshots.restricted(file)]
    assert {file.view for _, file in sent} <= imports
    assert {vendor for vendor, _ in sent} <= {"district"}


def test_frozen_keys_are_no_passwords() -> None:
    keys = [key for _, file in VIEW_FILES if snapshots.restricted(file) for key in file.key]
    assert [key for key in keys if PASSWORD.search(key)] == []


@each_feed
def test_passwords_are_loaded_into_restricted_datasets_only(feed: Feed) -> None:
    columns = [column.name for column in feed.contract.columns if PASSWORD.search(column.name)]
    assert not columns or (warehouse.restricted(feed.dataset) and warehouse.restricted(feed.folder))
    assert warehouse.restricted(feed.dataset) == warehouse.restricted(feed.folder)


@each_feed
def test_copies_with_passwords_are_purged_after_a_day_and_never_sent_as_they_are(feed: Feed) -> None:
    if holds_passwords(feed):
        assert feed.landing_days is not None
        assert feed.landing_days <= 1
        assert feed.name not in {copy.feed for delivery in catalogue.deliveries().values() for copy in delivery.copies}


def test_which_files_expect_a_new_year_and_a_new_term() -> None:
    """In the fall all but the schools; in the spring what is taught. On a usual day half at most."""
    files = [file for each in catalogue.deliveries().values() for file in each.view_files]
    usual, fall, spring = (
        {file.name: file.churn.on(dt.date(*day)).drops for file in files}
        for day in ((2026, 11, 23), (2026, 8, 10), (2027, 1, 5))
    )
    assert max(usual.values()) <= 0.5
    assert {name for name in fall if fall[name] < 0.2} == {"schools.csv", "CODE_DISTRICT.txt", "SCHOOL.txt"}
    taught = {"sections.csv", "enrollments.csv", "Student-Course-Schedules.csv"}
    taught |= {"PIF_SECTION.txt", "PIF_SECTION_STAFF.txt", "PIF_SECTION_STUDENT.txt"}
    assert taught <= {name for name in spring if spring[name] > usual[name]}
