"""The folder into which a set is brought: it is its own while it has the delivery's turn, and is gone afterwards."""

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import catalogue
from pipeline.catalogue.delivery import Delivery
from pipeline.ground.errors import WarehouseError
from pipeline.ground.patience import Turns
from pipeline.ground.progress import Made
from pipeline.outbound import evidence, giving, verdicts

MONDAY = dt.date(2026, 11, 23)
DELIVERY = next(iter(catalogue.deliveries().values()))


class AfterAnother(Turns):
    """The turn before this one completes an interrupted push of the set, and removes what was brought for that."""

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        with super().of(name):
            shutil.rmtree(evidence.outbox() / name, ignore_errors=True)
            yield


@pytest.mark.parametrize("fails", [False, True])
def test_what_the_turn_before_removed_is_there_for_the_set(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    seen: set[Path] = set()

    def deliver(delivery: Delivery, date: dt.date, own: Path, progress: object) -> Made:
        seen.update({own} if own.is_dir() else ())
        (own / "students.csv").write_text("ID\n1\n")
        if fails:
            raise WarehouseError("503", expected="200", next_step="run again")
        return Made(words="given")

    monkeypatch.setattr(verdicts, "refuse_passed", lambda delivery, date: None)
    monkeypatch.setattr(giving, "turns", AfterAnother())
    monkeypatch.setattr(giving, "_deliver", deliver)
    try:
        assert giving.deliver(DELIVERY, MONDAY, lambda done, total: None).words == "given"
    except WarehouseError:
        assert fails
    assert seen == {evidence.outbox() / DELIVERY.name}
    assert not any(evidence.outbox().iterdir())  # people's data does not stay, whatever happened
