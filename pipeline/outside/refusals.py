"""Credentials that were not taken today are not sent again, by any run, lest the account be locked.

A record is of one day by the district's clock and of what was sent: other credentials are tried at once, the same ones
when a person says so (`morning retry-login`). It holds salted digests of them, and goes the day after. It is written to
the disk before anything is sent, and into the bucket when that was not let in: so it outlives a kill of this run, and
other machines know it. (Google's clients are imported when a record is asked for: the looks at vendors begin before.)
"""

import datetime as dt
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.ground import manifests, settings
from pipeline.ground.command import MORNING
from pipeline.ground.errors import LoginRefused, PipelineError

log = logging.getLogger(__name__)

# How often a day what got no answer that we know (a broken line, a kill) may be sent; a refusal is one too many.
UNANSWERED = 3
# In the place of a digest, of what was sent and has had no answer yet.
_UNNAMED = ""
# What every refusal of a login has in common.
_SHARED = "the login {} is not taken"


@dataclass(frozen=True)
class Key:
    """What opens an account: the name of the record (a vendor's, or `portal-RSD`), the user there, and the secret (a
    private key's fingerprint, where it is one), which a person renews at `renewed`."""

    name: str
    user: str
    secret: str = field(repr=False)
    renewed: str

    @property
    def retry(self) -> str:
        """How a person lets the same credentials be sent again."""
        return f"{MORNING} retry-login {self.name}"

    @property
    def shared(self) -> str:
        """What every refusal of it has in common."""
        return _SHARED.format(self.name)

    def refuse_to_knock(self) -> None:
        """Raises LoginRefused when it must not be sent any more today."""
        found = self._found()
        sent = found.get("sent", 0)
        if "refused_at" in found or sent >= UNANSWERED:
            if manifests.load(_record(self.name)):
                self._tell_others()  # the bucket may not have answered when it was noted
            local = settings.load().district.local
            silence = (
                f"sent {sent} times and not answered, the last time at {local(found.get('sent_at', manifests.now()))}"
            )
            why = f" ({found['why']})" if found.get("why") else ""
            what = f"refused at {local(found['refused_at'])}{why}" if "refused_at" in found else silence
            raise LoginRefused(
                f"the login of {self.user} ({self.name}) was {what}; the same credentials are not sent again today",
                expected="to be let in; another wrong try may lock the account",
                next_step=f"log in there by hand once, or ask the vendor; renew {self.renewed}, or, if it is right as "
                f"it is, `{self.retry}`; then run again",
                shared=self.shared,
            )

    @contextmanager
    def knocking(self) -> Iterator[None]:
        """It is sent in the block: counted before that, whatever becomes of us, until `let_in` or `refused` says what
        the answer is. Raises LoginRefused.

        The count begins without a digest, which would take longer than most logins: where a kill leaves it so, it holds
        for whatever is sent next.
        """
        self.refuse_to_knock()
        record = self._all()
        record["known"][_UNNAMED] = _with_one_more(record["known"].get(_UNNAMED, {}))
        manifests.save(_record(self.name), record)
        try:
            yield
        except BaseException:
            with suppress(OSError):  # that it cannot be noted must not hide what happened
                self._save()
            raise
        finally:
            self._tell_others()

    def sent(self) -> int:
        """How often it was sent today without an answer."""
        return int(self._found().get("sent", 0))

    def refused(self, why: str = "") -> None:
        """The answer was no; `why` holds no secret."""
        self._save(refused_at=manifests.now(), why=why)

    def let_in(self) -> None:
        """It is right: a count of tries without an answer ends. Other credentials that were refused stay so."""
        record = self._all()
        refused = {digest: facts for digest, facts in record["known"].items() if "refused_at" in facts}
        if refused and (kept := refused.keys() - {self._digest(record["salt"])}):
            known = {digest: refused[digest] for digest in kept}
            manifests.save(_record(self.name), {**record, "known": known})
        else:
            _record(self.name).unlink(missing_ok=True)

    def _found(self) -> dict[str, Any]:
        """What is known of it today."""
        record = self._all()
        unnamed = record["known"].pop(_UNNAMED, {})
        return _together(record["known"].get(self._digest(record["salt"]), {}) if record["known"] else {}, unnamed)

    def _save(self, **facts: object) -> None:
        record = self._all()
        digest, unnamed = self._digest(record["salt"]), record["known"].pop(_UNNAMED, {})
        record["known"][digest] = {**_together(record["known"].get(digest, {}), unnamed), **facts}
        manifests.save(_record(self.name), record)

    def _all(self) -> dict[str, Any]:
        """Of each of the credentials that were sent today, by their digest, and the salt of the digests: what all
        machines know, and what this one counts besides."""
        from pipeline.outside.cloud import documents

        told = documents.load(_record(self.name)) or {}
        here = manifests.load(_record(self.name)) or {}
        salt, known = str(told.get("salt") or os.urandom(16).hex()), dict(told.get("known") or {})
        if here.get("salt") == salt:
            known = {digest: _both(known, here["known"], digest) for digest in known.keys() | here["known"].keys()}
        return {**told, "salt": salt, "known": known}

    def _tell_others(self) -> None:
        """What this machine knows is what the bucket has."""
        from pipeline.outside.cloud import documents

        path = _record(self.name)
        try:
            here = manifests.load(path)
            if here is None:
                documents.forget(path)
            else:
                told = documents.load(path) or {}
                if not (told.get(documents.IN_BUCKET) and told["known"] == here["known"]):
                    documents.save(path, here, days=1)
        except (PipelineError, OSError):
            log.warning("other machines will not know how often %s was sent", self.name, exc_info=True)

    def _digest(self, salt: str) -> str:
        return _digest(f"{self.user}\n{self.secret}", salt)


def _both(one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]], digest: str) -> dict[str, Any]:
    """What two records know of one credential: either's refusal, and the larger count."""
    facts = sorted((one.get(digest, {}), other.get(digest, {})), key=lambda each: int(each.get("sent", 0)))
    return {**facts[0], **facts[1]}


def _with_one_more(count: dict[str, Any]) -> dict[str, Any]:
    return {"sent": count.get("sent", 0) + 1, "sent_at": manifests.now()}


def _together(named: dict[str, Any], unnamed: dict[str, Any]) -> dict[str, Any]:
    """What is known of credentials, with what was sent and has no digest yet."""
    return {**named, **unnamed, "sent": named.get("sent", 0) + unnamed["sent"]} if unnamed else {**named}


@lru_cache(maxsize=16)
def _digest(told: str, salt: str) -> str:
    """Slow on purpose: a password is not found from it."""
    return hashlib.scrypt(told.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def _record(name: str) -> Path:
    told = settings.load()
    return told.district.landing / "refused" / told.today().isoformat() / f"{name}.json"


def look() -> None:
    """Ask the bucket what was refused today, which may take as long as any question to it: who is about to log in knows
    it then, and keeps no server waiting for that."""
    from pipeline.outside.cloud import documents

    documents.load(_record("any"))


def let_again(shared: str, at: dt.datetime) -> bool:
    """Whether a refusal, told `at` that moment, was of logins that a person has let be tried again since, by what it
    has in common with others. What was refused on an earlier day is as it was told."""
    from pipeline.outside.cloud import documents

    day = at.astimezone(settings.load().district.zone).date()
    names = re.findall(_SHARED.format(r"(\S+)"), shared)  # of one step of the portal, there may be several
    return day == settings.load().today() and bool(names) and not any(documents.load(_record(name)) for name in names)


def forget(name: str) -> bool:
    """Let what was refused today be sent again, by any machine; whether anything was. Raises WarehouseError."""
    from pipeline.outside.cloud import documents

    there = documents.load(_record(name)) is not None
    documents.remove(_record(name))
    return there
