"""What a command answers to a program: one JSON document, whatever the command and however it ends."""

import argparse
import json

import pytest

from pipeline import __main__
from pipeline.commands import words
from pipeline.ground.errors import ConfigurationError

from .conftest import Configure


def names() -> list[str]:
    parser = words.parser("", for_programs=False)
    (commands,) = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return list(commands.choices)


@pytest.mark.parametrize("name", ["", *names()])
def test_each_help_has_the_exit_codes_and_each_command_answers_programs(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        __main__.main([*filter(None, [name]), "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    for code in ("0", "20", "30", "40", "2"):
        assert f"\n  {code} " in out
    assert ("--json" in out) == bool(name)


@pytest.mark.parametrize("words", [["again", "studnets"], ["history", "studnets"]])
def test_an_error_is_three_fields(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([*words, "--json"]) == 30
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["exit"] == 30
    assert found["error"]["kind"] == "ConfigurationError"
    assert found["error"]["found"].endswith("is called studnets")
    assert found["error"]["next"] == "did you mean students?"
    assert told.err == ""
    assert __main__.main(words) == 30
    told = capsys.readouterr()
    assert (told.out, "next: did you mean students?" in told.err) == ("", True)


def test_a_configuration_that_cannot_be_read_is_told_so_too(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="colour"):
        configure(district={"colour": "red"})
    assert __main__.main(["status", "--json"]) == 30
    assert json.loads(capsys.readouterr().out)["error"]["found"] == "[district] has colour"


def test_wrong_arguments_are_told_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        __main__.main(["release", "--json"])
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (2, "")
    assert "--reason" in json.loads(told.out)["error"]["found"]
    with pytest.raises(SystemExit):
        __main__.main(["release"])
    assert capsys.readouterr().out == ""


def test_what_has_no_data_of_its_own_is_told_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["again", "students", "--date", "2026-11-23", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["exit"], [line[:30] for line in found["said"]]) == (0, ["0 copies of students forgotten"])
    assert __main__.main(["flows", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["said"][0].startswith("| comes in from |")


def test_a_date_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["today", "--date", "2026-11-23", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"date": "2026-11-23"}
    assert __main__.main(["today", "--date", "2026-11-23"]) == 0
    assert capsys.readouterr().out == "2026-11-23\n"
