"""What tasks tell the run and the visualiser, and what a run prints of it."""

import datetime as dt
import json
import os
import select
import threading
from collections.abc import Iterator

import luigi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from luigi.rpc import RPCError

from pipeline.ground import progress
from pipeline.ground.progress import Event, Made, Meter, size
from pipeline.morning import Morning
from pipeline.run.display import Display

MONDAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_940, "999.9 kB"),
        (999_960, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (5_000_000_000, "5.0 GB"),
        (2_000_000_000_000, "2000.0 GB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Made(), "done"),
        (Made(0), "0 rows"),
        (Made(12_345, 1000, "was cp1252"), "12,345 rows, 1.0 kB, was cp1252"),
        (Made(words="unchanged"), "unchanged"),
    ],
)
def test_what_was_made_in_words(made: Made, words: str) -> None:
    assert str(made) == words


@pytest.fixture
def pipe() -> Iterator[int]:
    reading = progress.open_pipe()
    yield reading
    progress.close_pipe()
    os.close(reading)


def one_line(reading: int) -> bytes:
    return os.read(reading, 100_000)


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(0, 9000).map(lambda count: "𝒩é" * count)


def test_event_comes_through_the_pipe_as_it_was(pipe: int) -> None:
    told = Event("done", "LandedFile", "students RSD", "students", 3, 1000, 0.5, "3 rows\nof <b>students</b>", "", 7)
    progress.emit(told)
    assert Event(**json.loads(one_line(pipe))) == told


@given(message=texts)
def test_an_event_is_one_line_written_in_one_piece(message: str) -> None:
    reading = progress.open_pipe()
    try:
        progress.emit(Event("failed", "LandedFile", "students RSD", message=message, error="ContractBroken"))
        line = one_line(reading)
        assert len(line) <= select.PIPE_BUF
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        told = Event(**json.loads(line))
        assert message.startswith(told.message)
        assert told.message == message or len(line) > 300  # only what is too long is cut
        assert told.error == "ContractBroken"
    finally:
        progress.close_pipe()
        os.close(reading)


def test_nobody_listens() -> None:
    progress.emit(Event("done", "LandedFile", "students RSD"))


class Quiet(luigi.Task):
    """A task as a worker runs it: with somebody to tell its messages and its percentage to."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.told: list[str] = []
        self.percent: list[int] = []
        self.set_status_message = self.told.append
        self.set_progress_percentage = self.percent.append


def test_status_message_is_escaped() -> None:
    task = Quiet()
    progress.show(task, '<script>alert("x")</script> & done')
    assert task.told == ["&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; done"]


def test_no_message_outside_a_run() -> None:
    progress.show(Morning(date=MONDAY), "done")


def test_meter_tells_when_a_second_is_over(pipe: int) -> None:
    task = Quiet()
    meter = Meter(task, "students RSD")
    meter(1, 10)
    assert task.told == []
    meter._next = 0.0
    meter(500, 2000)
    meter(600, 2000)
    assert (task.told, task.percent) == (["500 B of 2.0 kB"], [25])
    told = Event(**json.loads(one_line(pipe)))
    assert (told.kind, told.of, told.bytes, told.percent) == ("moving", "students RSD", 500, 25)


def test_meter_of_nothing(pipe: int) -> None:
    task = Quiet()
    meter = Meter(task, "an empty file")
    meter._next = 0.0
    meter(0, 0)
    assert task.percent == [0]


# ------------------------------------------------------------------------------------------------ in the terminal


def test_a_run_prints_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    reading = progress.open_pipe()
    progress.emit(Event("started", "LoadedTable", "students"))
    progress.emit(Event("moving", "LoadedTable", "students", percent=50))
    progress.emit(Event("done", "LoadedTable", "students", rows=3, seconds=1.25, message="3 rows"))
    progress.emit(Event("unchanged", "LoadedTable", "[bold]terms[/bold]", message="unchanged"))
    progress.emit(Event("given", "", "clever_rosters"))
    progress.emit(Event("failed", "PreparedFile", "cc", message="found: x\nexpected: y", error="ContractBroken"))
    progress.close_pipe()
    events: list[Event] = []
    Display().follow(reading, events)
    lines = [line[9:] for line in capsys.readouterr().out.splitlines()]
    assert [" ".join(line.split()) for line in lines] == [
        "done LoadedTable students 3 rows (1.2 s)",
        "unchanged LoadedTable [bold]terms[/bold] (0.0 s)",
        "FAILED PreparedFile cc found: x (0.0 s)",
    ]
    assert [event.kind for event in events] == ["started", "moving", "done", "unchanged", "given", "failed"]


def test_a_display_that_breaks_breaks_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever printing does, the pipe is read to its end: who writes into it would fail, or wait for ever."""

    def broken(self: Display, event: Event) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Display, "_show", broken)
    reading = progress.open_pipe()
    events: list[Event] = []
    reader = threading.Thread(target=Display().follow, args=(reading, events))
    reader.start()
    for number in range(2000):  # more than a pipe holds
        progress.emit(Event("done", "LoadedTable", f"table {number}", message="x" * 100))
    progress.close_pipe()
    reader.join(30)
    assert len(events) == 2000


def test_telling_into_a_pipe_that_nobody_reads_raises_nothing() -> None:
    os.close(progress.open_pipe())
    progress.emit(Event("started", "LoadedTable", "students"))
    progress.close_pipe()


def test_a_scheduler_that_does_not_answer_breaks_no_task() -> None:
    def gone(what: object) -> None:
        raise RPCError("gone")  # type: ignore[no-untyped-call]

    task = Quiet()
    task.set_status_message = task.set_progress_percentage = gone
    progress.show(task, "done")
    progress.moving(task, "x", "1 of 2", 1, 2)
