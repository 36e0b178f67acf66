"""`python -m pipeline new-district`: a repository that asks what only the district knows, and is otherwise whole."""

import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from pipeline import __main__ as commands
from pipeline import catalogue, scaffold
from pipeline.catalogue import checking, sql
from pipeline.ground import settings

from .test_checking import forget

ANSWER = {"timezone": "Europe/Vienna", "port": "22", "address": "https://portal.example"}
# What a catalogue asks of its district, and nothing else.
QUESTIONS = re.compile(r"has no answer|signed of .* is None|which .* does not list|sources of \w+_stack is \(\)")


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    yield
    forget()


def answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with the catalogue once luigi.cfg has an answer to each question."""
    config = folder / "luigi.cfg"
    config.write_text(
        re.sub(r"^(\w+) =$", lambda asked: f"{asked[0]} {ANSWER.get(asked[1], 'x')}", config.read_text(), flags=re.M)
    )
    monkeypatch.setenv("LUIGI_CONFIG_PATH", f"{config}")
    settings.load.cache_clear()
    forget()
    return [error.found for error in checking.wrong()]


@pytest.mark.parametrize(
    "vendors",
    [(), *((name,) for name in scaffold.VENDORS), *[*combinations(scaffold.VENDORS, 2)][::4], scaffold.VENDORS],
    ids=",".join,
)
def test_a_new_district_fits_together_but_for_its_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendors: tuple[str, ...]
) -> None:
    assert commands.main(["new-district", f"{tmp_path}/new", "--with", ",".join(vendors)]) == 0
    found = answered(tmp_path / "new", monkeypatch)
    assert [each for each in found if not QUESTIONS.search(each)] == []
    papers = {*vendors} - {"eis"}
    assert sum("signed of" in each for each in found) == len(papers)
    assert any("savvas_district_code has no answer" in each for each in found) == ("savvas" in vendors)


@pytest.mark.parametrize("vendors", ["powerschool", "powerschool,clever"])
def test_each_server_has_its_own_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendors: str) -> None:
    words = ["new-district", f"{tmp_path}/new", "--with", vendors, "--servers", "NW,SE"]
    assert commands.main(words) == 0
    assert [each for each in answered(tmp_path / "new", monkeypatch) if not QUESTIONS.search(each)] == []
    files = {file.name: file for file in catalogue.deliveries()["powerschool_imports"].view_files}
    kinds = ("RTI", "Homeless_Foster", *(("GoogleForPSImport",) if "clever" in vendors else ()))
    assert files.keys() == {f"{kind}_{tag}.txt" for kind in kinds for tag in ("NW", "SE")}
    # A student of one server is looked for among the accounts of the other one, where there are any.
    among = {name: {each.file for each in file.apart} for name, file in files.items()}
    assert among["RTI_NW.txt"] == ({"GoogleForPSImport_SE.txt"} if "clever" in vendors else set())
    assert "district_identification = 'SE'" in sql.text("powerschool_imports.RTI_SE")
    assert [source.name for source in catalogue.feeds()["students"].sources] == ["NW", "SE"]


def test_no_password_comes_in_that_nothing_needs(tmp_path: Path) -> None:
    """Clever's accounts are for the imports: without those, nobody asks Clever for them."""
    scaffold.write(tmp_path / "new", ["clever"])
    text = "".join(file.read_text() for file in (tmp_path / "new").rglob("*") if file.suffix in (".py", ".cfg"))
    assert "clever_reports" not in text
    assert not (tmp_path / "new/catalogue/schemas/misc_imports_restricted").exists()


@pytest.mark.parametrize("vendors", ["otus", "savvas", "otus,savvas"])
def test_otus_gets_the_scores_that_savvas_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendors: str) -> None:
    assert commands.main(["new-district", f"{tmp_path}/new", "--with", vendors]) == 0
    assert [each for each in answered(tmp_path / "new", monkeypatch) if not QUESTIONS.search(each)] == []
    copied = {copy.feed for delivery in catalogue.deliveries().values() for copy in delivery.copies}
    both = {"savvas_assessment_scores", "savvas_standards_scores"}
    assert copied == (both if vendors == "otus,savvas" else set())


@pytest.mark.parametrize("tags", ["", "N-W", "NW,1"])
def test_a_server_s_tag_that_no_table_could_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tags: str
) -> None:
    assert commands.main(["new-district", f"{tmp_path}/new", "--servers", tags]) == 30
    assert f"--servers names {tags or 'none'}" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_nothing_of_the_pretend_district_goes_out(tmp_path: Path) -> None:
    scaffold.write(tmp_path / "new", scaffold.VENDORS)
    numbers = r"0004127|0105|RT00412A|[47] (?:digits|characters)"
    own = re.compile(rf"riverbend|schoolhouse|00118|RSD|BLF|bluff|miller|127\.0\.0\.1|{numbers}", re.I)
    files = [file for file in (tmp_path / "new").rglob("*") if file.is_file()]
    assert files
    lines = [line for file in files for line in file.read_text().replace(f"{scaffold.ENGINE}", "").splitlines()]
    assert [line for line in lines if own.search(line)] == []


def test_each_value_that_must_be_given_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scaffold.write(tmp_path / "new", ["otus"])
    monkeypatch.setenv("LUIGI_CONFIG_PATH", f"{tmp_path}/new/luigi.cfg")
    settings.load.cache_clear()
    assert commands.main(["check"]) == 30
    told = capsys.readouterr().err
    for asked in ("[district] has no bucket", "[secrets] has no folder", "[sftp:otus] has no host"):
        assert asked in told


@pytest.mark.parametrize("name", ["a file", "a folder"])
def test_what_is_there_is_not_touched(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there"
    (there if name == "a file" else there / "x").parent.mkdir(exist_ok=True)
    (there if name == "a file" else there / "x").write_text("mine")
    assert commands.main(["new-district", f"{there}"]) == 30
    assert "is not empty" in capsys.readouterr().err
    assert [file.read_text() for file in tmp_path.rglob("*") if file.is_file()] == ["mine"]


def test_a_misspelt_vendor_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["new-district", f"{tmp_path}/new", "--with", "savas"]) == 30
    assert "did you mean savvas?" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_its_own_check_asks_the_engine(tmp_path: Path) -> None:
    """Called from anywhere, with its own configuration."""
    scaffold.write(tmp_path / "new", [])
    done = subprocess.run([tmp_path / "new/.ci/run"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "[district] has no bucket" in done.stderr) == (30, True)
    assert f"{tmp_path}/new/luigi.cfg" in done.stderr
    told = subprocess.run(
        [tmp_path / "new/morning", "status"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (told.returncode, f"{tmp_path}/new/luigi.cfg" in told.stderr) == (30, True)
    for name in ("run_daily.sh", "run_weekly.sh"):
        told = subprocess.run(
            [tmp_path / "new" / name, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert told.stdout.startswith(f"usage: ./{name}"), told.stderr
