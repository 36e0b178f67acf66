"""The operator's command on a machine whose disk vanishes whenever a task has ended:

    python tests/faults/vanishing.py run Morning --workers 1

All that the landing area has goes, the documents of this very run, too. One task is at work at a time, also where one
has waited for its vendor beside the others. At the end it says how often that was.
"""

import shutil
import sys
import threading
from pathlib import Path

import luigi

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipeline.__main__ import main
from pipeline.ground import settings

ended: list[str] = []
at_work = threading.Lock()


def begin(_: luigi.Task) -> None:
    at_work.acquire()


def end(task: luigi.Task, *_: object) -> None:
    ended.append(task.task_id)
    shutil.rmtree(settings.load().district.landing, ignore_errors=True)
    at_work.release()


for event, handler in ((luigi.Event.START, begin), (luigi.Event.SUCCESS, end), (luigi.Event.FAILURE, end)):
    luigi.Task.event_handler(event)(handler)  # type: ignore[no-untyped-call]
code = main()
print(f"the disk has vanished {len(ended)} times")
sys.exit(code)
