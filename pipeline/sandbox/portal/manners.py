"""How the portal misbehaves: the faults that are on for it, looked at for each page.

Pages are what a browser shows; pictures, scripts and the health check are always served.
"""

import time

from pipeline.sandbox.faults import Countdown, Fault, FaultFile

ROLES = ("School User", "SCH_EC")


class Manners:
    """`find` a switch, or `strike` with one that has a number of times."""

    def __init__(self, faults: FaultFile) -> None:
        self._faults = faults
        self._countdown = Countdown(faults)

    def wait(self, path: str) -> None:
        """As long as a slow page takes, or until the fault is healed."""
        until = None
        while (fault := self._here("portal-slow", path)) and (until is None or time.monotonic() < until):
            until = until or time.monotonic() + fault.options["seconds"]
            time.sleep(0.05)

    def error(self, path: str) -> int | None:
        """The status of the error that is answered instead of the page."""
        fault = self._here("portal-error", path) and self._countdown.strike("portal-error")
        return fault.options["status"] if fault else None

    def vanishes(self) -> bool:
        return self._countdown.strike("portal-vanish") is not None

    def expired(self) -> bool:
        return self._faults.find("portal-expired") is not None

    def asks(self) -> bool:
        return self._faults.find("portal-asks") is not None

    def between(self) -> str:
        """The page that the sign-in shows besides: stay, pick or notice; blank for none."""
        fault = self._faults.find("portal-between")
        return str(fault.options["page"]) if fault else ""

    def refuses(self) -> bool:
        return self._faults.find("portal-refused") is not None

    def cut(self) -> bool:
        return self._countdown.strike("portal-cut") is not None

    def error_page(self) -> bool:
        return self._countdown.strike("portal-error-page") is not None

    def role(self, visit: int) -> str:
        """What a school's role is called on the visit-th look at the drop-down: another name each time."""
        fault = self._faults.find("portal-role")
        return ROLES[bool(fault.options["sch_ec"]) if fault else (visit + 1) % 2]

    def _here(self, name: str, path: str) -> Fault | None:
        fault = self._faults.find(name)
        return fault if fault and fault.options["at"] in path else None
