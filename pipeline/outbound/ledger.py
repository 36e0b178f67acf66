"""The ledger: what was given to whom, about which students, when, and on what ground. Dataset `operations`.

It is made of the receipts, each entered exactly once, whatever is killed when and however often it is begun: first its
students, and then beside each other what of each file, and the set. Whose rows a file held is read from the rows that
were frozen for it, before those expire; of a file that goes on as it came, from the table that it was loaded into,
while that holds the same file, and then from the bucket's copy or ours.
"""

import datetime as dt
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline import catalogue
from pipeline.ground import secrets
from pipeline.ground.errors import PipelineError, WarehouseError
from pipeline.ground.looks import ahead
from pipeline.inbound import steps
from pipeline.outbound import entries, ledgerrows, receipts
from pipeline.outbound.ledgerrows import DATASET, DELIVERIES, DISCLOSURES, STUDENTS, File
from pipeline.outside.cloud import warehouse
from pipeline.outside.cloud.evidence import TableTarget

# So many receipts are entered at the same time.
AT_ONCE = 16
# So long a receipt waits for the table that its file is loaded into; after that it is entered without names.
WAITS = dt.timedelta(days=2)
# So many days a table stays that is made for the ledger alone.
KEPT = 1


class _NotLoaded(PipelineError):
    """The table of a file that went on as it came does not hold it yet: a question of when."""


@dataclass
class Recorded:
    """What a call has entered, and of which of these somebody must look whether all students could be named (`unsure`);
    what it could not do, and in sentences what waits for a table to be loaded."""

    deliveries: list[str] = field(default_factory=list)
    trouble: list[PipelineError] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def record() -> Recorded:
    """Enter every receipt that the ledger does not have, and look whose rows cannot be told any more. What fails is
    left to the next call, and told."""
    done = enter()
    done.trouble += unnamed(done.unsure)
    return done


def enter(*, lately: bool = False) -> Recorded:
    """As `record`, without the look; `lately` with the last months' receipts alone, of which a run's are. A receipt of
    another date's run, which was killed, is entered by who looks at all: the next day's first run does."""
    done = Recorded()
    try:
        missing = _missing(lately=lately)
    except PipelineError as error:
        done.trouble.append(_told("receipts were not entered", error))
        return done
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, found in zip(missing, pool.map(_tried, missing), strict=True):
            if isinstance(found, _NotLoaded):
                done.waiting.append(f"the receipt {name} {found.found}")
            elif isinstance(found, PipelineError):
                done.trouble.append(_told(f"the receipt {name} was not entered", found))
            else:
                done.deliveries.append(name)
                done.unsure += [] if found else [name]
    return done


def _told(what: str, error: PipelineError) -> PipelineError:
    return type(error)(
        secrets.redact(f"{what} in the ledger of disclosures, the next run goes on with it: {error.found}"),
        expected="all that was given entered",
        next_step=error.next_step,
        shared=error.shared,
    )


def _missing(*, lately: bool) -> list[str]:
    """The objects of the receipts that are not in the ledger. Its tables are there then."""
    ahead([partial(warehouse.find, DATASET, "")])
    kept = receipts.kept(lately=lately)
    if not kept:
        return []
    entries.prepare((STUDENTS, DISCLOSURES, DELIVERIES))
    entered = _entered()
    return [name for identity, name in kept.items() if identity not in entered]


def _entered() -> set[str]:
    """The receipts of which all is there: the set and its files, whichever of them came first."""
    with ThreadPoolExecutor(2) as pool:
        files = pool.submit(entries.rows, DISCLOSURES, "receipt")
        sets = entries.rows(DELIVERIES, "receipt", "file_count")
        told = {receipt for (receipt,) in files.result()}
    return {receipt for receipt, count in sets if receipt in told or not count}


# What this process is entering: who misses the same receipt meanwhile waits for that.
_underway: dict[str, Future[bool]] = {}
os.register_at_fork(after_in_child=_underway.clear)


def _tried(name: str) -> PipelineError | bool:
    """What `_enter` says, or raises; where that fails in another thread, it is tried once more in this one."""
    mine: Future[bool] = Future()
    while (theirs := _underway.setdefault(name, mine)) is not mine:
        with suppress(Exception):
            return theirs.result()
    try:
        entered = _enter(name)
    except BaseException as error:
        del _underway[name]
        mine.set_exception(error)
        if isinstance(error, PipelineError):
            return error
        raise
    del _underway[name]
    mine.set_result(entered)
    return entered


def _enter(name: str) -> bool:
    """Enter the receipt; whether it is known by that, without a look, that all its students are named."""
    receipt = receipts.read(name)
    try:
        files = [_file(receipt, name) for name in receipt["files"]]
        values = ledgerrows.values(receipt, files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise receipts.spoilt(name) from error
    job = f"ledger-{values['receipt']}"

    def enter(statement: str, of: str = "") -> int:
        return entries.enter(statement, f"{job}{of}", f"entering {name}", **values)

    named = enter(ledgerrows.students(files)) if any(file.facts["student"] for file in files) else 0
    rest = {"-files": ledgerrows.disclosures(len(files)), "-set": ledgerrows.delivery()}
    with ThreadPoolExecutor(len(rest)) as pool:
        for done in [pool.submit(enter, statement, of) for of, statement in rest.items() if statement]:
            done.result()
    return named == sum(int(file.facts["students"]) for file in files)


# ------------------------------------------------------------------------------------------------------- one receipt


def _file(receipt: dict[str, Any], name: str) -> File:
    facts = {**receipt["files"][name], **receipt["contents"][name], "remote": f"{receipt['folder']}/{name}"}
    held = warehouse.find(*facts["table"].split("."))
    there = held.there and facts["labels"].items() <= held.labels.items()
    if not facts["student"] or there:
        return File(name, facts, facts["table"] if facts["student"] else "")
    if facts["students"] and _to_come(receipt, facts):
        raise _NotLoaded(
            f"waits for {name} to be loaded into {facts['table']}, which then tells whose rows it held",
            expected="the table to hold the file that was sent",
            next_step="run the morning again",
        )
    return File(name, facts, _loaded_beside(facts) if facts["students"] else "")


def _loaded_beside(facts: dict[str, Any]) -> str:
    """A table for the ledger alone, where the feed's has gone on to another file; '' when the file is gone too."""
    dataset, table = facts["table"].split(".")
    feed = catalogue.feeds().get(table)
    if feed is None or feed.dataset != dataset or not facts["labels"]:
        return ""
    to = "deliveries" + (warehouse.RESTRICTED if warehouse.restricted(dataset) else "")
    as_of = dt.date.fromisoformat(facts["labels"]["as_of"])
    return steps.load_beside(feed, as_of, facts["labels"]["sha"], to, KEPT)


def _to_come(receipt: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether the table may still get the rows that were sent, since it holds none of a later day; for some days."""
    dataset, table = facts["table"].split(".")
    holds = TableTarget(dataset, table, {}).as_of()
    passed = holds is not None and holds.isoformat() > facts["labels"].get("as_of", "")
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(receipt["sent_at"])
    return bool(facts["labels"]) and not passed and age < WAITS


def unnamed(names: Iterable[str]) -> list[PipelineError]:
    """An error for each file of these receipts, just entered, whose students could not be told any more: it is said
    once, by whoever entered them."""
    entered = tuple(map(receipts.named, names))
    if not entered:
        return []
    query = f"""
        SELECT delivery, period, file, students FROM `{DISCLOSURES.name}`
        WHERE receipt IN UNNEST(@receipts) AND students_named != students ORDER BY sent_at, file
    """  # noqa: S608
    try:
        found = entries.ask(query, "looking into the ledger", receipts=entered)
    except PipelineError as error:
        return [_told("nobody could look whose rows were just entered", error)]
    return [
        WarehouseError(
            f"the ledger does not say which {each['students']:,} students were in {each['file']} of {each['delivery']} "
            f"for {each['period']}: its rows were gone before they were entered",
            expected="frozen rows to stay until they are entered",
            next_step="note it where such requests are answered; what was sent lies in the bucket for `sent_days`",
        )
        for each in found
    ]
