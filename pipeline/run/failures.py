"""What a run could not do: one failure for each task that failed, each file that is not there, each trouble beside."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from pipeline.ground import secrets
from pipeline.ground.errors import OnHold, PipelineError, parted
from pipeline.ground.progress import Event
from pipeline.inbound.lateness import Late

# What it does to the morning, the worst first.
Harm = Literal["broken", "on hold", "late"]


@dataclass(frozen=True)
class Failure:
    """`found`, `expected` and `next` are the three sentences (of a foreign error, the first alone), `error` the error's
    class, `task` the family, `of` what it was about, `flow` the feed, view or delivery (of a step of the portal,
    several, with blanks between them). `shared` is what it has in common with others of the same cause; of a hold, that
    is how many rows of `table` came.
    """

    harm: Harm
    found: str
    expected: str = ""
    next: str = ""
    error: str = ""
    task: str = ""
    of: str = ""
    flow: str = ""
    shared: str = ""
    table: str = ""

    def __str__(self) -> str:
        """As the error itself says it."""
        sentences = {"found": self.found, "expected": self.expected, "next": self.next}
        whole = "\n".join(f"{name}: {words}" for name, words in sentences.items())
        return whole if self.next else self.found

    def as_json(self) -> dict[str, str]:
        """For the note of a run: without what is empty."""
        return {name: value for name, value in asdict(self).items() if value}


def of_event(event: Event) -> Failure:
    """The failure of a task."""
    found, expected, following = parted(event.message)
    harm: Harm = "on hold" if event.error == OnHold.__name__ else "broken"
    return Failure(harm, found, expected, following, event.error, event.task, event.of, event.flow, event.shared)


def of_words(words: str) -> Failure:
    """The failure that is told in a sentence, or in three."""
    return Failure("broken", *parted(words))


def of_error(error: PipelineError) -> Failure:
    """The failure of what is no task."""
    shared = secrets.redact(error.shared)
    return Failure("broken", *parted(secrets.told(error)), error=type(error).__name__, shared=shared)


def of_hold(error: OnHold, delivery: str) -> Failure:
    """The failure of a set that waits for a person, as its verdict tells it."""
    return replace(of_error(error), harm="on hold", task="CheckedSet", of=delivery, flow=delivery)


def of_look(error: PipelineError, feed: str, part: str) -> Failure:
    """The failure of a look for a part's file."""
    return replace(of_error(error), task="VendorFile", of=f"{feed} {part}", flow=feed)


def of_late(late: Late) -> Failure:
    """The failure of a file that has not come: late, or with its deadline over broken."""
    harm: Harm = "broken" if late.overdue else "late"
    found, expected, following = parted(late.sentences())
    told = {"task": "VendorFile", "of": f"{late.feed.name} {late.part}", "flow": late.feed.name}
    own = ", but " in late.why or "; beside it is " in late.why or late.why.endswith("being written")
    shared = "" if own else f"files of this morning are not in {late.place}"
    return Failure(harm, found, expected, following, shared=shared, **told)


def of_older(line: str, flow: str) -> Failure:
    """The failure of a file that has not come, and for which an earlier one stands in; `line` says which."""
    of = line.partition(":")[0]
    return Failure("late", line, task="VendorFile", of=of, flow=flow)


def kept(note: dict[str, Any]) -> list[Failure]:
    """The failures of a run's note; of one that another version of the engine left, that it did."""
    names = {field.name for field in fields(Failure)}
    try:
        told: Any = note.get("failures", [] if note.get("exit", 0) == 0 else None)
        return [Failure(**{name: each[name] for name in names & each.keys()}) for each in told]
    except (TypeError, AttributeError):
        return [of_words(_OTHER.format(code=note.get("exit")))]


_OTHER = (
    "found: the last run ended with {code}, and another version of the engine wrote why\n"
    "expected: a note of this version\nnext: look at the log of that run, or run again"
)


def messages(failures: Iterable[Failure]) -> list[str]:
    """What they say."""
    return [str(failure) for failure in failures]
