"""What happened is entered beside the run: in the ledger what a vendor was given, while other sets are on their way; in
the history, when the tasks have ended, what they did."""

from contextlib import suppress

from pipeline.ground import border
from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import Looks
from pipeline.outbound import happened, ledger
from pipeline.outbound.ledger import Recorded


class Entering:
    """Each time that somebody says so, the ledger is completed in the background. The `first` run of a date, and one
    after a broken one, looks at all receipts, at its end: there are more of them each day."""

    def __init__(self, *, first: bool) -> None:
        self._first, self._last = first, 0
        self._times: Looks[tuple[int, bool], Recorded] = Looks(lambda time: ledger.enter(lately=not time[1]))
        self._history: Looks[str, None] = Looks(lambda _: _enter_history())

    def begin(self) -> None:
        """Enter in the ledger what was given until now."""
        self._last += 1
        self._times.begin((self._last, False), aside=True)

    def begin_the_last(self) -> None:
        """The tasks have ended: enter what they did."""
        self._last += 1
        self._times.begin(self._at_last, aside=True)
        self._history.begin("", aside=True)

    def end(self) -> list[PipelineError]:
        """All that was given before the last beginning is in the ledger; what could not be. Raises what it raised, the
        last time: what failed before was tried again. Enters it now, if nobody has said so before."""
        told: list[Recorded] = []
        for time in range(1, self._last):
            with suppress(Exception):
                told.append(self._times.at((time, False)))
        try:
            told.append(last := self._times.at(self._at_last))
            return [*ledger.unnamed(_unsure(told)), *last.trouble]
        finally:
            self._history.known("")  # the run's own end goes there next

    @property
    def _at_last(self) -> tuple[int, bool]:
        return self._last, self._first


def _unsure(told: list[Recorded]) -> list[str]:
    """The receipts of which nobody who entered them knows whether all students are named. Two looks may miss the same
    one; who enters it second finds the students there."""
    sure = {name for each in told for name in {*each.deliveries} - {*each.unsure}}
    return [*dict.fromkeys(name for each in told for name in each.unsure if name not in sure)]


def _enter_history() -> None:
    """What is not entered by this is tried again by the run's end, which tells it."""
    with suppress(PipelineError), border.around("the history", "entering what happened"):
        happened.record()
