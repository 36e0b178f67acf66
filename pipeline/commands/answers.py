"""How a command answers: a text for people, or with `--json` one document for programs. One way for all commands.

{"exit": 0, "said": ["…"]}                                      what a command says that has no data of its own
{"exit": 30, "error": {"kind": …, "found": …, "expected": …, "next": …}}      an error, whichever command it ends
"""

import argparse
import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.ground import logs, secrets
from pipeline.ground.console import say
from pipeline.ground.errors import PipelineError

EXITS = """exit codes:
  0    done; or another run of this date is at work
  20   late: a vendor's file is not there yet
  30   broken, or wrong: what is printed says what was found, what was expected, what to do next
  40   on hold: a delivery waits for a person
  2    wrong arguments
  130, 143   interrupted
"""


@dataclass(frozen=True)
class Answer:
    """What a command found: the `text` for people, the `data` for programs, each made only when it is asked for."""

    text: Callable[[], str]
    data: Callable[[], Any]
    code: int = 0


# It answers, or says what it does while it does it and returns its exit code.
Command = Callable[[argparse.Namespace, list[str]], Answer | int]


def given(command: Command, asked: argparse.Namespace, for_luigi: list[str]) -> int:
    """Let the command answer; returns its exit code. Raises PipelineError."""
    if asked.patience:
        from pipeline.ground import cloud

        cloud.hurry(asked.patience)
    logs.nowhere()
    if not asked.json:
        found = command(asked, for_luigi)
        if isinstance(found, int):
            return found
        if text := found.text():
            say(text)
        return found.code
    with contextlib.redirect_stdout(io.StringIO()) as said:
        found = command(asked, for_luigi)
        whole = found.data() if isinstance(found, Answer) else {"exit": found, "said": said.getvalue().splitlines()}
    _print(whole)
    return found.code if isinstance(found, Answer) else found


def broken(error: PipelineError, *, as_json: bool) -> int:
    """Tell what the command ended with; returns the exit code."""
    if as_json:
        _print({"exit": 30, "error": {"kind": type(error).__name__, **sentences(error)}})
    else:
        say(secrets.told(error), error=True)
    return 30


def wrong(message: str, usage: str) -> None:
    """Tell a program of arguments that cannot be read."""
    _print({"exit": 2, "error": {"kind": "arguments", "found": message, "expected": usage, "next": "see --help"}})


def sentences(error: PipelineError) -> dict[str, str]:
    """What was found, what was expected, what to do next."""
    return {"found": error.found, "expected": error.expected, "next": error.next_step}


def _print(whole: Any) -> None:
    say(secrets.redact(json.dumps(whole, indent=1, ensure_ascii=False, default=str)))
