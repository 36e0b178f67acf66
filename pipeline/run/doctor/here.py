"""This machine: the configuration and its catalogue, disk, clock, central scheduler, browser."""

import http.client
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline import VERSION
from pipeline.catalogue import checking, flows
from pipeline.catalogue.place import PortalReport
from pipeline.ground import settings
from pipeline.ground.disk import person
from pipeline.ground.progress import size
from pipeline.outside.cloud import asking
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.lines import Line, broken, good, named, warning, wrong

# Bytes of free space. A morning of 4,000 students keeps 25 MB of copies, for 30 days.
ENOUGH, LITTLE = 2_000_000_000, 200_000_000
# Seconds by which two clocks may differ: nobody is late or early by a minute.
CLOSE = 60
LUIGI_CFG = "the district's luigi.cfg"


def configuration(asked: Asked, _: str) -> Iterator[Line]:
    """Each question is answered, each name known, and the catalogue fits together (`morning check`)."""
    found = checking.wrong()
    yield from (broken(error) for error in found)
    if not found:
        yield good(checking.summary(found))


def refuse_root() -> Line | None:
    """What root writes into somebody's landing area (that a login was tried, for one) would break that one's runs."""
    landing = settings.load().district.landing
    if os.geteuid() or not landing.exists() or not landing.stat().st_uid:
        return None
    owner = person(landing.stat().st_uid)
    line = wrong(f"{landing} belongs to {owner}, and this is root", f"ask again as {owner}: sudo -u {owner} …")
    return named(line, "user")


def disk(asked: Asked, _: str) -> Iterator[Line]:
    """Every folder into which a run writes is ours to write, and the landing area has space."""
    told = settings.load().district
    for name, folder in (("landing", told.landing), ("logs", told.logs), ("state_path", settings.state_path().parent)):
        there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
        if not there.is_dir():
            yield wrong(f"{there} is no folder", f"make it one, or correct `{name}` in {LUIGI_CFG}")
        elif not os.access(there, os.W_OK | os.X_OK):
            us = f"`sudo install -d -o $(id -un) -m 700 {folder}`"
            yield wrong(
                f"nothing can be written into {there}, where `{name}` is to be",
                f"{us} as the user who runs the mornings, or mend its mount; or correct `{name}` in {LUIGI_CFG}",
            )
    yield _space(told.landing)


def _space(landing: Path) -> Line:
    there = next(place for place in (landing.absolute(), *landing.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{size(free)} are free for {landing}"
    remedy = (
        f"make room there; a morning of 4,000 students keeps 25 MB for {settings.load().district.landing_days} days"
    )
    if free < LITTLE:
        return wrong(found, remedy)
    return warning(found, remedy) if free < ENOUGH else good(found)


def clock(asked: Asked, _: str) -> Iterator[Line]:
    """Our clock is Google's: a token of another time is refused, and what is fresh or late is judged by it."""
    ahead = asking.ahead()
    found = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} {asking.address()}"
    if abs(ahead) <= CLOSE:
        yield good(found if abs(ahead) > 1 else f"within a second of that of {asking.address()}")
    else:
        yield warning(f"this machine's clock is {found}", "let it be set by the network: sudo timedatectl set-ntp true")


def scheduler(asked: Asked, _: str) -> Iterator[Line]:
    """What answers on luigid's port is luigid, of this version of the engine; or nothing, and a run starts it."""
    core = settings.load().core
    where = f"{core.scheduler_host}:{core.scheduler_port}"
    local = core.scheduler_host.startswith("127.") or core.scheduler_host in ("localhost", "::1")
    try:
        is_luigid = _is_luigid(core.scheduler_host, core.scheduler_port)
    except OSError as error:
        found = f"nothing answers at {where} ({type(error).__name__})"
        if local and isinstance(error, ConnectionRefusedError):
            yield good(f"nothing answers at {where} yet: the first run starts luigid there")
        else:
            yield wrong(found, f"start luigid there, or correct `[core] scheduler_host` in {LUIGI_CFG}")
        return
    if not is_luigid:
        yield wrong(
            f"what answers at {where} is no central scheduler (luigid)",
            f"end it (`ss -ltnp 'sport = :{core.scheduler_port}'` tells what it is), or write another scheduler_port "
            f"into [core] of {LUIGI_CFG}",
        )
        return
    version = _started_by()
    if version not in ("", VERSION):
        yield warning(
            f"luigid at {where} was started by version {version}, and this is {VERSION}",
            "nothing to do where a run started it, for the next one replaces it; where it is a service: "
            "`sudo systemctl restart 'morning-*-luigid'`",
        )
    else:
        yield good(f"luigid answers at {where}")


def _is_luigid(host: str, port: int) -> bool:
    """Raises OSError when nobody answers."""
    asking_it = http.client.HTTPConnection(host, port, timeout=5)
    try:
        asking_it.request("GET", "/api/is_pause_enabled")
        said = json.loads(asking_it.getresponse().read(1000))
        return isinstance(said, dict) and "enabled" in said["response"]
    except (http.client.HTTPException, ValueError, LookupError, TypeError):
        return False
    finally:
        asking_it.close()


def _started_by() -> str:
    """The version of the wrapper that started it; '' where none did."""
    try:
        return (settings.state_path().parent / "luigid.version").read_text().strip()
    except OSError:
        return ""


def browser(asked: Asked, _: str) -> Iterator[Line]:
    """Chromium and its driver are there, of one version, and start; nothing where no report of a portal is wanted."""
    if not any(isinstance(source.place, PortalReport) for feed in flows.feeds() for source in feed.sources):
        return
    from pipeline.outside.browser import chromium

    portal = settings.load().portal
    versions = chromium.versions()
    with chromium.started(portal.address, 30):
        yield good(f"starts; {' and '.join(versions)}")
