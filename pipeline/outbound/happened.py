"""What happened on each morning: a row each table loaded, each set delivered, each run. Dataset `operations`.

The tasks write down what they did (ground/journal.py); the end of a run enters it, each row exactly once, as the
ledger's are (entries.py). No row holds anything of a person. history.py reads them.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.catalogue.schemas import Column
from pipeline.ground import journal, manifests
from pipeline.outbound import entries, receipts
from pipeline.outbound.entries import GrowingTable, Value
from pipeline.outbound.ledgerrows import DATASET
from pipeline.outside.cloud.evidence import TableTarget

log = logging.getLogger(__name__)

# So many rows are entered by one statement: each has a dozen parameters, of which BigQuery takes 10,000.
AT_ONCE = 100


def _column(name: str, type_: str, description: str, mode: str = "REQUIRED") -> Column:
    return Column(name, type_, mode, description)


_DATE = _column("date", "DATE", "The morning that it was of.")
_RUN = _column("run", "STRING", "The run that did it: the wrapper and when it began.")

LOADS = GrowingTable(
    f"{DATASET}.loads",
    (
        _column("entry", "STRING", "Identity of the row."),
        _column(
            "kind", "STRING", "`table` for a table that was loaded, `set` for a delivery that its vendor was given."
        ),
        _column("flow", "STRING", "The feed's or the delivery's name in the catalogue."),
        _DATE,
        _column("row_count", "INTEGER", "Its rows."),
        _column("byte_count", "INTEGER", "Bytes of the files as they came, or went."),
        _column("parts", "STRING", "The feed's parts, or the set's files.", "REPEATED"),
        _column("part_rows", "INTEGER", "The rows of each of these, in the same order.", "REPEATED"),
        _column("sha", "STRING", "What it held: the table's label `sha`, or the receipt's identity."),
        _column("changed_at", "TIMESTAMP", "When the vendor last changed the newest of the feed's files.", "NULLABLE"),
        _column("landed_at", "TIMESTAMP", "When the last of the feed's files was here.", "NULLABLE"),
        _column("done_at", "TIMESTAMP", "When the table was loaded, or the vendor had the whole set."),
        _column("seconds", "FLOAT", "How long the load or the push took; none of an interrupted one.", "NULLABLE"),
        _column("remarks", "STRING", "What was odd, in words.", "REPEATED"),
        _RUN,
    ),
    monthly="date",
    sorted_by="flow",
)
RUNS = GrowingTable(
    f"{DATASET}.runs",
    (
        _RUN,
        _column("wrapper", "STRING", "Morning or Week; MorningHelp; …Rehearsal; or what one flow alone was made by."),
        _DATE,
        _column("began", "TIMESTAMP", "When it began."),
        _column("ended", "TIMESTAMP", "When it ended; none of one that was killed.", "NULLABLE"),
        _column("exit_code", "INTEGER", "0 done, 20 late, 30 broken, 40 on hold; none of a killed run.", "NULLABLE"),
        _column("loaded", "INTEGER", "Tables that it loaded.", "NULLABLE"),
        _column("delivered", "INTEGER", "Sets that it gave to their vendors, or found given.", "NULLABLE"),
        _column("on_hold", "INTEGER", "Deliveries that it left waiting for a person.", "NULLABLE"),
        _column("broken", "INTEGER", "Flows of which something failed.", "NULLABLE"),
        _column("late", "INTEGER", "Files that were late.", "NULLABLE"),
        _column("version", "STRING", "The engine's version."),
    ),
    monthly="date",
)
# The columns of which each row is known, and found again.
_IDENTITY = {LOADS: "entry", RUNS: "run"}


def given(receipt: Mapping[str, Any], seconds: float | None) -> None:
    """Write down that a vendor was given a set, as its receipt says; `seconds` is how long the push took."""
    identity = receipts.identity(dict(receipt))
    files = receipt["files"]
    told = {
        "kind": "set",
        "entry": identity,
        "flow": receipt["delivery"],
        "date": receipt["as_of"],
        "sha": identity,
        "rows": sum(int(file["rows"]) for file in files.values()),
        "parts": {name: int(file["rows"]) for name, file in files.items()},
        "bytes": sum(int(file["bytes"]) for file in files.values()),
        "done_at": receipt["sent_at"],
        "seconds": seconds,
        "remarks": list(_odd(receipt)),
    }
    journal.write(f"set-{receipt['delivery']}-{receipt['period']}-{identity}", told)


def _odd(receipt: Mapping[str, Any]) -> Iterable[str]:
    if receipt.get("released"):
        yield "somebody released it"
    if receipt.get("once_more"):
        yield "sent once more"
    yield from (f"{feed} was of {day}" for feed, day in receipt.get("older_inputs", {}).items())


def record() -> None:
    """Enter what happened and is not entered yet, also what earlier runs left; this run itself, when it has ended. When
    there is nothing, nothing is asked.

    Raises WarehouseError; what is entered by then is, and the next run goes on.
    """
    left = {
        run: {file: row for file, told in files.items() if (row := _row(told))} for run, files in journal.left().items()
    }
    left = {run: rows for run, rows in left.items() if rows}
    if left:
        entries.prepare((LOADS, RUNS))
    for run, rows in left.items():
        _enter(run, list(rows.values()))
        for file in rows:
            journal.remove(file)


def _enter(run: str, rows: list[dict[str, Any]]) -> None:
    """All rows of a table and run under one job's name: then it does not matter how often it is begun. What the tasks
    did is entered before the run's own row is there, and a job of that name is not to be taken for the other."""
    for table, name in ((LOADS, "history"), (RUNS, "history-run")):
        own = _of_table(table, rows)
        for first in range(0, len(own), AT_ONCE):
            values: dict[str, Value] = {}
            script = _statement(table, own[first : first + AT_ONCE], values)
            entries.enter(script, f"{name}-{run}", f"entering what happened in {run}", **values)


def _of_table(table: GrowingTable, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if _IDENTITY[table] == next(iter(row))]


def _row(told: dict[str, Any]) -> dict[str, Any] | None:
    """What was written down as a row of its table; None when it did not happen, or cannot be read."""
    try:
        return _of_run(told) if told["kind"] == "run" else _of_load(told)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("something in the journal cannot be read")
        return None


def _of_run(told: dict[str, Any]) -> dict[str, Any] | None:
    """A run that says no end was killed, but for this one, which goes on."""
    if "ended" not in told and told["run"] == journal.run():
        return None
    counts = {name: told.get(name) for name in ("exit_code", "loaded", "delivered", "on_hold", "broken", "late")}
    return {
        "run": told["run"],
        "wrapper": told["wrapper"],
        "date": dt.date.fromisoformat(told["date"]),
        "began": _moment(told["began"]),
        "ended": _moment(told.get("ended")),
        **counts,
        "version": told["version"],
    }


def _of_load(told: dict[str, Any]) -> dict[str, Any] | None:
    """A load that says no end is one when the table says so: its run was killed in the moment after."""
    if "done_at" not in told:
        labels = {"as_of": told["date"], "sha": told["sha"]}
        if not TableTarget(told["dataset"], told["flow"], labels).exists():
            return None
    return {
        "entry": told.get("entry") or manifests.fingerprint(told["flow"], told["date"], told["sha"], told["begun_at"]),
        "kind": told["kind"],
        "flow": told["flow"],
        "date": dt.date.fromisoformat(told["date"]),
        "row_count": int(told["rows"]),
        "byte_count": int(told["bytes"]),
        "parts": tuple(told["parts"]),
        "part_rows": tuple(map(int, told["parts"].values())),
        "sha": told["sha"],
        "changed_at": _moment(told.get("changed_at")),
        "landed_at": _moment(told.get("landed_at")),
        "done_at": _moment(told.get("done_at") or told["begun_at"]),
        "seconds": told.get("seconds"),
        "remarks": tuple(map(str, told["remarks"])),
        "run": told["run"],
    }


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


# -------------------------------------------------------------------------------------------------------- statements


def _statement(table: GrowingTable, rows: list[dict[str, Any]], values: dict[str, Value]) -> str:
    """One INSERT; what it names @so is put into `values`."""
    identity, names = _IDENTITY[table], ", ".join(column.name for column in table.columns)
    selects = []
    for row in rows:
        told = (f"{_said(row[c.name], c, values)} AS {c.name}" for c in table.columns)
        selects.append(f"SELECT {', '.join(told)}")
    first = _said(min(row["date"] for row in rows), _DATE, values)
    return f"""INSERT INTO `{table.name}` ({names})
        SELECT {names} FROM ({" UNION ALL ".join(selects)}) AS happened
        WHERE {identity} NOT IN (SELECT held.{identity} FROM `{table.name}` AS held WHERE held.date >= {first})"""  # noqa: S608


def _said(value: Any, column: Column, values: dict[str, Value]) -> str:
    """The value as the statement says it: a number as it is, all else as a parameter, each once."""
    kind = {"INTEGER": "INT64", "FLOAT": "FLOAT64"}.get(column.type, column.type)
    if column.mode == "REPEATED" and column.type == "INTEGER":
        return f"ARRAY<INT64>[{', '.join(map(str, value))}]"
    if value is None:
        return f"CAST(NULL AS {kind})"
    if column.type in ("INTEGER", "FLOAT"):
        return f"CAST({value} AS {kind})"
    name = next((name for name, held in values.items() if held == value and type(held) is type(value)), "")
    if not name:
        name = f"value_{len(values)}"
        values[name] = value
    return f"@{name}"
