"""The operator's command on a machine whose disk vanishes whenever a task has ended:

    python tests/faults/vanishing.py run Morning --workers 1

All that the landing area has goes, the documents of this very run, too. At the end it says how often that was.
"""

import shutil
import sys
from pathlib import Path

import luigi

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipeline.__main__ import main
from pipeline.ground import settings

ended: list[str] = []


@luigi.Task.event_handler(luigi.Event.SUCCESS)  # type: ignore[no-untyped-call, untyped-decorator]
def vanish(task: luigi.Task) -> None:
    ended.append(task.task_id)
    shutil.rmtree(settings.load().district.landing, ignore_errors=True)


code = main()
print(f"the disk has vanished {len(ended)} times")
sys.exit(code)
