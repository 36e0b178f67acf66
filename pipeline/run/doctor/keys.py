"""Secrets and key files: there, readable for us and for nobody else, and without a blank that an editor left."""

import stat
from collections.abc import Iterator
from pathlib import Path

from pipeline.catalogue import flows
from pipeline.catalogue.place import PortalReport, secret_of
from pipeline.ground import secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.outside.sftp import logins
from pipeline.run.doctor import vendors
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.lines import Line, broken, good, warning


def check(asked: Asked, _: str) -> Iterator[Line]:
    """The secret, or the key file, of each vendor that a flow needs, and the secret of each login at the portal."""
    found = [line for name in vendors.names() for line in _told(name)]
    places = [source.place for feed in flows.feeds() for source in feed.sources]
    wanted = sorted({secret_of(place.login) for place in places if isinstance(place, PortalReport)})
    found += [line for name in wanted for line in _told_of_secret(name)]
    yield from found
    if not found:
        yield good(f"secrets and key files ({len(vendors.names()) + len(wanted)}): there, and readable by nobody else")


def _told(vendor: str) -> Iterator[Line]:
    """What is not good about what we log in with at a vendor's."""
    try:
        account = settings.load().account(vendor)
        if account.key:
            yield from _key_file(Path(account.key))
        stored = logins.stored(vendors.called(vendor))
    except PipelineError as error:
        yield broken(error)
        return
    yield from _blanks(f"{vendor}_password", stored.password)


def _told_of_secret(name: str) -> Iterator[Line]:
    try:
        yield from _blanks(name, secrets.read(name))
    except PipelineError as error:
        yield broken(error)


def _blanks(name: str, value: str) -> Iterator[Line]:
    """A blank or a line end at its beginning or end is seldom a part of it."""
    if value != value.strip():
        file = settings.load().secrets.folder / name
        yield warning(
            f"the secret {name} begins or ends with a blank or a line end",
            f'write it anew without it: `read -rs S; printf %s "$S" > {file}`; nothing to do where it is a part of it',
        )


def _key_file(file: Path) -> Iterator[Line]:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return  # told when it is read
    if mode & 0o077:
        yield warning(f"{file} has mode {mode:04o}", f"chmod 600 {file}; others could have read the key")
