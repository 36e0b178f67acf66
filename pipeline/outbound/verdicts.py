"""Whether a set may go: what its checks say, and what a person decided when they did not pass.

The verdict of a period is one object, `deliveries/<period>/<delivery>/verdict.json`. Its metadata say of which set it
is (the fingerprint) and whether that may go: yes, no (on hold), or discarded, which ends the period whatever comes.
"""

import datetime as dt
import getpass
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pipeline.catalogue import agreement
from pipeline.catalogue.delivery import Delivery
from pipeline.catalogue.flows import feeds_below
from pipeline.ground import manifests, settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import ConfigurationError, OnHold, WarehouseError, WrittenByAnother
from pipeline.ground.progress import Made
from pipeline.outbound import checks, inspection, pushes
from pipeline.outbound.checks import Check
from pipeline.outbound.evidence import (
    fingerprint,
    latest_period,
    receipt_name,
    receipt_target,
    trail_path,
    verdict_name,
)
from pipeline.outside.cloud import storage
from pipeline.outside.cloud.evidence import TableTarget
from pipeline.outside.cloud.storage import Stored
from pipeline.outside.sftp.trail import Trail

Decision = Literal["yes", "no", "discarded"]


def check(delivery: Delivery, date: dt.date) -> Made:
    """Compute every check of the set and store the verdict. Raises OnHold, when one did not pass, and WrittenByAnother,
    when somebody decided meanwhile, or the set is made of something else by now."""
    before, print_ = _undecided(delivery, date), fingerprint(delivery, date)
    looked = inspection.of_set(delivery, date)
    done = [each for file in looked for each in file.checks]
    failed = [each for file in looked for each in file.failed]
    content = {"checks": [each.as_json() for each in done], "files": {each.file.name: each.facts for each in looked}}
    if fingerprint(delivery, date) != print_:
        raise _disturbed(delivery, date, "is made of something else since its checks began")
    _store(before, print_, content, "no" if failed else "yes")
    if failed:
        raise _held(delivery, date, failed, (*(words for file in looked for words in file.words), *map(str, failed)))
    return Made(words=f"{len(done)} checks passed" if done else "files as landed; their contracts are kept")


def _undecided(delivery: Delivery, date: dt.date) -> Stored:
    """The period's verdict as it is now, of which nobody has ended the period: what a person decides from now on stays.
    Raises WrittenByAnother."""
    before = storage.look(verdict_name(delivery, date))
    if before.metadata.get("may_go") == "discarded":
        raise _disturbed(delivery, date, "was discarded before it was checked")
    return before


def _disturbed(delivery: Delivery, date: dt.date, how: str) -> WrittenByAnother:
    return WrittenByAnother(
        f"{delivery.name} for {delivery.period(date)} {how}",
        expected="one set, until its verdict is stored",
        next_step="run again: the set as it is then is checked",
    )


def hold(delivery: Delivery, date: dt.date) -> OnHold | None:
    """The hold of the period as its verdict tells it, when there is one. Raises WarehouseError."""
    held = storage.read_json(verdict_name(delivery, date))
    if held is None or held["may_go"] != "no":
        return None
    failed = [Check(**each) for each in held["checks"] if not each["passed"]]
    return _held(delivery, date, failed, map(str, failed))


def _held(delivery: Delivery, date: dt.date, failed: Sequence[Check], told: Iterable[str]) -> OnHold:
    return OnHold(
        f"{delivery.name} for {delivery.period(date)} is on hold: {'; '.join(told)}",
        expected="every check passed; nothing of it was sent",
        next_step=_next(delivery, date, failed),
    )


def advice(names: Sequence[str], date: dt.date) -> str:
    """What a person does about sets on hold: look at each, and let those go, with one command, that are right."""
    looks = ", ".join(f"`{MORNING} diff {name} --date {date}`" for name in names)
    release = f'`{MORNING} release {" ".join(names)} --date {date} --reason "..."`'
    return f"look at {looks}; if the numbers are right: {release}"


def _next(delivery: Delivery, date: dt.date, failed: Sequence[Check]) -> str:
    """What a person does about a hold; what the vendor's agreement does not list is nothing to release."""
    if unlisted := dict.fromkeys(each.file for each in failed if checks.UNLISTED in each.name):
        return f"{_unlisted(delivery, unlisted)}; a release cannot let it go"
    return advice([delivery.name], date)


def _unlisted(delivery: Delivery, files: Iterable[str]) -> str:
    """What to do about columns that the vendor's agreement does not list, or lists no more."""
    ground = agreement.of(delivery.vendor)
    ended = f", which ended on {ground.until}" if ground.until and ground.until < settings.load().today() else ""
    return (
        f"leave the columns out of the view of {', '.join(files)}, or have the agreement with {delivery.vendor} "
        f"({ground.name}{ended}) changed, then its row in the catalogue's agreements.py"
    )


def _store(before: Stored, print_: str, content: dict[str, Any], decision: Decision) -> None:
    """Over the verdict of before, of the set of that fingerprint. Raises WrittenByAnother, WarehouseError."""
    told = {"fingerprint": print_, "may_go": decision}
    storage.store_json(before.name, {**told, "at": manifests.now(), **content}, told, over=before)


# ---------------------------------------------------------------------------------------------------------- decisions


def release(delivery: Delivery, date: dt.date, reason: str) -> list[str]:
    """Let a held delivery go, as it is now and in no other form; returns what was looked away from.

    Raises OnHold when the set changed since it was put on hold or would be passed by, ConfigurationError when it is not
    on hold or when a later day's set was looked at.
    """
    _refuse_the_past(delivery, date)
    held = storage.read_json(verdict_name(delivery, date))
    if held is None or held["may_go"] != "no":
        state = "was discarded" if held and held["may_go"] == "discarded" else "is not on hold"
        raise ConfigurationError(
            f"{delivery.name} {state} for {delivery.period(date)}",
            expected="a delivery on hold (exit code 40)",
            next_step=f"look at `{MORNING} status --date {date}`",
        )
    refuse_passed(delivery, date)
    if held["fingerprint"] != fingerprint(delivery, date):
        raise OnHold(
            f"{delivery.name} (its data, its agreement or its address) changed since it was put on hold",
            expected="a release of exactly what was looked at",
            next_step="run the morning again, look at the new numbers, then release",
        )
    if unlisted := [each["file"] for each in held["checks"] if not each["passed"] and checks.UNLISTED in each["name"]]:
        raise OnHold(
            f"{', '.join(unlisted)} of {delivery.name} holds columns that the vendor's agreement does not list",
            expected="columns that it lists: a release is no agreement",
            next_step=_unlisted(delivery, unlisted),
        )
    released = {**_looked_at(held), "released": _decided(reason, held["fingerprint"])}
    _store(storage.find(verdict_name(delivery, date)), held["fingerprint"], released, "yes")
    return [f"{each['file']}: {each['name']}: {each['found']:g}" for each in held["checks"] if not each["passed"]]


def discard(delivery: Delivery, date: dt.date, reason: str) -> None:
    """End the period's delivery: what has not gone does not go, and nobody is asked again, whatever data come.

    Raises ConfigurationError when the set has gone, when the day has not come, or a later day's set was looked at.
    """
    _refuse_the_past(delivery, date)
    period, today = delivery.period(date), settings.load().today()
    if period > today or receipt_target(delivery, date).exists() or _on_its_way(delivery, period):
        raise ConfigurationError(
            f"{delivery.name} for {period} " + ("is still to come" if period > today else "has been delivered"),
            expected="a set of today that has not gone yet",
            next_step=f"look at `{MORNING} status --date {date}`",
        )
    held = storage.read_json(verdict_name(delivery, date)) or {}
    discarded = {**_looked_at(held), "discarded": _decided(reason, held.get("fingerprint", ""))}
    _store(storage.find(verdict_name(delivery, date)), fingerprint(delivery, date), discarded, "discarded")


def _on_its_way(delivery: Delivery, period: dt.date) -> bool:
    """Whether the vendor has a file of the period's set, or a part of one, and the receipt is still to be written."""
    if left := Trail.left(trail_path(delivery.name)):
        return bool(left.receipt["period"] == period.isoformat() and left.begun())
    # By another machine. Whether one has taken its place meanwhile is seen by whoever goes on with it, who stops or
    # completes it by that.
    noted = pushes.noted(delivery.name) or {}
    begun = noted.get("placed") or noted.get("half")
    return bool(begun and noted["receipt"]["period"] == period.isoformat())


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
            next_step=f"look at `{MORNING} status --date {newest}`",
        )


def _newest(delivery: Delivery) -> dt.date | None:
    """The last period of which there is a verdict or a receipt."""
    name = re.compile(rf"deliveries/(\d{{4}}-\d\d-\d\d)/{delivery.name}/(?:verdict|receipt)\.json")
    found = [match[1] for each in storage.list_objects("deliveries/") if (match := name.fullmatch(each))]
    return dt.date.fromisoformat(max(found)) if found else None


# ------------------------------------------------------------------------------------------------ passed by, and owed


def passed_by(delivery: Delivery, date: dt.date) -> str:
    """Why the set of that date is not made any more, in words; '' when it is. Raises WarehouseError."""
    period, latest = delivery.period(date), latest_period(delivery.name)
    if discarded(delivery, date):
        return "somebody discarded it"
    if latest and latest > period:
        return f"the set of {latest} has gone since"
    later = _later_tables(delivery, date)
    return "; ".join(f"the table {table} holds {as_of} by now" for table, as_of in sorted(later.items()))


def _later_tables(delivery: Delivery, date: dt.date) -> dict[str, dt.date]:
    """The tables of its views that hold a later date than this, and that date."""
    feeds = {feed for file in delivery.view_files for feed in feeds_below(file.view)}
    held = {f"{feed.dataset}.{feed.name}": TableTarget(feed.dataset, feed.name, {}).as_of() for feed in feeds}
    return {table: as_of for table, as_of in held.items() if as_of and as_of > date}


def owed(delivery: Delivery, date: dt.date) -> bool:
    """Whether a set of the period was looked at (held, released or passed), and never given."""
    looked = storage.find(verdict_name(delivery, date)).metadata
    given = storage.find(receipt_name(delivery.name, delivery.period(date))).metadata
    return looked.get("may_go") in ("yes", "no") and looked.get("fingerprint") != given.get("fingerprint")


def ended(delivery: Delivery, date: dt.date) -> bool:
    """Whether nothing is left to do: a person or a later set ended it, or it was passed by and is owed to nobody."""
    latest = latest_period(delivery.name)
    if discarded(delivery, date) or (latest is not None and latest > delivery.period(date)):
        return True
    return bool(passed_by(delivery, date)) and not owed(delivery, date)


def refuse_passed(delivery: Delivery, date: dt.date) -> None:
    """Raise OnHold when the set is passed by: it is not given any more, and a release would be of nothing."""
    if not (reason := passed_by(delivery, date)):
        return
    newest = max(_later_tables(delivery, date).values(), default=None)
    anew = f"run {wrapper(delivery)} --date {newest}, which checks the set of that day anew" if newest else ""
    raise OnHold(
        f"{delivery.name} for {delivery.period(date)} was not given, and is not given any more: {reason}",
        expected="a set that nothing later has passed by",
        next_step=(f"{anew}; " if anew else "")
        + f"look at `{MORNING} status --date {newest or date}`; if nothing of it shall go: "
        f'`{MORNING} discard {delivery.name} --date {date} --reason "..."`',
    )


def wrapper(delivery: Delivery) -> str:
    """The command that makes it."""
    return "./run_daily.sh" if delivery.cadence == "daily" else "./run_weekly.sh"


# ------------------------------------------------------------------------------------------- just before the set goes


def ask_again(delivery: Delivery, date: dt.date, receipt: Mapping[str, Any]) -> None:
    """Ask anew whether exactly the set of the receipt may go, of the bucket and not of what this run has seen of it.

    Raises OnHold when it was discarded or held meanwhile, or its agreement lets it go no more; WarehouseError when it
    is not the set of now.
    """
    held = ask_again_of_left(delivery, date, receipt)
    if held.get("fingerprint") == receipt["fingerprint"] and held.get("may_go") == "no":
        raise _not_any_more(delivery, date, "was put on hold after this run had found that it may go")
    if not held.get("fingerprint") == receipt["fingerprint"] == fingerprint(delivery, date):
        raise WarehouseError(
            f"{delivery.name} for {delivery.period(date)} changed while it was on its way out; nothing of it was given",
            expected="the set that was checked",
            next_step="run again: the set as it is now is checked, and then goes",
        )


def ask_again_of_left(delivery: Delivery, date: dt.date, receipt: Mapping[str, Any]) -> dict[str, Any]:
    """The period's verdict as it is in the bucket now. Raises OnHold when it is discarded, or when the agreement of
    today does not list a column that the set of the receipt holds."""
    held = storage.read_json(verdict_name(delivery, date)) or {}
    if held.get("may_go") == "discarded":
        raise _not_any_more(delivery, date, "was discarded after this run had found that it may go")
    columns = {name: told["columns"] for name, told in receipt["contents"].items()}
    beyond = {name: agreement.beyond(receipt["vendor"], name, held) for name, held in columns.items()}
    if unlisted := [f"{name}: {', '.join(which)}" for name, which in beyond.items() if which]:
        raise _not_any_more(
            delivery, date, f"holds columns that the agreement of now does not list ({'; '.join(unlisted)})"
        )
    return held


def _not_any_more(delivery: Delivery, date: dt.date, why: str) -> OnHold:
    return OnHold(
        f"{delivery.name} for {delivery.period(date)} {why}; nothing of it was given",
        expected="a set that may go, at the moment at which it goes",
        next_step=f"look at `{MORNING} status --date {date}`, then run again",
    )
