"""What a run with nothing to do imports: a third of its time is the start."""

import subprocess
import sys

import pytest

HEAVY = (
    *("pyarrow", "numpy", "pandas", "invoke", "selenium", "apprise", "jinja2", "sqlglot", "duckdb"),
    *("grpc", "google.protobuf.message", "opentelemetry", "tqdm", "tornado"),
)


def imported_by(words: str) -> set[str]:
    """The modules that are there after these words, in a process of its own."""
    said = f"{words}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_run_begins_without_what_only_work_needs() -> None:
    there = imported_by("import pipeline.__main__, pipeline.catalogue.flows, pipeline.run.runner")
    assert "luigi" in there
    assert sorted(there & {*HEAVY}) == []


def test_the_looks_at_the_vendors_begin_before_the_rest_is_imported() -> None:
    there = imported_by("import pipeline.commands.running, pipeline.run.early")
    assert "pipeline.inbound.sources" in there
    assert sorted(there & {"luigi", "requests", "google.auth", "pipeline.ground.cloud", "pipeline.run.runner"}) == []


@pytest.mark.parametrize("first", ["pa.array([1])", "pc.sum([1, 2])", "pacsv.ParseOptions()"])
def test_arrow_comes_when_it_is_used_with_an_allocator_that_gives_back(first: str) -> None:
    words = f"from pipeline.ground.arrow import pa, pacsv, pc; {first}; assert pa.default_memory_pool().backend_name"
    there = imported_by(f"{words} == 'jemalloc'")
    assert "pyarrow" in there
    other = "import pyarrow\ndef no(): raise NotImplementedError\npyarrow.jemalloc_memory_pool = no\n"
    assert "pyarrow" in imported_by(f"{other}{words} == 'system'")
    assert imported_by("from pipeline.ground.arrow import pa, pacsv, pc").isdisjoint(HEAVY)


GIVES_BACK = """
import pathlib, threading, time
from pipeline.ground.arrow import pa
def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096
def work():
    held = [pa.repeat(1, 1 << 17) for _ in range(64)]
    most, begun, looks = resident(), time.monotonic(), 0
    del held
    while resident() > most - (48 << 20) and (looks < 50 or time.monotonic() < begun + 0.7):
        pa.repeat(1, 1 << 15)  # what is to be given back is, when something else is asked for
        looks += 1
    print("LESS" if resident() <= most - (48 << 20) else "AS-MUCH")
pa.array([1])  # as the first task has it: imported by the time the others begin
thread = threading.Thread(target=work)  # as a task
thread.start()
thread.join()
"""


def test_what_arrow_had_goes_back_to_the_machine_before_the_next_feed_needs_it() -> None:
    assert "LESS" in imported_by(GIVES_BACK)


def test_what_is_hidden_is_there_again_afterwards() -> None:
    words = "import json\nfrom pipeline.ground.unused import hidden\nwith hidden('pyarrow', 'json'):\n    import json\n"
    assert "pyarrow" not in imported_by(f"{words}None")
    assert "pyarrow" in imported_by(f"{words}import pyarrow")


def test_what_was_blank_is_itself_afterwards() -> None:
    words = (
        "from pipeline.ground.unused import blank\nwith blank('json', 'csv'):\n    import json, csv\n"
        "assert not hasattr(json, 'loads') and not hasattr(csv, 'reader')\n"
        "import json, csv; json.loads, csv.reader"
    )
    imported_by(words)


def test_the_clients_of_google_do_without_what_is_hidden_and_blank() -> None:
    """What comes later and needs it gets the whole of it."""
    words = (
        "import pipeline.ground.cloud; from google.protobuf import timestamp_pb2; timestamp_pb2.Timestamp(seconds=1);"
        "import google.rpc.error_details_pb2 as details; details.ErrorInfo(reason='none')"
    )
    assert "google.protobuf.message" in imported_by(words)


def test_no_garbage_is_looked_for_while_a_run_begins() -> None:
    words = (
        "import gc; from pipeline.ground.unused import uncollected\n"
        "with uncollected():\n    assert not gc.isenabled(); kept = [[] for _ in range(100_000)]\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 100_000"
    )
    imported_by(words)
