"""Whether a set may go: what its checks say, and what a person decided when they did not pass.

The verdict of a period is one object, `deliveries/<period>/<delivery>/verdict.json`. Its metadata say of which set it
is (the fingerprint) and whether that may go: yes, no (on hold), or discarded, which ends the period whatever comes.
"""

import datetime as dt
import getpass
import re
from typing import Any, Literal

from pipeline import checks, inspection, manifests, settings, storage
from pipeline.errors import ConfigurationError, OnHold
from pipeline.outbound import fingerprint, receipt_target, verdict_name, verdict_target
from pipeline.progress import Made
from pipeline.sets import Delivery

Decision = Literal["yes", "no", "discarded"]


def check(delivery: Delivery, date: dt.date) -> Made:
    """Compute every check of the set and store the verdict. Raises OnHold, when one did not pass."""
    looked = inspection.of_set(delivery, date)
    done = [each for file in looked for each in file.checks]
    failed = [each for file in looked for each in file.failed]
    content = {"checks": [each.as_json() for each in done], "files": {each.file.name: each.facts for each in looked}}
    _store(delivery, date, content, "no" if failed else "yes")
    if failed:
        told = [*(words for file in looked for words in file.words), *map(str, failed)]
        raise OnHold(
            f"{delivery.name} for {delivery.period(date)} is on hold: {'; '.join(told)}",
            expected="every check passed; nothing of it was sent",
            next_step=f"look at `python -m pipeline diff {delivery.name} --date {date}`; if the numbers are right: "
            f'python -m pipeline release {delivery.name} --date {date} --reason "..."',
        )
    return Made(words=f"{len(done)} checks passed" if done else "files as landed; their contracts are kept")


def _store(delivery: Delivery, date: dt.date, content: dict[str, Any], decision: Decision) -> None:
    target = verdict_target(delivery, date)
    told = {"fingerprint": fingerprint(delivery, date), "may_go": decision}
    storage.store_json(target.name, {**told, "at": manifests.now(), **content}, told, over=target.found())


# ---------------------------------------------------------------------------------------------------------- decisions


def release(delivery: Delivery, date: dt.date, reason: str) -> list[str]:
    """Let a held delivery go, as it is now and in no other form; returns what was looked away from.

    Raises OnHold when the data changed since it was put on hold, ConfigurationError when it is not on hold or when a
    later day's set was looked at.
    """
    _refuse_the_past(delivery, date)
    held = storage.read_json(verdict_name(delivery, date))
    if held is None or held["may_go"] != "no":
        state = "was discarded" if held and held["may_go"] == "discarded" else "is not on hold"
        raise ConfigurationError(
            f"{delivery.name} {state} for {delivery.period(date)}",
            expected="a delivery on hold (exit code 40)",
            next_step=f"look at `python -m pipeline status --date {date}`",
        )
    if held["fingerprint"] != fingerprint(delivery, date):
        raise OnHold(
            f"the data of {delivery.name} changed since it was put on hold",
            expected="a release of exactly what was looked at",
            next_step="run the morning again, look at the new numbers, then release",
        )
    if unlisted := [each["file"] for each in held["checks"] if not each["passed"] and checks.UNLISTED in each["name"]]:
        raise OnHold(
            f"{', '.join(unlisted)} of {delivery.name} holds columns that the vendor's agreement does not list",
            expected="columns that it lists: a release is no agreement",
            next_step="leave them out of the view, or have the agreement changed, and then pipeline/agreements.py",
        )
    _store(delivery, date, {**_looked_at(held), "released": _decided(reason, held["fingerprint"])}, "yes")
    return [f"{each['file']}: {each['name']}: {each['found']:g}" for each in held["checks"] if not each["passed"]]


def discard(delivery: Delivery, date: dt.date, reason: str) -> None:
    """End the period's delivery: what has not gone does not go, and nobody is asked again, whatever data come.

    Raises ConfigurationError when the set has gone, when the day has not come, or a later day's set was looked at.
    """
    _refuse_the_past(delivery, date)
    period, today = delivery.period(date), settings.load().today()
    if period > today or receipt_target(delivery, date).exists():
        raise ConfigurationError(
            f"{delivery.name} for {period} " + ("is still to come" if period > today else "has been delivered"),
            expected="a set of today that has not gone yet",
            next_step=f"look at `python -m pipeline status --date {date}`",
        )
    held = storage.read_json(verdict_name(delivery, date)) or {}
    decided = _decided(reason, held.get("fingerprint", ""))
    _store(delivery, date, {**_looked_at(held), "discarded": decided}, "discarded")


def discarded(delivery: Delivery, date: dt.date) -> bool:
    """Whether a person has ended the period's delivery. Raises WarehouseError."""
    return storage.find(verdict_name(delivery, date)).metadata.get("may_go") == "discarded"


def _looked_at(held: dict[str, Any]) -> dict[str, Any]:
    """What the verdict holds of the set, for whoever asks later what was decided on."""
    return {key: held[key] for key in ("checks", "files", "at") if key in held}


def _decided(reason: str, looked_at: str) -> dict[str, str]:
    return {"by": getpass.getuser(), "at": manifests.now(), "reason": reason, "fingerprint": looked_at}


def _refuse_the_past(delivery: Delivery, date: dt.date) -> None:
    """A hold expires with its day: once a later day's set was looked at (or has gone), that is what there is to decide.

    The clock is not asked: at four in the morning, or while today's files are late, yesterday's set is still the newest
    that the vendor could have.
    """
    period, newest = delivery.period(date), _newest(delivery)
    if newest and newest > period:
        raise ConfigurationError(
            f"the hold of {delivery.name} for {period} has expired: the set of {newest} was looked at since",
            expected="a decision about the newest set",
            next_step=f"look at `python -m pipeline status --date {newest}`",
        )


def _newest(delivery: Delivery) -> dt.date | None:
    """The last period of which there is a verdict or a receipt."""
    name = re.compile(rf"deliveries/(\d{{4}}-\d\d-\d\d)/{delivery.name}/(?:verdict|receipt)\.json")
    found = [match[1] for each in storage.list_objects("deliveries/") if (match := name.fullmatch(each))]
    return dt.date.fromisoformat(max(found)) if found else None
