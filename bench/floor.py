"""The floor's warehouse: DuckDB reads the feeds of the current folder and writes each view as CSV."""

import duckdb

from bench import workload

TYPES = {"STRING": "VARCHAR", "INTEGER": "BIGINT", "FLOAT": "DOUBLE", "DATE": "DATE"}


def main() -> None:
    """`<feed>.csv` in, `<view>.csv` out."""
    warehouse = duckdb.connect()
    warehouse.execute(f"CREATE SCHEMA {workload.DATASET}")
    for table in workload.TABLES:
        columns = {column["name"]: TYPES[column["type"]] for column in table.schema()}
        warehouse.execute(
            f"CREATE TABLE {workload.DATASET}.{table.name} AS "  # noqa: S608
            f"SELECT * FROM read_csv('{table.name}.csv', header = true, columns = {columns})"
        )
    for view in workload.VIEWS:
        rows = f"{view.select.replace('`', '')} ORDER BY {', '.join(view.key)}"
        warehouse.execute(f"COPY ({rows}) TO '{view.name}.csv' (HEADER)")


if __name__ == "__main__":
    main()
