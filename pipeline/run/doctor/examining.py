"""All checks side by side: each party's in threads of their own, each within its bound, told in the order of the list.

A vendor that is silent, or a Google that is, keeps nobody waiting but who needs it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from pipeline.ground import border
from pipeline.ground.errors import PipelineError
from pipeline.ground.patience import bounded
from pipeline.run.doctor.lines import Line, broken, named, wrong


@dataclass(frozen=True)
class Asked:
    """What may be changed: at vendors a scratch file (`writes`), at Google scratch objects and tables (`cloud`). With
    `tells`, receivers get a trial message."""

    writes: bool = False
    cloud: bool = False
    tells: bool = False


def _one() -> Sequence[str]:
    return ("",)


@dataclass(frozen=True)
class Check:
    """`look` yields what it finds of a party, and may raise PipelineError, which is told as wrong.

    `parties` are those that it is asked of, each by itself; the checks named in `after` must not have found anything
    wrong of the same party (or of the whole). It is given up after `seconds`.
    """

    name: str
    look: Callable[[Asked, str], Iterator[Line]]
    parties: Callable[[], Sequence[str]] = _one
    after: tuple[str, ...] = ()
    seconds: float = 180


@dataclass
class _Job:
    check: Check
    party: str
    lines: list[Line] = field(default_factory=list)
    done: Future[None] = field(default_factory=Future)

    def told(self, line: Line) -> Line:
        return named(line, self.check.name, self.party)

    def work(self, asked: Asked, needed: Sequence["_Job"]) -> None:
        """Look, once what is needed has been looked at; never raises."""
        try:
            for job in needed:
                job.done.result()
            if missed := [job.check.name for job in needed if job.blocking()]:
                self.lines.append(Line("left out", f"not looked at: {missed[0]} must be good before"))
            else:
                bounded(self.check.seconds, lambda: self._look(asked), self.check.name)
        except TimeoutError:
            seconds = self.check.seconds
            self.lines.append(wrong(f"no end after {seconds:g} s", "look what hangs there, then ask again"))
        finally:
            self.done.set_result(None)

    def blocking(self) -> list[Line]:
        """What keeps others from being looked at."""
        return [line for line in self.lines if line.state in ("wrong", "left out")]

    def _look(self, asked: Asked) -> None:
        try:
            with border.around(self.party or self.check.name, f"looking at: {self.check.name}"):
                for line in self.check.look(asked, self.party):
                    self.lines.append(line)
        except PipelineError as error:
            self.lines.append(broken(error))


def examine(checks: Sequence[Check], asked: Asked) -> Iterator[Line]:
    """What every check says, in the list's order; checks of the same parties stand together, party by party.

    What is wrong with a party is told once: a silent server is so for every check.
    """
    jobs = list(_jobs(checks))
    for job in jobs:
        if job.done.done():
            continue
        needed = [other for other in jobs if other.check.name in job.check.after and other.party in ("", job.party)]
        threading.Thread(target=job.work, args=(asked, needed), name=job.check.name, daemon=True).start()
    said = set[tuple[str, str]]()
    for job in jobs:
        job.done.result()
        for line in map(job.told, list(job.lines)):
            twice = line.state == "wrong" and (line.of, line.found) in said
            said.add((line.of, line.found))
            yield replace(line, state="left out") if twice else line


def _jobs(checks: Sequence[Check]) -> Iterator[_Job]:
    for parties in dict.fromkeys(check.parties for check in checks):
        same = [check for check in checks if check.parties == parties]
        try:
            names = parties()
        except PipelineError as error:  # a catalogue that cannot be read names nobody
            job = _Job(same[0], "", [broken(error)])
            job.done.set_result(None)
            yield job
            continue
        for party in names:
            yield from (_Job(check, party) for check in same)
