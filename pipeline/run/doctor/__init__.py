"""Will the first morning work? Everything that it will need is looked at beforehand, and each thing told in a line.

    checks.py       the one list of all checks, and what makes one
    examining.py    all of them side by side, each within its bound
    lines.py        what a check says, and how it is printed
    here.py         this machine: configuration, disk, clock, scheduler, browser
    keys.py         secrets and key files
    places.py       drop folders; what a folder of files says of the feeds that look there
    vendors.py      each vendor's server: host key, login, folders, what it can
    google.py       Cloud Storage and BigQuery: account, rights, whether BigQuery takes each view
    told.py         who is told how a morning went (`--notify`)
    trial.py        what BigQuery and Cloud Storage do with a scratch dataset and scratch objects (`--cloud`)

Nothing is changed at a vendor without `--write`, and nothing at Google without `--cloud`; nobody is sent a message
without `--notify`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

from pipeline.ground import logs, secrets, settings
from pipeline.ground.console import say
from pipeline.ground.errors import ConfigurationError
from pipeline.run.doctor import lines
from pipeline.run.doctor.examining import Asked, examine
from pipeline.run.doctor.lines import Line


def main(*, writes: bool, cloud: bool, tells: bool = False, as_json: bool) -> int:
    """Look at everything and print each line as it is known, or all of them as JSON; 30 when something is wrong."""
    logs.nowhere()
    told = list[Line]()
    for line in _looked(Asked(writes, cloud, tells), as_json):
        told.append(line)
        if not as_json and line.state != "left out":
            say(secrets.redact(lines.text(line)))
    if as_json:
        say(secrets.redact(json.dumps([asdict(line) for line in told], indent=1, ensure_ascii=False)))
    else:
        say(f"\n{lines.summary(told)}")
    return 30 if any(line.state == "wrong" for line in told) else 0


def _looked(asked: Asked, as_json: bool) -> Iterator[Line]:
    """A configuration that cannot be used says so, and nothing else can be looked at."""
    try:
        settings.load()
    except ConfigurationError as error:
        yield lines.named(lines.broken(error), "configuration")
        return
    from pipeline.run.doctor import here
    from pipeline.run.doctor.checks import CHECKS

    if not as_json:
        say(f"{settings.in_force()}\n", error=True)
    if line := here.refuse_root():
        yield line
        return
    yield from examine(CHECKS, asked)
