"""The long run: as many seeded rounds as one likes, of all views and of all that is asked of a delivery."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench.differential import engines, standin, ugly
from bench.differential.engines import Engines, Found
from pipeline.catalogue import sql

TOLD = 3


def compared(seed: int, rounds: int, folder: Path) -> Iterable[Found]:
    """What came of each view and statement, as it is found."""
    made = ugly.rounds(seed, rounds)
    cases = [f"seed {seed}, round {number}" for number in range(rounds)]
    rows: engines.Cases = {name: {case: one[name] for case, one in zip(cases, made, strict=True)} for name in made[0]}
    with standin.alone(folder) as address, standin.client(address, "differential") as client:
        both = Engines(standin.Staged(client), cases, rows, random.Random(seed))
        yield from engines.views(both, sql.names())
        yield from engines.deliveries(both, engines.every_delivery(), seed)


def main() -> int:
    """Exit code 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.differential", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    began, every = time.monotonic(), []
    print("| asked of both | comparisons | rows | differences |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for found in compared(told.seed, told.rounds, Path(folder)):
            print(f"| {found.name} | {found.asked} | {found.rows} | {len(found.differences)} |", flush=True)
            for words in found.differences[:TOLD]:
                print(f"\n    {words}\n", flush=True)
            every.append(found)
    counts = sum(each.asked for each in every), sum(each.rows for each in every)
    differ = sum(len(each.differences) for each in every)
    print(f"\n{counts[0]} comparisons, {counts[1]} rows, {differ} differences, {time.monotonic() - began:.0f} s")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
