"""The sandbox's background process: the stand-ins, each in a thread, and one loop that watches them."""

import contextlib
import gc
import logging
import os
import signal
import threading
import time
from typing import NoReturn, Protocol

from pipeline.ground.errors import ConfigurationError
from pipeline.sandbox.activity import ActivityLog
from pipeline.sandbox.badday import BadDay
from pipeline.sandbox.damage import grow
from pipeline.sandbox.faults import Countdown, FaultFile
from pipeline.sandbox.latency import Latency
from pipeline.sandbox.places import Places
from pipeline.sandbox.supervisor import hold, say

TICK = 0.2


class Server(Protocol):
    name: str

    def start(self) -> None: ...

    def alive(self) -> bool: ...

    def stop(self) -> None: ...


def serve(places: Places) -> NoReturn:
    """Run until SIGTERM or SIGINT (0), or until a stand-in dies (1)."""
    os.umask(0o077)
    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)  # it warns of every answer that is text
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every partition and cluster it leaves out
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    hold(places)
    started = time.monotonic()
    faults = FaultFile(places.faults)
    gc.disable()
    servers = _servers(places, faults)
    for server in servers:
        server.start()
    gc.freeze()  # what was imported stays: to search it for garbage took a sixth of the start
    gc.set_threshold(50_000)  # a statement's tree is thousands of objects that live for an instant
    gc.enable()
    say(places.pid, ready=True)
    _note(f"ready after {time.monotonic() - started:.1f} s")
    dead = watch(places, faults, servers, stop)
    for server in reversed(servers):
        if server not in dead:
            server.stop()
    _note(f"ended: {', '.join(server.name for server in dead)} died" if dead else "ended")
    os._exit(1 if dead else 0)  # a query under way is not waited for


def _servers(places: Places, faults: FaultFile) -> list[Server]:
    """A cloud endpoint that is Google's own, or a portal that is the state's, is not served."""
    from pipeline.sandbox.bigquery import BigQuery
    from pipeline.sandbox.portal.server import portal
    from pipeline.sandbox.sftp import SftpServers
    from pipeline.sandbox.storage import CloudStorage

    _prepare(places)
    log, bad_day = ActivityLog(places.log / "cloud.log"), BadDay(Countdown(faults))
    latency = Latency(places.latency, places.settings.sandbox.seed)
    servers: list[Server] = [SftpServers(places.accounts(), faults, latency)]
    if places.storage_port:
        storage = CloudStorage(places.data / "storage", places.storage_port, log, bad_day, latency)
        servers.append(storage)
        if places.bigquery_port:
            project = places.settings.district.project
            data = places.data / "warehouse"
            objects = storage.objects
            servers.append(BigQuery(data, places.bigquery_port, project, objects, log, bad_day, latency))
    if places.portal_port:
        servers.append(portal(places, faults))
    return servers


def _prepare(places: Places) -> None:
    """What each vendor's server needs. Of a catalogue that cannot be read, the run itself says what is wrong."""
    from pipeline.sandbox import folders
    from pipeline.sandbox.sftp import prepare

    for account in places.accounts():
        there: tuple[str, ...] = ()
        kind = "ssh-ed25519"
        with contextlib.suppress(ConfigurationError):
            there, kind = folders.every(places, account), folders.host_key_type(account)
        prepare(account, places.settings.sftp.known_hosts.absolute(), folders=there, host_key_type=kind)


def watch(places: Places, faults: FaultFile, servers: list[Server], stop: threading.Event) -> list[Server]:
    """Let growing files grow until told to stop; the servers that died, as soon as one has."""
    while not stop.wait(TICK):
        grow(places, faults)
        if dead := [server for server in servers if not server.alive()]:
            return dead
    return []


def _note(line: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {line}", flush=True)
