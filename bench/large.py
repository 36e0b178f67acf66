"""A feed of many rows in little memory: an invented file is prepared in a process of its own, and once more, refused.

    python -m bench.large [--rows 5000000] [--end whole] [--folder FOLDER]

`--end` is what its last row is: "whole" (it is taken), "twice" (its key stood before), "bad" (a day that is none) or
"open" (a quotation mark that is never closed). Printed are the rows, or the refusal; the bytes in a second; and the
most memory (RSS) that the process ever had, and had when it had imported all that it needs.
"""

import argparse
import datetime as dt
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from pipeline.catalogue import dialect
from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground.arrow import pacsv, pc
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part

COLUMNS = (
    Column("record_id", mode="REQUIRED"),
    Column("student_number"),
    Column("school"),
    Column("name"),
    Column("address"),
    Column("entry_date", "DATE"),
    Column("grade_points", "NUMERIC"),
    Column("minutes", "INTEGER"),
    Column("note"),
)
CONTRACT = Contract(COLUMNS, key=("record_id", "student_number"))
# Rows that are made, and written, at a time.
STEP = 100_000
ENDS = {
    "whole": "",
    "twice": "1000000000,4127000,7,Ann Ray,1 Oak Street Apt 1,2026-08-10,3.5,40,\n",
    "bad": "1,4127000,7,Ann Ray,1 Oak Street Apt 1,2026-02-30,3.5,40,\n",
    "open": '1,4127000,7,"Ann Ray,1 Oak Street Apt 1,2026-08-10,3.5,40,\n',
}


def write(path: Path, rows: int, end: str) -> None:
    """The file: UTF-8, about 85 bytes a row, in no order of its key."""
    chance = random.Random(20261130)
    streets = [f"{number} {street} Street Apt {number % 7}" for number in range(1, 200) for street in ("Oak", "Elm")]
    days = [str(dt.date(2019, 8, 1) + dt.timedelta(days=day)) for day in range(2_500)]
    texts = {
        "school": [str(number) for number in range(1, 40)],
        "name": ["Ann Ray", "Bo Núñez", "Cy O'Brien", "Di, the 2nd", 'Zoë "Z" Li'],
        "address": streets,
        "entry_date": days,
        "grade_points": [f"{number / 100:.2f}" for number in range(400)],
        "minutes": [str(number) for number in range(500)],
        "note": ["", "ok", "present all of the day"],
    }
    columns = {name: pa.array(chance.choices(values, k=STEP)) for name, values in texts.items()}
    with path.open("wb") as file:
        dialect.write_header([column.name for column in COLUMNS], file)
        for first in range(0, rows, STEP):
            numbers = pa.arange(first, min(first + STEP, rows))
            ids = [(1_000_000_000 + number * 7919 % 1_000_000_007) for number in numbers.to_pylist()]
            keys = [pa.array(ids).cast(pa.string()), pc.add(numbers, 4_127_000).cast(pa.string())]
            turned = [
                pa.concat_arrays([each.slice(first // STEP), each]).slice(0, len(ids)) for each in columns.values()
            ]
            dialect.write(pa.table([*keys, *turned], [column.name for column in COLUMNS]), file)
        file.write(ENDS[end].encode())


def _memory() -> int:
    """The most that this process ever had, in MB. (What getrusage tells begins with its parent's.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def prepare(path: Path) -> None:
    """Prepare the file, and print what is measured."""
    assert pa.array and pc.sum and pacsv.open_csv  # they are imported when they are first asked for
    before, begun = _memory(), time.monotonic()
    try:
        told = f"{preparing.prepare([Part('only', path)], CONTRACT, path.with_name('prepared.csv')).rows:,} rows"
    except ContractBroken as refusal:
        told = refusal.found
    seconds = time.monotonic() - begun
    size = path.stat().st_size / 1e6
    speed = f"{size:,.0f} MB in {seconds:.1f} s, {size / seconds:.0f} MB/s"
    print(f"{told}: {speed}, {_memory()} MB of memory ({before} before)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--end", choices=ENDS, default="whole")
    parser.add_argument("--folder", type=Path, help="where the file is made (default: where temporary files are)")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.prepare:
        prepare(told.prepare)
        return
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        write(file := Path(folder) / "large.csv", told.rows, told.end)
        subprocess.run([sys.executable, "-m", "bench.large", "--prepare", file], check=True)


if __name__ == "__main__":
    main()
