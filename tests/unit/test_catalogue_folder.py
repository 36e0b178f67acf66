"""The folder that a district's catalogue is: found beside its configuration; what is wrong is told by file and line."""

from pathlib import Path

import pytest

from pipeline import catalogue
from pipeline.catalogue import schemas, sql
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError

from .conftest import ANSWERS, Configure

FEEDS = """
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder, Source

from .words import SERVER

FEEDS = [
    Feed("pupils", "sis", "sis", "pupils.csv", (Source("all", SftpFolder(SERVER, "/out"), "pupils.csv"),), ("id",)),
]
"""


def configured(configure: Configure, catalogue: str) -> settings.Settings:
    """The settings of a district with that catalogue."""
    return configure(**{**ANSWERS, "district": {**ANSWERS["district"], "catalogue": catalogue}})


@pytest.fixture
def folder(tmp_path: Path, configure: Configure) -> Path:
    """A catalogue of one feed, which a package-relative import completes."""
    there = tmp_path / "what we have"
    there.mkdir()
    (there / "feeds.py").write_text(FEEDS)
    (there / "words.py").write_text('SERVER = "sis"\n')
    (there / "deliveries.py").write_text("DELIVERIES = ()\n")
    (there / "schemas/sis").mkdir(parents=True)
    (there / "schemas/sis/pupils.json").write_text('[{"name": "id", "mode": "REQUIRED"}]')
    (there / "sql/out").mkdir(parents=True)
    (there / "sql/out/them.sql").write_text("SELECT id FROM `sis.pupils`")
    configured(configure, f"{there}")
    return there


def test_a_catalogue_may_lie_anywhere(folder: Path) -> None:
    assert [*catalogue.feeds()] == ["pupils"]
    assert [column.name for column in schemas.columns("sis", "pupils")] == ["id"]
    assert sql.names() == ("out.them",)
    assert sql.tables_below("out.them") == ("sis.pupils",)
    assert catalogue.schools() == {}


def test_a_relative_folder_is_relative_to_the_file_that_says_it(
    folder: Path, own_folder: Path, configure: Configure
) -> None:
    folder.rename(own_folder / "ours")
    assert configured(configure, "ours").district.catalogue == own_folder / "ours"
    assert [*catalogue.feeds()] == ["pupils"]


def test_a_file_that_says_nothing_of_it_leaves_it(configure: Configure) -> None:
    root = Path(__file__).parents[2]
    assert configure(district={"log_days": "3"}).district.catalogue == root / "pipeline/riverbend"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("FEEDS = (", "feeds.py, line 1: SyntaxError"),
        ("\nfrom pipeline.catalogue.feed import Fed\n", "feeds.py, line 2: ImportError: cannot import name 'Fed'"),
        ("FEEDS = ()\n\nFEEDS[0]\n", "feeds.py, line 3: IndexError"),
        ("from pipeline.catalogue.feed import Feed\nFEEDS = (Feed('pupils'),)", "feeds.py, line 2: TypeError"),
        ("PUPILS = ()", "feeds.py: AttributeError"),
        ("from .word import SERVER", "feeds.py, line 1: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(folder: Path, text: str, told: str) -> None:
    (folder / "feeds.py").write_text(text)
    with pytest.raises(ConfigurationError) as shown:
        catalogue.feeds()
    assert told in shown.value.found
    assert f"{folder}" in shown.value.found


@pytest.mark.parametrize(
    ("rows", "told"), [("None", "is NoneType"), ("[('pupils', 1)]", "row 1 of FEEDS"), ("[7]", "int")]
)
def test_what_is_no_row_is_told(folder: Path, rows: str, told: str) -> None:
    (folder / "feeds.py").write_text(f"FEEDS = {rows}\n")
    with pytest.raises(ConfigurationError, match=told):
        catalogue.feeds()


def test_a_folder_that_the_environment_names(
    folder: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOGUES", f"{folder.parent}")
    assert configured(configure, f"${{CATALOGUES}}/{folder.name}").district.catalogue == folder
    assert [*catalogue.feeds()] == ["pupils"]


def test_two_rows_of_one_name_are_refused(folder: Path) -> None:
    (folder / "feeds.py").write_text(FEEDS + "FEEDS += [FEEDS[0].__class__(**{**vars(FEEDS[0])})]\n")
    with pytest.raises(ConfigurationError, match=r"two rows of .*feeds.py are called pupils"):
        catalogue.feeds()


PAGE = """
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder, Source

from ..words import SERVER

FEEDS = (Feed("loans", "books", "books", "loans.csv", (Source("all", SftpFolder(SERVER, "/out"), "l.csv"),), ("id",)),)
"""


@pytest.fixture
def page(folder: Path) -> Path:
    """All of one vendor, on a page of its own."""
    file = folder / "flows/library.py"
    file.parent.mkdir()
    file.write_text(PAGE)
    return file


def test_a_vendor_s_page_adds_its_rows(folder: Path, page: Path) -> None:
    assert [*catalogue.feeds()] == ["pupils", "loans"]
    assert [*catalogue.deliveries()] == []


def test_a_name_that_a_page_has_too_is_refused_with_both_files(folder: Path, page: Path) -> None:
    page.write_text(PAGE.replace('"loans", "books"', '"pupils", "books"'))
    with pytest.raises(ConfigurationError, match="are called pupils") as told:
        catalogue.feeds()
    assert f"{folder}/feeds.py and {page}" in told.value.found
    assert f"(the other one: {folder}/feeds.py, line 8)" in told.value.found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nfrom ..word import SERVER\n", "library.py, line 2: ModuleNotFoundError"),
        ("FEEDS = 7", "FEEDS of .*library.py is int"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(page: Path, text: str, told: str) -> None:
    page.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        catalogue.feeds()


def test_reading_a_catalogue_leaves_no_trace_in_it(folder: Path, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    before = sorted(folder.rglob("*"))
    assert [*catalogue.feeds(), *catalogue.deliveries()]
    assert sorted(folder.rglob("*")) == before


def test_a_module_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no vendors\.py in the catalogue"):
        catalogue.vendors()


def test_a_folder_that_is_not_there_is_named(configure: Configure, tmp_path: Path) -> None:
    configured(configure, f"{tmp_path}/nowhere")
    with pytest.raises(ConfigurationError, match=rf"no folder {tmp_path}/nowhere"):
        catalogue.feeds()
