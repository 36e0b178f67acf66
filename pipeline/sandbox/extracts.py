"""BigQuery's stand-in: an extract that is larger than an object may be, into several objects or not at all."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.sandbox.badday import BadDay

# Bytes that BigQuery writes into one object at most.
LARGEST = 1_000_000_000
_WHY = (
    "Table too large to be exported to a single file. Specify a uri including a * to shard export. See 'Exporting data "
    "into one or more files' in https://cloud.google.com/bigquery/docs/exporting-data."
)


def keep_objects_small(bad_day: BadDay) -> None:
    """Without it, each extract is one object, whatever its size, and a `*` in its name is the number of the first.

    As with BigQuery, the rows are in several objects then, each with the header and some without rows.
    """
    from local_bigquery.catalog import tables
    from local_bigquery.errors import BigQueryError
    from local_bigquery.jobs import extract, runner
    from local_bigquery.models import JobStatistics4

    written = extract.written

    @contextlib.contextmanager
    def of_a_size(uri: str) -> Iterator[str]:
        with written(uri) as target:
            yield target
            size, largest = Path(target).stat().st_size, bad_day.largest() or LARGEST
            if size > largest:
                error = BigQueryError("invalid", _WHY)
                error.times = size // largest + 1
                raise error

    def shards(cursor: Any, query: str, config: Any, uri: str) -> int:
        def write(some: str, number: int) -> int:
            to = config.replace(destinationUris=[uri.replace("*", f"{number:012}")])
            return int(extract.write(cursor, some, {}, to))

        try:
            write(query, 0)
        except BigQueryError as error:
            if "*" not in uri or not (times := getattr(error, "times", 0)):
                raise
            ((rows,),) = cursor.execute(f"SELECT count(*) FROM ({query})").fetchall()  # noqa: S608
            number, each = 2 * times + 1, -(-rows // (2 * times))
            for shard in range(number):
                write(f"{query} LIMIT {each} OFFSET {shard * each}", shard)
            return number
        return 1

    def run(cursor: Any, config: Any, upload: str | None) -> Any:
        reference = tables.reference(config.sourceTable)
        tables.load(*reference)
        query = f"SELECT * FROM {tables.name(*reference)}"  # noqa: S608
        counts = [str(shards(cursor, query, config, uri)) for uri in extract._uris(config)]
        return JobStatistics4(destinationUriFileCounts=counts, inputBytes="0")

    extract.written, extract.run = of_a_size, run
    runner.HANDLERS["extract"] = run
