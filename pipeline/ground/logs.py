"""One log file a wrapper and date, readable by nobody else, without a secret (pipeline.ground.secrets sees to it)."""

import datetime as dt
import logging
import time
from pathlib import Path

from pipeline.ground import manifests, secrets, settings


def nowhere() -> None:
    """Until there is a log this process's records go nowhere: they would flood the terminal, or cron's mail."""
    logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()], force=True)


def start(name: str, date: dt.date) -> Path:
    """Send this process's records, and those of its children, to the log of `name` and `date`; returns its path."""
    told = settings.load().district
    path = told.logs / f"{name.lower()}-{date}.log"
    if any(getattr(handler, "baseFilename", "") == f"{path.absolute()}" for handler in logging.getLogger().handlers):
        return path  # they go there already
    nowhere()
    manifests.folder(told.logs)
    _remove_old(told.logs, told.log_days)
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for chatty in ("paramiko", "urllib3", "google", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger(__name__).info("secrets are redacted by %s", secrets.__name__)
    return path


def _remove_old(folder: Path, days: int) -> None:
    before = time.time() - days * 86_400
    for file in [*folder.glob("*.log"), *folder.glob("*.log.*")]:
        if file.stat().st_mtime < before:
            file.unlink(missing_ok=True)
