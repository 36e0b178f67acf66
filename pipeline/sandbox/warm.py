"""A process that has imported what the servers need, and becomes them by a fork: they start in a third of the time.

    python -m pipeline.sandbox.warm SOCKET

It listens at a socket of the file system, and ends with its standard input. `up` asks it, instead of starting another
interpreter, where SANDBOX_WARM names the socket (supervisor.py): whoever starts one pretend district after the other
has one beside.
"""

import contextlib
import gc
import json
import os
import random
import select
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

_LONGEST_MESSAGE = 1_000_000


def wait(address: str) -> None:
    """Fork a server for everyone who asks, until our standard input ends."""
    from pipeline.sandbox import bigquery, process, sftp, storage
    from pipeline.sandbox.portal import server

    bigquery.imported()
    assert process and sftp and storage and server  # noqa: S101  # to be imported is all
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is gone at once
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        print("warm", flush=True)
        while sys.stdin not in select.select([sys.stdin, listening], [], [])[0]:
            connection, _ = listening.accept()
            with connection:
                message, descriptors, *_ = socket.recv_fds(connection, _LONGEST_MESSAGE, 1)
                if not descriptors:  # who asked has been killed before it could
                    continue
                if (pid := os.fork()) == 0:
                    listening.close()
                    connection.close()
                    _become(json.loads(message), descriptors[0])
                os.close(descriptors[0])
                with contextlib.suppress(OSError):  # who asked has been killed meanwhile
                    connection.send(b"%d" % pid)


def _become(told: dict[str, object], log: int) -> NoReturn:
    """What a new interpreter would be: a session, a folder, an environment and a log of its own."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for there, here in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(there, here)
        os.close(nothing)
        os.close(log)
        os.environ.clear()
        os.environ.update(told["environment"])  # type: ignore[call-overload]
        os.chdir(str(told["folder"]))
        time.tzset()
        random.seed()
        from pipeline.ground import settings
        from pipeline.sandbox.places import Places
        from pipeline.sandbox.process import serve

        serve(Places(settings.load()))
    except BaseException:  # noqa: BLE001  # nothing of the parent may go on in here
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    wait(sys.argv[1])
