"""What may go out: the checks of a file's frozen rows, computed in the warehouse. Every check is a value."""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline import warehouse
from pipeline.deliveries import ViewFile


@dataclass(frozen=True)
class Check:
    """One check of one file: what was found, what the limit is, whether it passed."""

    file: str
    name: str
    found: float
    limit: str
    passed: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.name} is {self.found:g}, must be {self.limit}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def of_file(file: ViewFile, snapshot: str, before: str | None) -> list[Check]:
    """The checks of the frozen rows `snapshot`.

    `before` has the last accepted delivery's keys (and often its rows), or is None when there is none to compare with.
    Both are a `dataset.table`.
    """
    counted = _counts(file, snapshot, before)
    checks = [
        _at_least(file, "rows", counted["row_count"], file.floor),
        _none(file, f"rows whose key ({', '.join(file.key)}) occurred before", counted["row_count"] - counted["keys"]),
    ]
    for number, column in enumerate(file.required):
        checks.append(_none(file, f"rows without {column}", counted[f"empty_{number}"]))
    if counted["before"]:
        gone = counted["gone"] / counted["before"]
        name = f"share of the last delivery's {counted['before']:,} keys that are gone ({counted['gone']:,})"
        checks.append(Check(file.name, name, round(gone, 4), f"at most {file.max_drop:g}", gone <= file.max_drop))
    return checks


def nothing_to_compare(file: ViewFile) -> Check:
    """The check that fails when the rows of the last accepted delivery are gone: a person must look instead."""
    return Check(file.name, "tables with the last delivery's rows to compare with", 0, "1 (they expire)", False)


def _at_least(file: ViewFile, name: str, found: int, limit: int) -> Check:
    return Check(file.name, name, found, f"at least {limit}", found >= limit)


def _none(file: ViewFile, name: str, found: int) -> Check:
    return Check(file.name, name, found, "0", found == 0)


def _counts(file: ViewFile, snapshot: str, before: str | None) -> dict[str, int]:
    key = " || '\\n' || ".join(f"IFNULL(`{column}`, '')" for column in file.key)
    empty = "".join(
        f", COUNTIF(IFNULL(`{column}`, '') = '') AS empty_{number}" for number, column in enumerate(file.required)
    )
    earlier = f"""
        (SELECT COUNT(DISTINCT {key}) FROM `{before}`) AS `before`,
        (SELECT COUNT(DISTINCT {key}) FROM `{before}`
          WHERE {key} NOT IN (SELECT {key} FROM `{snapshot}`)) AS gone
    """  # noqa: S608  (names out of our own catalogue)
    query = f"""
        SELECT COUNT(*) AS row_count, COUNT(DISTINCT {key}) AS `keys`{empty},
          {earlier if before else "0 AS `before`, 0 AS gone"}
        FROM `{snapshot}`
    """  # noqa: S608
    return warehouse.ask(query, f"checking {file.name}")[0]
