"""All that is found of a set before it may go: each file's checks, and what it would change. None stops another."""

import datetime as dt
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipeline import catalogue
from pipeline.catalogue import agreement
from pipeline.catalogue.checking import astext
from pipeline.catalogue.delivery import Delivery, LandedCopy, ViewFile
from pipeline.inbound import lastgood
from pipeline.inbound.evidence import PreparedTarget
from pipeline.outbound import checks, churn, columns, garbled, holders, references
from pipeline.outbound.checks import Check, Counted
from pipeline.outbound.churn import Change, Pair
from pipeline.outbound.columns import Last, Values
from pipeline.outbound.evidence import latest_name, verdict_name
from pipeline.outbound.holders import Held
from pipeline.outbound.snapshots import compared_target, qualified, snapshot_target
from pipeline.outside.cloud import storage, warehouse

# So many queries at the same time: all of a set. BigQuery takes a hundred, and queues the rest.
AT_ONCE = 32


@dataclass(frozen=True)
class Looked:
    """All that was found of one file. `words` say what would happen at the reader, of what is over a limit."""

    file: ViewFile | LandedCopy
    checks: list[Check]
    words: list[str]
    facts: dict[str, Any]

    @property
    def failed(self) -> list[Check]:
        return [each for each in self.checks if not each.passed]


def of_set(delivery: Delivery, date: dt.date) -> list[Looked]:
    """Every file: of views, as it is frozen; of a feed, as it came. Raises WarehouseError, ConfigurationError."""
    frozen = {file.name: qualified(snapshot_target(delivery, file, date)) for file in delivery.view_files}
    keyed = {file.name: qualified(compared_target(delivery, file, date)) for file in delivery.view_files}
    return [*of_views(delivery, date, frozen, keyed), *(_of_copy(delivery, copy, date) for copy in delivery.copies)]


def of_views(delivery: Delivery, date: dt.date, frozen: Mapping[str, str], keyed: Mapping[str, str]) -> list[Looked]:
    """Every file of views, whose rows are in the `dataset.table` that `frozen` has for it, and what they are compared
    by in that of `keyed`; `frozen` may say of views, too, where they are. Raises WarehouseError, and ConfigurationError
    where a column is no text."""
    receipt = storage.read_json(latest_name(delivery.name)) or {}
    last = {name: _of_deliveries(told) for name, told in receipt.get("snapshots", {}).items()}

    def looked(file: ViewFile, sent: tuple[str, ...]) -> Looked:
        every = [checks.columns_beyond(file, agreement.beyond(delivery.vendor, file.name, sent))]
        earlier = last.get(file.name)
        now = sent if keyed[file.name] == frozen[file.name] else file.comparable
        pair = _pair(file, Pair(keyed[file.name], earlier, now), columns_last[file.name].result()) if earlier else None
        if earlier and not pair:
            every.append(churn.nothing_to_compare(file))
        counted, changes, values, held = _counted(file, frozen, sent, pair, date)
        every += references.checks(file, referred.result())
        limited = churn.checks(file, changes, file.churn.on(date)) if pair else {}
        over = [kind for kind, found in limited.items() if not all(each.passed for each in found)]
        beyond = columns.judged(file, values, churn.rows(changes), date)
        moved = holders.judged(file, held, date)
        return Looked(
            file,
            [
                *(*counted.checks, *every),
                *(each for found in limited.values() for each in found),
                *([*columns.checks(file, beyond), holders.check(file, moved)] if pair else []),
            ],
            [
                *churn.sentences(delivery, file, changes, over),
                *columns.sentences(file, beyond, found_last.result().get(file.name)),
                *holders.sentences(file, moved),
            ],
            _facts(counted, sent, pair, changes, values),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        referred = pool.submit(references.counted, delivery.view_files)  # the first, so that nobody waits for a place
        found_last = pool.submit(_found_last, delivery, date, receipt)
        columns_last = {name: pool.submit(_columns, table) for name, table in last.items()}
        types = [*pool.map(_columns, (frozen[file.name] for file in delivery.view_files))]
        _refuse_what_is_no_text(delivery, types)
        return [*pool.map(looked, delivery.view_files, map(tuple, types))]


def _of_copy(delivery: Delivery, copy: LandedCopy, date: dt.date) -> Looked:
    """A file that goes on as it came: its contract is kept; what remains is whether its columns and its text may go."""
    sent = agreement.columns_of_copy(catalogue.feeds()[copy.feed])
    listed = checks.columns_beyond(copy, agreement.beyond(delivery.vendor, copy.name, sent))
    feed = catalogue.feeds()[copy.feed]
    sound = checks.garbled_copy(copy, garbled.lines_in(PreparedTarget(feed, lastgood.date_of(feed, date)).copy()))
    return Looked(copy, [listed, sound], [], {"columns": sent, "changes": []})


def _of_deliveries(told: str) -> str:
    """The `dataset.table` that a receipt names; a bare name, in an older one, is of `deliveries`."""
    return told if "." in told else f"deliveries.{told}"


def _columns(table: str) -> dict[str, str]:
    """The columns of a `dataset.table`, and the type of each; none when it is not there."""
    return warehouse.columns(*table.split(".")) or {}


def _refuse_what_is_no_text(delivery: Delivery, types: Iterable[Mapping[str, str]]) -> None:
    """The columns of each file are text. Asked first, the checks' query would be refused without a word of which is
    not."""
    files = zip(delivery.view_files, types, strict=True)
    if wrong := [error for file, columns in files for error in astext.wrong(file.view, columns)]:
        raise astext.together(wrong)


def _pair(file: ViewFile, pair: Pair, earlier: Mapping[str, str]) -> Pair | None:
    """The pair with the columns that both have; None when the earlier rows are gone, or were of another kind."""
    if not {*file.key, *filter(None, [file.people, file.school])} <= set(earlier):
        return None
    return replace(pair, columns=tuple(column for column in pair.columns if column in earlier))


def _counted(
    file: ViewFile, frozen: Mapping[str, str], sent: tuple[str, ...], pair: Pair | None, date: dt.date
) -> tuple[Counted, list[Change], list[Values], list[Held]]:
    """All that the warehouse counts of a file, by one query."""
    query, asked = checks.query(file, frozen, sent), holders.asked(file, pair, date) if pair else ()
    if pair:
        query = holders.query(query, file, pair, asked)
    found = warehouse.ask(query, f"checking {file.name}")
    counted = checks.judged(file, frozen, next(row for row in found if row["one"] == 1))
    if not pair:
        return counted, [], [], []
    return counted, churn.by_school(found), churn.by_column(found, pair), holders.found_in(found, asked)


def _found_last(delivery: Delivery, date: dt.date, receipt: Mapping[str, Any]) -> dict[str, Last]:
    """What was found of the columns of the last accepted set, by file: of the very first one, that nothing changed."""
    if not receipt:
        return {}
    period = dt.date.fromisoformat(receipt["period"])
    verdict = storage.read_json(verdict_name(delivery, period)) or {}
    when = "yesterday" if (date - period).days == 1 else "last time"
    return {
        name: Last([Values(**each) for each in told.get("values", [])], when)
        for name, told in verdict.get("files", {}).items()
    }


def _facts(
    counted: Counted, sent: tuple[str, ...], pair: Pair | None, changes: list[Change], values: list[Values]
) -> dict[str, Any]:
    """What the receipt, `morning diff` and the next set's checks need to know."""
    compared = {"now": pair.now, "before": pair.before, "compared": pair.columns} if pair else {}
    told = {"rows": counted.rows, "students": counted.students, "columns": sent}
    differ = {each.column for each in values if each.differs}
    counts = {"values": [each.as_json() for each in values if each.column in differ]} if pair else {}
    return {**told, **compared, "changes": [each.as_json() for each in changes], **counts}
