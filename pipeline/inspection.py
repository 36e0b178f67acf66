"""All that is found of a set before it may go: each file's checks, and what it would change. None stops another."""

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipeline import agreements, checks, churn, garbled, lastgood, references, storage, warehouse
from pipeline.checks import Check, Counted
from pipeline.churn import Change, Pair
from pipeline.feeds import FEEDS
from pipeline.outbound import compared_target, qualified, receipt_target, snapshot_target
from pipeline.sets import Delivery, LandedCopy, ViewFile
from pipeline.targets import PreparedTarget

# So many queries at the same time.
AT_ONCE = 6


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
    """Every file of views, as it is frozen. Raises WarehouseError."""
    receipt = storage.read_json(receipt_target(delivery, date).latest_name) or {}
    frozen = {file.name: qualified(snapshot_target(delivery, file, date)) for file in delivery.view_files}
    keyed = {file.name: qualified(compared_target(delivery, file, date)) for file in delivery.view_files}
    last = {name: _of_deliveries(told) for name, told in receipt.get("snapshots", {}).items()}

    def looked(file: ViewFile) -> Looked:
        sent = _columns(frozen[file.name])
        every = [
            checks.columns_beyond(file, agreements.beyond(delivery.vendor, file.name, sent)),
            garbled.check(file.name, frozen[file.name], sent),
            *references.checks(file),
        ]
        earlier = last.get(file.name)
        now = sent if keyed[file.name] == frozen[file.name] else file.key
        pair = _pair(file, Pair(keyed[file.name], earlier, now)) if earlier else None
        if earlier and not pair:
            every.append(churn.nothing_to_compare(file))
        counted, changes = _counted(file, frozen, pair)
        limited = churn.checks(file, changes, file.churn.on(date)) if pair else {}
        over = [kind for kind, found in limited.items() if not all(each.passed for each in found)]
        return Looked(
            file,
            [*counted.checks, *every, *(each for found in limited.values() for each in found)],
            churn.sentences(delivery, file, changes, over),
            _facts(counted, sent, pair, changes),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(looked, delivery.view_files), *(_of_copy(delivery, copy, date) for copy in delivery.copies)]


def _of_copy(delivery: Delivery, copy: LandedCopy, date: dt.date) -> Looked:
    """A file that goes on as it came: its contract is kept; what remains is whether its columns and its text may go."""
    columns = agreements.columns_of_copy(FEEDS[copy.feed])
    listed = checks.columns_beyond(copy, agreements.beyond(delivery.vendor, copy.name, columns))
    feed = FEEDS[copy.feed]
    sound = garbled.check_copy(copy.name, PreparedTarget(feed, lastgood.date_of(feed, date)).path)
    return Looked(copy, [listed, sound], [], {"columns": columns, "changes": []})


def _of_deliveries(told: str) -> str:
    """The `dataset.table` that a receipt names; a bare name, in an older one, is of `deliveries`."""
    return told if "." in told else f"deliveries.{told}"


def _columns(table: str) -> tuple[str, ...]:
    """The columns of a `dataset.table`; none when it is not there."""
    return warehouse.columns(*table.split(".")) or ()


def _pair(file: ViewFile, pair: Pair) -> Pair | None:
    """The pair with the columns that both have; None when the earlier rows are gone, or were of another kind."""
    earlier = _columns(pair.before)
    if not {*file.key, *filter(None, [file.people, file.school])} <= set(earlier):
        return None
    return replace(pair, columns=tuple(column for column in pair.columns if column in earlier))


def _counted(file: ViewFile, frozen: Mapping[str, str], pair: Pair | None) -> tuple[Counted, list[Change]]:
    """All that the warehouse counts of a file, by one query."""
    query = checks.query(file, frozen)
    if pair:
        query = churn.query(query, file, pair)
    found = warehouse.ask(query, f"checking {file.name}")
    return checks.judged(file, frozen, found[0]), churn.by_school(found) if pair else []


def _facts(counted: Counted, columns: tuple[str, ...], pair: Pair | None, changes: list[Change]) -> dict[str, Any]:
    """What the receipt and `python -m pipeline diff` need to know."""
    compared = {"now": pair.now, "before": pair.before, "compared": pair.columns} if pair else {}
    told = {"rows": counted.rows, "students": counted.students, "columns": columns}
    return {**told, **compared, "changes": [each.as_json() for each in changes]}
