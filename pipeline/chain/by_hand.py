"""What Luigi's own command prints, when somebody calls it by hand: why a task failed, and Luigi's summary.

    luigi --module pipeline.morning SftpOperationsMisc --date 2026-11-23

The wrappers' runs have a log and a page of their own, with which this has nothing to do.
"""

import logging
import sys
import warnings
from pathlib import Path

import luigi

from pipeline.ground import secrets

# Luigi's, by which the summary comes.
_LOGGER = logging.getLogger("luigi-interface")


def is_it() -> bool:
    """Whether this process is Luigi's command."""
    return Path(sys.argv[0]).name == "luigi" or sys.argv[0].endswith("luigi/__main__.py")


def quiet_core() -> None:
    """Luigi's own rpc_* settings are read by its client, and unknown to its task of the same name."""
    warnings.filterwarnings("ignore", message=".*that is not consumed by the task 'core'")


def tell() -> None:
    """Print that, and nothing else that Luigi logs: it may quote what an error found, and is told once more below."""
    quiet_core()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: "Luigi Execution Summary" in record.getMessage())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    luigi.Task.event_handler(luigi.Event.FAILURE)(_failed)  # type: ignore[no-untyped-call]


def _failed(task: luigi.Task, error: BaseException) -> None:
    sys.stderr.write(f"{task.task_id}:\n{secrets.told(error)}\n\n")
