"""What luigi.cfg may say, and what is said of one that is wrong."""

import datetime as dt
import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline import VERSION
from pipeline.ground import configuration, settings
from pipeline.ground.errors import ConfigurationError
from pipeline.ground.receivers import STATES, Notify

from .conftest import ANSWERS, Configure


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


def test_the_files_in_force_are_told_and_a_pretend_district_is(configure: Configure) -> None:
    configure(sandbox={"enabled": "yes"})
    own = Path(os.environ["LUIGI_CONFIG_PATH"])
    assert (
        settings.in_force()
        == f"PRETEND DISTRICT, morning {VERSION}, configured by {own} over {Path('luigi.cfg').absolute()}"
    )


def write(file: Path, sections: dict[str, dict[str, str]]) -> Path:
    lines = (
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in told.items()) for name, told in sections.items()
    )
    file.write_text("".join(lines))
    return file


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A district's own file, which says what only the district knows and nothing else."""
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(write(tmp_path / "own.cfg", ANSWERS)))
    settings.load.cache_clear()
    return tmp_path / "own.cfg"


def test_nothing_of_the_pretend_district_stands_in_for_what_a_district_leaves_out(alone: Path) -> None:
    found = settings.load()
    assert (found.accounts, found.logins, found.portal.address) == ({}, {}, "")
    assert (found.cloud.storage_endpoint, found.cloud.bigquery_endpoint, found.cloud.timeout) == ("", "", 60)
    assert (found.district.landing_days, found.district.off, found.sandbox.enabled) == (30, (), False)
    assert found.district.catalogue == alone.parent / "catalogue"
    assert settings.in_force() == f"morning {VERSION}, configured by {alone}"


def test_every_path_of_the_settings_is_taken_so() -> None:
    found = {
        (name, each.name) for name, kind in settings._SECTIONS.items() for each in fields(kind) if each.type is Path
    }
    assert {*configuration.PATHS} - {("scheduler", "state_path")} == found


def test_a_path_is_relative_to_the_file_that_says_it(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the run stands; the district's own file may lie anywhere. One of the environment is as it is there."""
    monkeypatch.setenv("OWN_KEYS", "/srv/keys")
    monkeypatch.chdir("/")
    said = {
        "district": {**ANSWERS["district"], "landing": "var/landing", "drop": "/srv/drop", "logs": "var/log"},
        "secrets": {"folder": "${OWN_KEYS}"},
        "sftp": {"known_hosts": "known_hosts"},
        "sftp:otus": {"host": "h", "port": "22", "user": "u", "key": "keys/otus"},
    }
    write(alone, said)
    settings.load.cache_clear()
    found, here = settings.load(), alone.parent
    assert (found.district.landing, found.district.drop) == (here / "var/landing", Path("/srv/drop"))
    assert (found.secrets.folder, found.sftp.known_hosts) == (Path("/srv/keys"), here / "known_hosts")
    assert found.account("otus").key == f"{here}/keys/otus"


def test_the_scheduler_s_state_lies_where_the_district_says_or_among_its_logs(alone: Path) -> None:
    assert settings.state_path() == Path("/srv/log/luigid/state.pickle")
    write(alone, {**ANSWERS, "scheduler": {"state_path": "state/luigid.pickle"}})
    assert settings.state_path() == alone.parent / "state/luigid.pickle"


def test_the_pretend_districts_paths_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUIGI_CONFIG_PATH")
    settings.load.cache_clear()
    assert (settings.load().district.logs, settings.state_path()) == (Path("var/log"), Path("var/luigid/state.pickle"))


def test_the_pages_file_answers_every_question(alone: Path) -> None:
    (file,) = re.findall(r"```ini\n(.*?)```", (configuration.PRETEND.parent / "docs/district.md").read_text(), re.S)
    alone.write_text(file)
    assert settings.load().district.name == "Your Schools"


def test_luigis_sections_are_everybodys(alone: Path) -> None:
    assert settings.load().core.scheduler_port == 8082
    write(alone, {**ANSWERS, "core": {"scheduler_port": "9099"}})
    settings.load.cache_clear()
    assert settings.load().core.scheduler_port == 9099


def test_every_question_is_told_at_once(alone: Path) -> None:
    write(alone, {"district": {**ANSWERS["district"], "bucket": " ", "zone": "x"}, "sftp:otus": {"host": "h"}})
    settings.load.cache_clear()
    with pytest.raises(ConfigurationError) as told:
        settings.load()
    asked = {f"[{place}" for place in told.value.found.split("; [")[1:]} | {told.value.found.split("; ")[0]}
    assert asked == {
        "[district] has no bucket",
        "[secrets] has no folder",
        "[sftp] has no known_hosts",
        "[sftp:otus] has no port",
        "[sftp:otus] has no user",
    }
    assert f"{alone}" in told.value.next_step


@pytest.mark.parametrize("key", [*ANSWERS["district"]])
def test_each_answer_is_needed(alone: Path, key: str) -> None:
    write(alone, {**ANSWERS, "district": {**ANSWERS["district"], key: ""}})
    settings.load.cache_clear()
    with pytest.raises(ConfigurationError) as told:
        settings.load()
    assert told.value.found == f"[district] has no {key}"


def test_a_machines_own_file_is_the_default_and_the_pretend_district_is_asked_for_by_name(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "MACHINES", alone)
    monkeypatch.delenv("LUIGI_CONFIG_PATH")
    settings.load.cache_clear()
    assert settings.load().district.name == "Elsewhere"
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "luigi.cfg")
    settings.load.cache_clear()
    assert settings.load().district.name == "Riverbend Schools"
    assert settings.in_force().startswith("PRETEND DISTRICT")


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
def test_yes_and_no(alone: Path, text: str, value: bool) -> None:
    write(alone, {**ANSWERS, "sandbox": {"enabled": text}})
    settings.load.cache_clear()
    assert settings.load().sandbox.enabled is value


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
    """Between two zones that are a whole day apart it is always another day."""
    ahead = configure(district={"timezone": "Pacific/Tongatapu"}).today()
    behind = configure(district={"timezone": "Pacific/Niue"}).today()
    assert ahead - behind == dt.timedelta(days=1)


def test_a_file_that_cannot_be_opened_is_no_empty_one(alone: Path) -> None:
    alone.unlink()
    alone.mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*Is a directory"):
        configuration.parsed(alone)


# ------------------------------------------------------------------------------------------------- who is told


def test_who_is_told(configure: Configure) -> None:
    found = configure(
        notify={"heartbeat": "healthchecks_address", "done_by": "8:30"},
        **{"notify__on call": {"secret": "notify_on_call"}},
        notify__office={"secret": "notify_office", "states": "on  hold, done"},
    )
    assert (found.notify.heartbeat, found.notify.done_by) == ("healthchecks_address", dt.time(8, 30))
    assert found.receivers["on call"].states == {*STATES}
    assert found.receivers["office"].states == {"on hold", "done"}


def test_everything_is_every_state(configure: Configure) -> None:
    found = configure(notify__all={"secret": "all", "states": "everything"})
    assert found.receivers["all"].states == {*STATES}


def test_nobody_is_told_where_nothing_is_said(configure: Configure) -> None:
    found = configure(notify={"done_by": "", "heartbeat": ""})
    assert (found.notify, found.receivers) == (Notify(), {})


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("notify__office", "states", "broken, lost", "`everything`, or some of broken, on hold"),
        ("notify__office", "states", "", "`everything`, or some of broken, on hold"),
        ("notify", "done_by", "half past eight", "a time of the day like 08:30"),
        ("notify", "done_by", "25:00", "a time of the day like 08:30"),
    ],
)
def test_what_is_wrong_of_who_is_told(configure: Configure, section: str, key: str, value: str, expected: str) -> None:
    said = {"notify__office": {"secret": "office"}, "notify": {}}
    error = refusal(configure, **{**said, section: {**said[section], key: value}})
    assert error.found == f"[{section.replace('__', ':')}] {key} = {value}"
    assert error.expected.startswith(expected)


@pytest.mark.parametrize(("section", "key"), [("notify__office", "secret"), ("notify", "heartbeat")])
@pytest.mark.parametrize("address", ["https://hc-ping.com/4f3c", "mailtos://me:hunter2@mail.example", "xoxb-1 2"])
def test_an_address_in_the_place_of_a_name_is_refused_and_not_shown(
    configure: Configure, section: str, key: str, address: str
) -> None:
    error = refusal(configure, **{section: {key: address}})
    assert error.found == f"[{section.replace('__', ':')}] {key} = (not shown)"
    assert address not in f"{error}"
    assert error.expected.startswith("the name of a secret")


def test_a_receiver_without_a_secret_is_a_question(configure: Configure) -> None:
    assert refusal(configure, notify__office={"states": "done"}).found == "[notify:office] has no secret"
