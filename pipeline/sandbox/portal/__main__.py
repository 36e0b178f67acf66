"""The portal alone: python -m pipeline.sandbox.portal --port 9080 --date 2026-11-23 --secrets FOLDER

FOLDER/log/portal.log tells what happened; FOLDER/faults.json holds the faults that are on.
"""

import argparse
import datetime as dt
import os
import signal
import threading
from pathlib import Path

from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.faults import FaultFile
from pipeline.sandbox.portal.manners import Manners
from pipeline.sandbox.portal.office import District, Office
from pipeline.sandbox.portal.server import Portal, logins


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.sandbox.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=9080)
    parser.add_argument("--date", type=dt.date.fromisoformat, required=True)
    parser.add_argument("--students", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--secrets", type=Path, required=True, help="folder of the passwords")
    asked = parser.parse_args()
    os.umask(0o077)
    manners = Manners(FaultFile(asked.secrets / "faults.json"))
    district = District(asked.students, asked.seed, lambda: asked.date)
    log = ActivityLog(asked.secrets / "log" / "portal.log")
    known = logins({"RSD": "riverbend-rsd", "BLF": "riverbend-blf"}, asked.secrets)
    portal = Portal(Office(known, district, manners, log), asked.port)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    portal.start()
    print(f"http://127.0.0.1:{asked.port}/", flush=True)
    stop.wait()
    portal.stop()


if __name__ == "__main__":
    main()
