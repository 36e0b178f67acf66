"""Each vendor's server: its host key, one login, the folders of the flows, and what it can."""

from collections.abc import Iterator

import paramiko

from pipeline import catalogue
from pipeline.catalogue import flows
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.place import SftpFolder
from pipeline.ground import border, settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import PipelineError, VendorError, VendorUnreachable, nearest
from pipeline.ground.progress import size
from pipeline.outside.sftp import abilities, connections, inflight, known_hosts, logins, sftp
from pipeline.outside.sftp.abilities import POSIX_RENAME, READ, RENAME_ONTO, Tried
from pipeline.outside.sftp.handshake import told
from pipeline.outside.sftp.pushing import Push, overwritten, replaced, swapped_in
from pipeline.outside.sftp.vendor import Vendor
from pipeline.run.doctor import places
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.here import CLOSE, LUIGI_CFG
from pipeline.run.doctor.lines import Line, broken, count, good, warning, wrong

# Bytes of free space: a set of 4,000 students has some 3 MB.
LITTLE = 100_000_000
# What promises most, first.
STRENGTH: tuple[Push, ...] = (swapped_in, replaced, overwritten)
DONE: dict[Push, str] = {
    swapped_in: "put beside its place and renamed onto another one",
    replaced: "put beside its place and renamed",
    overwritten: "written in its place",
}


def names() -> tuple[str, ...]:
    """Those to whom, or from whom, a flow of this district goes."""
    inward = [place.vendor for place, _, _ in places.sources() if isinstance(place, SftpFolder)]
    return tuple(dict.fromkeys([*inward, *(delivery.vendor for delivery in flows.deliveries())]))


def called(name: str) -> Vendor:
    """The vendor of that name. Raises ConfigurationError."""
    return nearest(catalogue.vendors(), name, "vendor")


def host_key(asked: Asked, name: str) -> Iterator[Line]:
    """The server shows a key that is pinned. Nobody logs in."""
    vendor, unpinned, pinned = called(name), "", list[paramiko.PKey]()
    try:
        pinned = known_hosts.pinned(vendor)
    except known_hosts.NotPinned as error:
        unpinned = error.found
    try:
        shown = connections.offered(vendor, {key.get_name() for key in pinned})
    except VendorUnreachable as error:
        section = f"[sftp:{name}]"
        remedy = f"compare host and port of {section} in {LUIGI_CFG} with what {name} says; ask {name} whether it lets "
        yield broken(error, f"{remedy}this machine's address in, and whether its server is down")
        return
    if unpinned:
        yield wrong(unpinned, _how_to_pin(vendor, shown))
    elif shown in pinned:
        yield good(f"{connections.where(vendor)} shows {told(shown)}, which is pinned")
    else:
        known = ", ".join(told(key) for key in pinned)
        yield wrong(f"{connections.where(vendor)} shows {told(shown)}; pinned is {known}", _how_to_pin(vendor, shown))


def _how_to_pin(vendor: Vendor, shown: paramiko.PKey) -> str:
    return (
        f"ask {vendor.name} by telephone, or on its pages, for its host key's fingerprint. Only if it is\n"
        f"  {shown.fingerprint} ({shown.get_name()})\n"
        f"add this line to {settings.load().sftp.known_hosts}:\n"
        f"  {known_hosts.line(vendor, shown)}"
    )


def login(asked: Asked, name: str) -> Iterator[Line]:
    """One login with what is stored; what was refused today is not sent again."""
    vendor = called(name)
    with border.around(connections.where(vendor), "logging in", VendorError):
        connections.on(vendor, lambda client: None, within=connections.patience(vendor))
    stored = logins.stored(vendor)
    by = f"by the key {told(stored.private)}" if stored.private else "by its password"
    yield good(f"{stored.user} is let in {by}")


def folders(asked: Asked, name: str) -> Iterator[Line]:
    """Each folder of each feed and delivery is there and can be listed; and holds files of the feeds' names."""
    vendor = called(name)
    for place in _from(name):
        try:
            yield places.told(connections.folder(vendor, place.folder), place, place.look())
        except PipelineError as error:
            yield broken(error)
    for folder in _to(name):
        at = connections.folder(vendor, folder)
        try:
            found = sftp.listing(vendor, folder)
        except PipelineError as error:
            yield broken(error)
        else:
            yield good(f"{at}: {count(len(found), 'file')}, for {', '.join(each.name for each in _to(name)[folder])}")


def _from(name: str) -> list[SftpFolder]:
    """The vendor's folders in which files of feeds are."""
    found = [place for place, _, _ in places.sources() if isinstance(place, SftpFolder) and place.vendor == name]
    return list(dict.fromkeys(found))


def _to(name: str) -> dict[str, list[Delivery]]:
    """The deliveries that go to the vendor, by their folders."""
    found: dict[str, list[Delivery]] = {}
    for delivery in flows.deliveries():
        if delivery.vendor == name:
            found.setdefault(delivery.folder, []).append(delivery)
    return found


def server(asked: Asked, name: str) -> Iterator[Line]:
    """What the server says that it can is enough for what we do there."""
    vendor, out = called(name), [*_to(name)]
    into = [*out, *(place.folder for place in _from(name))][0]
    said = abilities.told(vendor, into)
    known = [each.partition("@")[0] for each in abilities.USED if each in said.extensions]
    facts = [f"knows {', '.join(known) or 'no extension that we use'}"]
    facts += [f"{size(said.free)} are free in {connections.folder(vendor, into)}"] if said.free is not None else []
    yield good("; ".join(facts))
    if not out:
        return
    if vendor.push is swapped_in and POSIX_RENAME not in said.extensions:
        yield warning(
            f"does not say that it knows {POSIX_RENAME}, which push=swapped_in needs",
            f"`{MORNING} doctor --write` tries it, and says which `push` fits",
        )
    if said.write is not None and 0 < said.write < inflight.WRITE:
        yield wrong(
            f"takes {said.write} bytes in one write, and we send {inflight.WRITE}",
            f"ask {name} to set its server's limit to 32 KiB, as every client of SFTP expects",
        )
    if said.handles is not None and 0 < said.handles < inflight.FILES:
        yield warning(
            f"lets {said.handles} files be open at once, and we open up to {inflight.FILES}",
            f"ask {name} to allow {inflight.FILES}",
        )
    if said.free is not None and said.free < LITTLE:
        yield warning(f"only {size(said.free)} are free there", f"ask {name} for more space")


def push(asked: Asked, name: str) -> Iterator[Line]:
    """A scratch file in each folder of a delivery: what can be done with it says which `push` fits."""
    if not asked.writes:
        return
    vendor = called(name)
    for folder in _to(name):
        found = abilities.tried(vendor, folder)
        at = connections.folder(vendor, folder)
        yield _fitting(vendor, at, found)
        if found.left:
            yield warning(
                f"{at}: the scratch file {', '.join(found.left)} could not be removed again",
                f"ask {name} to delete it, and whether files that we write may be removed by us",
            )
        if found.ahead is not None and abs(found.ahead) > CLOSE:
            yield _clock(name, found.ahead)


def _fitting(vendor: Vendor, at: str, found: Tried) -> Line:
    """Whether the row's `push` is one that the server allows."""
    # A plain rename onto a file is refused by most servers, and nothing here needs it.
    no = [f"{what} ({words})" for what, words in found.refused.items() if what != RENAME_ONTO or not found.did]
    facts = [f"a scratch file: we may {', '.join(found.did)}"] if found.did else []
    facts += [f"we may not {'; '.join(no)}"] if no else []
    facts += ["files are taken away as soon as they are written"] if found.taken else []
    said = f"{at}: {'; '.join(facts)}"
    if found.fits is None:
        return wrong(said, f"ask {vendor.name} for the right to write into {at}, and for space")
    if READ in found.refused and not found.taken:
        return wrong(said, f"ask {vendor.name} what becomes of files that we write")
    fits, has = STRENGTH.index(found.fits), STRENGTH.index(vendor.push)
    word = f"push={found.fits.__name__}"
    if fits > has:
        return wrong(f"{said}. push={vendor.push.__name__} cannot work", f"write {word} into {_row(vendor)}")
    if fits < has:
        return good(f"{said}. push={vendor.push.__name__} works; {word} would, too, and promises more")
    return good(f"{at}: {word}, as its row has it, fits (a scratch file was {DONE[found.fits]}, and removed)")


def _row(vendor: Vendor) -> str:
    return f"the row of {vendor.name} in the catalogue's vendors.py"


def _clock(name: str, ahead: float) -> Line:
    """Half hours are a time zone's; anything else is a clock that is wrong."""
    zone = abs(ahead) > 1000 and abs(ahead / 1800 - round(ahead / 1800)) * 1800 < 2 * CLOSE
    by = f"{abs(ahead) / 3600:.1f} hours" if zone else f"{abs(ahead):.0f} s"
    why = ": it seems to tell local times as if they were UTC" if zone else ""
    return warning(
        f"the times of its files are {by} {'ahead of' if ahead > 0 else 'behind'} our clock{why}",
        f"ask {name} to set its clock by the network and to tell times in UTC: which morning a file belongs to is "
        "judged by them; until then widen `fresh_from` of its feeds in the catalogue's feeds.py",
    )
