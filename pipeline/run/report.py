"""How a morning went, for people: one model, which output, `status`, messages and the page show.

    Report    of one wrapper and date: a headline, its causes, where every flow stands
    Cause     one reason for which something was not made, however many tasks met it: what to do, what it holds up

None of it holds a name, a number or a value of a person: what it says are names of the catalogue, places and counts.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.run.status import Flow

# How a morning stands, the worst first; of several the first is told.
Standing = Literal["broken", "on hold", "late", "not run", "done"]
CODES: dict[Standing, int] = {"broken": 30, "on hold": 40, "late": 20, "not run": 20, "done": 0}
Harm = Literal["broken", "on hold", "late"]


@dataclass(frozen=True)
class Cause:
    """One reason, told once: `harm` says what it is, `found`, `expected` and `do` are the three sentences, `commands`
    those of `do` that can be pasted.

    `name` is what `release --cause` and messages know it by: the same while the reason is the same, another one for
    another reason. `met` are the things that met it, as people call them; `blocks` those that wait for it.
    """

    harm: Harm
    name: str
    found: str
    expected: str = ""
    do: str = ""
    commands: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """How the `wrapper` of `date` stands. `last_run` and `next_run` are local times of the district; `as_of` is the
    moment from which the state of the flows is, where it could not be looked at now. `remarks` stop nothing."""

    wrapper: str
    district: str
    date: dt.date
    causes: tuple[Cause, ...] = ()
    flows: tuple[Flow, ...] = ()
    remarks: tuple[str, ...] = ()
    last_run: dt.datetime | None = None
    next_run: dt.datetime | None = None
    as_of: dt.datetime | None = None

    @property
    def standing(self) -> Standing:
        """The worst of its causes; of a morning that nobody ran, that."""
        harms: list[Standing] = [cause.harm for cause in self.causes]
        if not harms and self.last_run is None and any(flow.state != "delivered" for flow in self._sets()):
            return "not run"
        return next((each for each in CODES if each in harms), "done")

    @property
    def code(self) -> int:
        """The exit code that says so."""
        return CODES[self.standing]

    @property
    def headline(self) -> str:
        """`Morning 2026-11-28: 4 of 6 delivered · 1 on hold · 1 broken · last run 07:31, next 07:45`.

        Sets are counted that were delivered or are on hold, and causes that are broken or late.
        """
        sets = self._sets()
        delivered = sum(flow.state == "delivered" for flow in sets)
        counts = {harm: sum(cause.harm == harm for cause in self.causes) for harm in ("broken", "late")}
        counts = {"on hold": sum(flow.state == "on hold" for flow in sets), **counts}
        words = [f"{delivered} of {len(sets)} delivered"] if sets else []
        words += [f"{count} {harm}" for harm, count in counts.items() if count]
        return f"{self.wrapper} {self.date}: {' · '.join([*words, self._runs()])}"

    def _sets(self) -> list[Flow]:
        return [flow for flow in self.flows if flow.direction == "out" and flow.state != "discarded"]

    def _runs(self) -> str:
        last = f"last run {self._time(self.last_run)}" if self.last_run else "no run yet"
        return f"{last}, next {self._time(self.next_run)}" if self.next_run else last

    def _time(self, moment: dt.datetime) -> str:
        return f"{moment:%H:%M}" if moment.date() == self.date else f"{moment:%m-%d %H:%M}"

    def as_json(self) -> dict[str, Any]:
        """All of it, with its headline, for programs and for the note of a run."""
        told = asdict(self)
        told |= {name: value.isoformat() for name, value in told.items() if isinstance(value, dt.date)}
        return {"headline": self.headline, "standing": self.standing, "exit": self.code, **told}
