"""Failures, each cause once: what was found, what to do, what met it, what it holds up.

Failures are of one cause when their errors say so (`shared`: one login, one folder, one outage), or when their
sentences are the same. Names are those that people say: "Clever's students.csv", not a task's.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.ground import manifests
from pipeline.ground.command import MORNING
from pipeline.ground.errors import PipelineError
from pipeline.outbound import verdicts
from pipeline.run.failures import Failure, Harm
from pipeline.run.status import DONE, Flow, Seen, views_of

# What begins a command, among the words between backticks.
_COMMANDS = (MORNING, "./", "sudo ", "chmod ", "gcloud ", "systemctl ", "ssh-keygen ")
_ORDER: tuple[Harm, ...] = ("broken", "on hold", "late")


@dataclass(frozen=True)
class Cause:
    """One reason, told once: `harm` says what it does, `found`, `expected` and `do` are the three sentences, `commands`
    those of `do` that can be pasted.

    `name` is the same while the reason is the same, and another one for another reason; of a hold, it is the table that
    shows why, or the delivery. `met` are the things that met it, as people call them, `flows` the feeds, views and
    deliveries of these; `blocks` are the deliveries that wait for it.
    """

    harm: Harm
    name: str
    found: str
    expected: str = ""
    do: str = ""
    commands: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


def grouped(found: Iterable[Failure], state: Sequence[Flow], date: dt.date) -> tuple[Cause, ...]:
    """The causes of the failures of a date, the worst first. `state` is where each flow stands."""
    groups: dict[tuple[str, ...], list[Failure]] = {}
    for failure in found:
        groups.setdefault(_key(failure), []).append(failure)
    # Whoever met it first is chance: the same morning is told in the same words.
    ordered = (sorted(group, key=lambda each: (not each.of, each.of, each.found)) for group in groups.values())
    causes = [_cause(group, state, date) for group in ordered]
    return tuple(sorted(causes, key=lambda each: (_ORDER.index(each.harm), -len(each.blocks), -len(each.met))))


def releasable(hold: Failure, date: dt.date) -> bool:
    """Whether a person may let the set go: not what the vendor's agreement does not list, or what was passed by."""
    return hold.next == verdicts.advice([hold.flow], date)


def mended(failure: Failure, seen: Seen) -> bool:
    """Whether what failed has come about since: all flows that it was about are done, or wait for nobody's decision."""
    about = [flow for flow in seen.flows if flow.flow in failure.flow.split()]
    if failure.flow in seen.deployed:
        return True
    if failure.task == "VendorFile" and failure.error:  # nobody could look: what is done may be of an older file
        return False
    if failure.harm == "on hold":
        return any(flow.state != "on hold" for flow in about)
    goes_on = failure.harm == "late" and not failure.next  # an older file stands in: that is the state now
    return bool(about) and not goes_on and all(flow.state in DONE and not flow.stale for flow in about)


def _key(failure: Failure) -> tuple[str, ...]:
    if failure.harm == "on hold":
        return failure.harm, failure.shared or failure.flow
    if failure.task == "VendorFile" and failure.shared:  # files of other hours are waited for otherwise
        return failure.harm, failure.error, f"{failure.shared}\n{failure.expected}\n{failure.next}"
    return failure.harm, failure.error, failure.shared or f"{failure.found}\n{failure.next}"


def _cause(group: list[Failure], state: Sequence[Flow], date: dt.date) -> Cause:
    first = group[0]
    following = _of_holds(group, date) if first.harm == "on hold" else first.next
    return Cause(
        first.harm,
        _name(first),
        _found(group),
        first.expected,
        following,
        _commands(following),
        tuple(dict.fromkeys(filter(None, map(called, group)))),
        _blocked(group, state),
        tuple(dict.fromkeys(name for failure in group for name in failure.flow.split())),
    )


def _name(failure: Failure) -> str:
    if failure.harm == "on hold":
        return failure.table or failure.flow
    return manifests.fingerprint(re.sub(r"\d+", "#", " ".join(_key(failure))))[:8]


def _found(group: list[Failure]) -> str:
    """What they have in common, and what the first of several found; of a hold also of one alone."""
    first = group[0]
    several = len({each.found for each in group}) > 1
    if first.harm == "on hold" and first.shared:
        return "; ".join((first.shared, *(each.found for each in group)))
    return f"{first.shared}; the first: {first.found}" if first.shared and several else first.found


def _of_holds(group: list[Failure], date: dt.date) -> str:
    """What to do about sets that are on hold for one reason."""
    if all(releasable(each, date) for each in group):
        return verdicts.advice([each.flow for each in group], date)
    return "; ".join(dict.fromkeys(each.next for each in group))


def _commands(sentence: str) -> tuple[str, ...]:
    return tuple(words for words in re.findall(r"`([^`]+)`", sentence) if words.startswith(_COMMANDS))


def called(failure: Failure) -> str:
    """What met it, as people call it; '' for what is no flow."""
    name, _, file = failure.of.partition("/")
    if file and name in catalogue.deliveries():
        return f"{vendor(name)}'s {file}"
    return failure.of or failure.flow


def vendor(delivery: str) -> str:
    """Whom it goes to, as people call them."""
    row = catalogue.vendors()[catalogue.deliveries()[delivery].vendor]
    return row.called or row.name.replace("_", " ").capitalize()


def _blocked(group: Iterable[Failure], state: Sequence[Flow]) -> tuple[str, ...]:
    """The deliveries that are made of what failed, and that are not made."""
    about = {name for failure in group for name in failure.flow.split()}
    waiting = [flow.flow for flow in state if flow.direction == "out" and flow.state not in DONE]
    return tuple(name for name in waiting if name not in about and about & _below(name))


def _below(delivery: str) -> set[str]:
    """The feeds and views that a delivery is made of; none when its row or a view's text is broken."""
    row = flows.here()[delivery]
    try:
        return {feed.name for feed in flows.inputs(row)} | views_of(row)
    except PipelineError:
        return set()
