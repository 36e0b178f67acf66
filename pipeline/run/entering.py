"""The ledger is completed beside the run: what a vendor was given is entered while other sets are on their way."""

from contextlib import suppress

from pipeline.ground.errors import PipelineError
from pipeline.ground.looks import Looks
from pipeline.outbound import ledger
from pipeline.outbound.ledger import Recorded


class Entering:
    """Each time that somebody says so, the ledger is completed in the background."""

    def __init__(self) -> None:
        self._times: Looks[int, Recorded] = Looks(lambda _: ledger.record())
        self._last = 0

    def begin(self) -> None:
        """Enter what was given until now."""
        self._last += 1
        self._times.begin(self._last, aside=True)

    def end(self) -> list[PipelineError]:
        """All that was given before the last beginning is entered; what could not be. Raises what it raised, the last
        time: what failed before was tried again. Enters it now, if nobody has said so before."""
        if not self._last:
            self.begin()
        unnamed: list[PipelineError] = []
        for time in range(1, self._last):
            with suppress(Exception):
                unnamed += self._times.at(time).unnamed
        return list({str(error): error for error in unnamed + self._times.at(self._last).trouble}.values())
