"""What a check says: a line of what was looked at and found, and what to do where that is not good."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.ground.errors import PipelineError

State = Literal["good", "warning", "wrong", "left out"]


@dataclass(frozen=True)
class Line:
    """`of` is the party (a vendor's name, or '' of this machine), `check` what was looked at.

    "warning" is what a morning can go on with; "wrong" is what would break it; "left out" was not looked at, because
    what it needs is wrong. `remedy` is a command or a line to type, or whom to ask what; `expected` is for programs.
    """

    state: State
    found: str
    remedy: str = ""
    expected: str = ""
    check: str = ""
    of: str = ""


def good(found: str) -> Line:
    return Line("good", found)


def warning(found: str, remedy: str) -> Line:
    return Line("warning", found, remedy)


def wrong(found: str, remedy: str) -> Line:
    return Line("wrong", found, remedy)


def broken(error: PipelineError, remedy: str = "") -> Line:
    """What an error says, its remedy replaced by a better one where there is one."""
    return Line("wrong", error.found, remedy or error.next_step, error.expected)


def named(line: Line, check: str, of: str = "") -> Line:
    """The line, saying what was looked at and whose it is."""
    return replace(line, check=line.check or check, of=line.of or of)


def text(line: Line) -> str:
    """The line as people read it, its remedy below."""
    name = f"{line.of}: {line.check}" if line.of else line.check
    state = line.state.upper() if line.state == "wrong" else line.state
    told = f"{state:<8}  {name:<28}  {line.found}"
    if not line.remedy:
        return told
    return f"{told}\n{'':<10}next: " + line.remedy.replace("\n", f"\n{'':<10}")


def count(number: int, thing: str) -> str:
    """As "1 file", "2 files"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def summary(lines: Iterable[Line]) -> str:
    """What it all comes to."""
    states = [line.state for line in lines]
    counts = {state: states.count(state) for state in ("wrong", "warning", "good", "left out")}
    words = {"warning": "to be thought about", "left out": "not looked at, for what comes before them is wrong"}
    told = ", ".join(f"{number} {words.get(state, state)}" for state, number in counts.items() if number)
    if counts["wrong"]:
        return f"The first morning would not work: {told}."
    return f"Nothing keeps the first morning from working: {told}."
