"""The portal's steps as tasks: each lands some of the reports, of every login and school, with a browser."""

import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline import catalogue
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import PortalReport, Report, secret_of
from pipeline.chain.base import ChainTask
from pipeline.ground import border, progress, secrets, settings
from pipeline.ground.errors import AtWorkElsewhere, PipelineError, TransferIncomplete, VendorError
from pipeline.ground.progress import Made
from pipeline.inbound import reports, steps
from pipeline.inbound.evidence import LandedTarget, LandedTargets, PreparedTarget
from pipeline.outside.cloud import leases
from pipeline.outside.refusals import Key

if TYPE_CHECKING:
    from pipeline.outside.portals import eis

log = logging.getLogger(__name__)

# Before all that needs no browser: this is what a morning waits for longest.
FIRST = 1 << 50
# The lease of who has a browser, an object; and the seconds for which another machine's is waited for.
BROWSER, WAITS = "leases/selenium.json", 3600.0
# This process's, while it has one.
_held: list[leases.Lease] = []


class PortalTask(ChainTask):
    """The portal's `reports` of this morning are landed, for every login and school.

    The central scheduler gives `selenium` to one task at a time, on whatever machine ([resources] of luigi.cfg); where
    it is gone, or there are two, a lease does. A download stays on its machine, and is read in the same step: what it
    says is in the bucket before anything else is made, without its social security numbers.
    """

    anywhere = False

    reports: ClassVar[tuple[Report, ...]] = ()
    resources = {"selenium": 1}  # noqa: RUF012  (Luigi's own name and type)
    priority = FIRST

    def output(self) -> LandedTargets:
        return LandedTargets(tuple(LandedTarget(feed, part, self.date) for feed, part in self._parts()))

    def _parts(self) -> list[tuple[Feed, str]]:
        return [
            (feed, source.name)
            for feed in catalogue.feeds().values()
            for source in feed.sources
            if isinstance(source.place, PortalReport) and source.place.report in self.reports
        ]

    def make(self) -> Made:
        """One login after the other; what fails for one does not keep the next from being tried."""
        self._refuse_another_day()
        failures: list[PipelineError] = []
        with ExitStack() as block:
            self._still_ours = self._alone(block)
            missing = self._landed(failures)
        self._read()
        if failures:
            raise _both(failures)
        return Made(words=f"{missing} reports")

    def _alone(self, block: ExitStack) -> Callable[[], object]:
        """No other machine has a browser in the block. Returns what raises AtWorkElsewhere when one may have by now.
        Where the bucket does not answer, nobody knows of other machines, and the run says so. A step of this run that
        was given up, and hangs, has the lease: it is this run's."""
        if _held:
            return _held[-1].check
        try:
            lease = block.enter_context(leases.held(BROWSER, WAITS, self._wait))
            _held.append(lease)
            block.callback(_held.clear)
            return lease.check
        except AtWorkElsewhere:
            raise
        except PipelineError:
            log.warning("%s is not held", BROWSER, exc_info=True)
            return lambda: None

    def _wait(self, who: str) -> None:
        progress.moving(self, self.of(), f"waits for the browser of {who}", 0, 1)

    def _landed(self, failures: list[PipelineError]) -> int:
        """How many reports were missing; what went wrong with one login is added."""
        missing = [target for target in self.output().targets if not target.exists()]
        for login in dict.fromkeys(_place(target).login for target in missing):
            try:
                with border.around(f"EIS portal as {login}", "fetching its reports", VendorError):
                    self._fetch(login, [target for target in missing if _place(target).login == login])
            except PipelineError as failure:
                failures.append(failure)
        return len(missing)

    def _read(self) -> None:
        """Prepare and store each feed whose reports are all there. What cannot be read is told by the step after this
        one, which reads it again."""
        leases.still_at_work()
        for feed in dict.fromkeys(feed for feed, _ in self._parts()):
            landed = [LandedTarget(feed, source.name, self.date).manifest() for source in feed.sources]
            if all(told and not told.get("removed") for told in landed):
                with suppress(PipelineError), border.around(feed.name, "reading what the portal gave"):
                    steps.prepare(PreparedTarget(feed, self.date))

    def _refuse_another_day(self) -> None:
        shown = settings.load().portal_day()
        if shown != self.date:
            raise TransferIncomplete(
                f"the portal shows the reports of {shown}",
                expected=f"those of {self.date}, which it showed on that day only",
                next_step="a report of another day is not stamped with this one's date; run the morning of today",
            )

    def _fetch(self, login: str, targets: list[LandedTarget]) -> None:
        from pipeline.outside.portals import eis

        told = settings.load()
        landed = {(_place(target).report, _place(target).school): target for target in targets}
        folder = told.district.landing / "downloads" / f"{self.task_family}-{login}"
        shutil.rmtree(folder, ignore_errors=True)  # a killed run's
        try:
            eis.fetch(
                told.portal.address,
                eis.Login(login, self._key(login)),
                [self._wanted(each) for each in targets],
                folder,
                diagnostics=told.district.landing / "diagnostics" / self.date.isoformat(),
                landed=lambda wanted, path: reports.land_report(landed[wanted.report, wanted.school], path),
                progress=self._tell,
                patience=told.portal.patience,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # what is no report may hold social security numbers as well

    def _key(self, login: str) -> Key:
        secret = secret_of(login)
        return Key(f"portal-{login}", settings.load().login(login).user, secrets.read(secret), f"the secret {secret}")

    def _wanted(self, target: LandedTarget) -> "eis.Wanted":
        from pipeline.outside.portals import eis

        place = _place(target)
        return eis.Wanted(place.report, place.school, place.role, partial(self._check, target))

    def _check(self, target: LandedTarget, download: Path) -> None:
        self._still_ours()
        reports.check_report(target.feed, _place(target).school, self.date, download)

    def _tell(self, login: str, done: int, schools: int) -> None:
        progress.moving(self, self.of(), f"{login}: {done} of {schools} schools", done, schools)

    def flow(self) -> str:
        return " ".join(dict.fromkeys(feed.name for feed, _ in self._parts()))

    def of(self) -> str:
        return ", ".join(self.reports)


class EisAdmAuditStudentMembership(PortalTask):
    """ADM audit and student membership are landed (the clock's 7:30)."""

    reports = ("ADMAudit", "StudentMembership")


class EisSchoolErrorReports(PortalTask):
    """Every school's error report is landed (the clock's 7:35)."""

    reports = ("AllErr",)


STEPS = (EisAdmAuditStudentMembership, EisSchoolErrorReports)


def _place(target: LandedTarget) -> PortalReport:
    place = target.feed.source(target.part).place
    assert isinstance(place, PortalReport)  # noqa: S101  (PortalTask has no other targets)
    return place


def _both(failures: list[PipelineError]) -> PipelineError:
    """One error that says what all of them say."""
    if len(failures) == 1:
        return failures[0]
    return VendorError(
        "; ".join(failure.found for failure in failures),
        expected=failures[0].expected,
        next_step="; ".join(dict.fromkeys(failure.next_step for failure in failures)),
        shared=" and ".join(dict.fromkeys(filter(None, (failure.shared for failure in failures)))),
    )
