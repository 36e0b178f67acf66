"""`python -m pipeline` with the benchmark's catalogue in the place of the district's."""

import os
import sys
from pathlib import Path


def main() -> int:
    """As the real entry, so that its whole start-up is measured."""
    from pipeline import __main__, agreements, deliveries, feeds, schemas, sql, vendors

    folder = Path(os.environ["BENCH_FOLDER"])
    schemas.FOLDER, sql.FOLDER = folder / "schemas", folder / "sql"
    from bench import workload

    feeds.FEEDS.clear()
    feeds.FEEDS.update(workload.FEEDS)
    deliveries.DELIVERIES.clear()
    deliveries.DELIVERIES.update(workload.DELIVERIES)
    vendors.VENDORS.clear()
    vendors.VENDORS.update(workload.VENDORS)
    agreements.beyond = lambda vendor, file, columns, on=None: []  # nobody's data
    return __main__.main()


if __name__ == "__main__":
    sys.exit(main())
