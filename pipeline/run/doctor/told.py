"""Who is told how a morning went: each address is there and understood; with `--notify` it gets a trial message."""

from collections.abc import Iterator

from pipeline.ground import secrets, settings
from pipeline.ground.errors import PipelineError
from pipeline.ground.receivers import STATES, Receiver
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.lines import Line, broken, good, warning
from pipeline.run.notify import addresses, heartbeat
from pipeline.run.notify.addresses import Address
from pipeline.run.notify.digest import Message

TRIAL = "A trial of the mornings' messages: nothing is wrong, and nothing is to be done."


def check(asked: Asked, _: str) -> Iterator[Line]:
    """Each receiver; and the dead man's switch, which is called with `--notify` alone."""
    told = settings.load()
    for name, receiver in told.receivers.items():
        yield from _receiver(name, receiver, tells=asked.tells)
    if told.notify.heartbeat:
        yield from _heartbeat(told.notify.heartbeat, tells=asked.tells)


def _receiver(name: str, receiver: Receiver, *, tells: bool) -> Iterator[Line]:
    """Without the network, unless a trial is asked for."""
    try:
        found = addresses.of(name, receiver)
    except PipelineError as error:
        yield broken(error)
        return
    for address in found:
        try:
            kind = f"{addresses.service(address).service_name}"
            said = addresses.send(address, _trial(name)) if tells else ""
        except PipelineError as error:
            yield broken(error)
        else:
            yield warning(said, "correct the address") if said else good(_words(address, receiver, kind, tells=tells))


def _words(address: Address, receiver: Receiver, kind: str, *, tells: bool) -> str:
    of = "everything" if receiver.states == {*STATES} else ", ".join(each for each in STATES if each in receiver.states)
    return f"{address.name} is told of {of}, by {kind}" + ("; a trial was sent" if tells else "")


def _trial(name: str) -> Message:
    district = settings.load().district.name
    return Message(f"{district}: a trial for {name}", TRIAL, f"<p>{TRIAL}</p>", "good")


def _heartbeat(name: str, *, tells: bool) -> Iterator[Line]:
    if not tells:
        secrets.read(name)
        yield good(f"the secret {name} holds the address of a heartbeat")
        return
    for remark in (said := heartbeat.call("success", TRIAL)):
        found, _, rest = remark.partition("\n")
        yield Line("wrong", found.removeprefix("found: "), rest.rpartition("next: ")[2])
    if not said:
        yield good("the heartbeat was called")
