"""What luigi.cfg may say, and what is said of one that is wrong."""

import datetime as dt
import os
from pathlib import Path

import pytest

from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError

from .conftest import Configure


def refusal(configure: Configure, **sections: dict[str, str]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        configure(**sections)
    return caught.value


def test_the_repositorys_own_file_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUIGI_CONFIG_PATH")
    settings.load.cache_clear()
    found = settings.load()
    assert found.sandbox.enabled
    assert found.account("otus").host == "127.0.0.1"


def test_later_file_wins_key_by_key(configure: Configure) -> None:
    found = configure(district={"name": "Elsewhere"}, sftp__otus={"port": "22"})
    assert (found.district.name, found.district.timezone) == ("Elsewhere", "America/Chicago")
    assert (found.account("otus").port, found.account("otus").user) == (22, "riverbend-otus")


@pytest.mark.parametrize("section", ["district", "cloud", "secrets", "sftp", "sandbox", "sftp__otus"])
def test_unknown_key_is_refused(configure: Configure, section: str) -> None:
    error = refusal(configure, **{section: {"tiemout": "3"}})
    assert error.found == f"[{section.replace('__', ':')}] has tiemout"
    assert error.expected.startswith("only ")


def test_misspelt_section_is_refused(configure: Configure) -> None:
    assert refusal(configure, distrct={"name": "Elsewhere"}).found == "the section [distrct]"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"distrct": {"name": "Elsewhere"}}, "district"),
        ({"sftpp": {"patience": "9"}}, "sftp"),
        ({"district": {"buckt": "b"}}, "bucket"),
        ({"cloud": {"storage_endpont": ""}}, "storage_endpoint"),
        ({"sftp__otus": {"prt": "22"}}, "port"),
    ],
)
def test_the_name_that_was_meant_is_told(configure: Configure, written: dict[str, dict[str, str]], meant: str) -> None:
    assert refusal(configure, **written).next_step == f"did you mean {meant}?"


@pytest.mark.parametrize("enabled", [True, False])
def test_the_files_in_force_are_told_and_a_pretend_district_is(configure: Configure, enabled: bool) -> None:
    configure(sandbox={"enabled": f"{enabled}"})
    told = settings.in_force()
    assert told.startswith("PRETEND DISTRICT, " if enabled else "configured by ")
    own = Path(os.environ["LUIGI_CONFIG_PATH"])
    assert f"configured by {own} over {Path('luigi.cfg').absolute()}" in told


def test_a_task_familys_section_is_luigis(configure: Configure) -> None:
    assert configure(Morning={"date": "2026-11-23"})


def test_luigis_own_section_may_say_more(configure: Configure) -> None:
    assert configure(core={"log_level": "INFO"}).core.scheduler_port == 8082


def test_missing_key_is_named(configure: Configure) -> None:
    refused = refusal(configure, sftp__elsewhere={"host": "sftp.example.org", "user": "x"})
    assert refused.found == "[sftp:elsewhere] has no port"


def test_key_with_a_default_may_be_missing(configure: Configure) -> None:
    account = configure(sftp__elsewhere={"host": "sftp.example.org", "user": "x", "port": "22"}).account("elsewhere")
    assert account.key == ""


def test_vendor_without_a_section(configure: Configure) -> None:
    with pytest.raises(ConfigurationError, match=r"no section \[sftp:nobody\]"):
        configure().account("nobody")


@pytest.mark.parametrize(
    ("section", "key", "value", "kind"),
    [
        ("cloud", "timeout", "a minute", "int"),
        ("sandbox", "enabled", "perhaps", "bool"),
        ("core", "scheduler_port", "", "int"),
    ],
)
def test_value_of_another_type_is_refused(configure: Configure, section: str, key: str, value: str, kind: str) -> None:
    error = refusal(configure, **{section: {key: value}})
    assert error.found == f"[{section}] {key} = {value}"
    assert error.expected == f"a value of type {kind}"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("No", False), ("0", False), ("ON", True)])
def test_yes_and_no(configure: Configure, text: str, value: bool) -> None:
    assert configure(sandbox={"enabled": text}).sandbox.enabled is value


def test_environment_is_put_in(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNIT_SHARE", "/mnt/share")
    assert configure(district={"landing": "${UNIT_SHARE}/landing"}).district.landing == Path("/mnt/share/landing")


def test_environment_that_is_not_set_is_named(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNIT_SHARE", raising=False)
    error = refusal(configure, district={"landing": "${UNIT_SHARE}/landing"})
    assert error.found == "[district] landing names ${UNIT_SHARE}, which is not set"


def test_percent_and_dollar_stand_for_themselves(configure: Configure) -> None:
    assert configure(district={"name": "100 % $chool"}).district.name == "100 % $chool"


def test_configuration_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(tmp_path / "nowhere.cfg"))
    settings.load.cache_clear()
    with pytest.raises(ConfigurationError, match=r"LUIGI_CONFIG_PATH names .*nowhere\.cfg"):
        settings.load()


@pytest.mark.parametrize("text", ["name = x\n", "[district]\nname\n", "[district]\nname = a\nname = b\n"])
def test_text_that_is_no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.cfg").write_text(text)
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(tmp_path / "wrong.cfg"))
    settings.load.cache_clear()
    with pytest.raises(ConfigurationError, match="a configuration file that cannot be read"):
        settings.load()


@pytest.mark.parametrize("zone", ["America/Chicgo", "", "../etc/passwd"])
def test_unknown_time_zone(configure: Configure, zone: str) -> None:
    with pytest.raises(ConfigurationError, match="timezone"):
        configure(district={"timezone": zone}).today()


def test_today_is_the_districts(configure: Configure) -> None:
    """Between the two ends of the world it is always another day, or nearly."""
    ahead = configure(district={"timezone": "Pacific/Kiritimati"}).today()
    behind = configure(district={"timezone": "Pacific/Niue"}).today()
    assert ahead - behind == dt.timedelta(days=1)
