"""The operator's command with some borders broken: python tests/faults/unforeseen.py "get, load a table" run Morning

A function of ours at each of them raises what nobody foresaw: an exception that no library of ours has.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))


class Unforeseen(RuntimeError):
    """Of no library of ours."""


class Undecodable(UnicodeError):
    """Likewise, and a ValueError, which is taken for many things."""


class Border(NamedTuple):
    """Where it breaks: `module:function`, for calls that tell of `about`; and the party that is named then."""

    place: str
    about: str
    party: str
    error: type[Exception] = Unforeseen


# Of the courses, which come into a drop folder and become a table.
IN = {
    "look into a folder": Border("outside.dropfolder:DropFolder.look", "powerschool_blf", "district:powerschool_blf"),
    "copy a file": Border("outside.dropfolder:DropFolder.fetch", "courses", "district:powerschool_", Undecodable),
    "read a copy": Border("ground.manifests:sha256", "courses.csv", "courses"),
    "check a contract": Border("inbound.preparing:prepare", "courses", "courses", Undecodable),
    "write on the disk": Border("ground.manifests:replace", "courses", "courses"),
    "write into the bucket": Border("outside.cloud.storage:_uploaded", "courses.csv", "courses.csv", Undecodable),
    "load a table": Border(
        "outside.cloud.jobs:_begun", "load-powerschool_combined-courses", "powerschool_combined.courses"
    ),
    "label a table": Border("outside.cloud.warehouse:_label", "courses", "powerschool_combined.courses", Undecodable),
}
# Of the scores, which come from one vendor's server and go to another's.
ON = {
    "list a folder": Border("outside.sftp.folders:names", "/scores", "savvas"),
    "read known hosts": Border("outside.sftp.known_hosts:pinned", "'savvas'", "savvas", Undecodable),
    "log in": Border("outside.sftp.logins:log_in", "'savvas'", "savvas"),
    "get": Border("outside.sftp.inflight:get", "Assessment", "savvas", Undecodable),
    "list the bucket": Border("outside.cloud.storage:_listings._look", "misc_imports", "savvas_"),
    "list a dataset": Border("outside.cloud.warehouse:_listings._look", "misc_imports", "savvas_", Undecodable),
    "read a secret": Border("ground.secrets:_found", "otus_password", "otus_password"),
    "render a file": Border("outbound.rendering:as_landed", "", "otus", Undecodable),
    "bring a kept file": Border("outbound.exports:_brought", "", "otus", Undecodable),
    "put": Border("outside.sftp.inflight:fill", "", "otus"),
    "rename": Border("outside.sftp.inflight:rename", "", "otus", Undecodable),
    "keep the trail": Border("outside.sftp.trail:Trail.keep", "", "otus"),
    "keep the receipt": Border("outbound.receipts:keep", "", "otus", Undecodable),
}
# Of no flow.
BESIDE = {
    "open the log": Border("ground.logs:start", "", "the log of this run"),
    "complete a set": Border("outbound.interrupted:_finished", "", "the interrupted push of"),
    "remove what was left": Border("run.purge:left_files", "", "what a killed run left", Undecodable),
    "look ahead": Border("run.lookahead:of_scheduling", "", "the catalogue"),
    "remove old copies": Border("run.purge:on_disk", "", "old copies", Undecodable),
    "complete the ledger": Border("outbound.ledger:enter", "", "the ledger"),
    "keep the note": Border("run.notes:keep", "", "the note of this run", Undecodable),
    "tell what is nobody's": Border("inbound.sources:unclaimed", "", "vendors' folders"),
    "look at the flows": Border("run.status:seen", "", "the state of the flows", Undecodable),
    "enter the history": Border("outbound.happened:record", "", ""),
    "make the page": Border("run.page.making:_after", "", "", Undecodable),
    "print a line": Border("run.display:_line", "", ""),
}
BORDERS = IN | ON | BESIDE


def breaks(border: Border) -> None:
    """From now on each call of that function that tells of `about` raises, by whatever name a module knows it."""
    module, _, path = border.place.partition(":")
    owner: Any = importlib.import_module(f"pipeline.{module}")
    *outer, name = path.split(".")
    owner = functools.reduce(getattr, outer, owner)
    whole: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(whole)
    def broken(*args: Any, **kwargs: Any) -> Any:
        if border.about in repr((args, kwargs)):
            raise border.error("out of the blue")
        return whole(*args, **kwargs)

    setattr(owner, name, broken)
    for other in [other for key, other in sys.modules.items() if key.startswith("pipeline.")]:
        for alias in [alias for alias, found in vars(other).items() if found is whole]:
            setattr(other, alias, broken)


if __name__ == "__main__":
    for needed in ("run.runner", "run.status", "run.page.making", "__main__"):
        importlib.import_module(f"pipeline.{needed}")
    for named in sys.argv[1].split(", "):
        breaks(BORDERS[named])
    from pipeline.__main__ import main
    from pipeline.ground import secrets

    secrets.guard()
    sys.exit(main(sys.argv[2:]))
