"""A set that changed after it was delivered: whether it goes again, by its row's word, and what status says of it."""

import datetime as dt
from dataclasses import replace
from typing import Literal

import pytest

from clouds import Cloud
from pipeline.catalogue import flows
from pipeline.chain.tasks import DeliveredSet
from pipeline.inbound.evidence import PreparedTarget
from pipeline.run import status
from test_verdicts import FEED, MONDAY, ROSTERS, arrive, as_the_next_run, delivered
from test_verdicts import district as district

Word = Literal["when-changed", "never-same-day"]
Cadence = Literal["daily", "weekly"]
TUESDAY = MONDAY + dt.timedelta(days=1)
PASSED = "what changed since is not sent before the next period (never-same-day)"


def told(again: Word, date: dt.date, monkeypatch: pytest.MonkeyPatch) -> status.Flow:
    monkeypatch.setattr(flows, "feeds", list)
    monkeypatch.setattr(flows, "deliveries", lambda: [replace(ROSTERS, again=again)])
    (flow,) = status.seen(date, (), {}).flows
    return flow


@pytest.mark.parametrize("cadence", ["daily", "weekly"])
@pytest.mark.parametrize("again", ["when-changed", "never-same-day"])
def test_the_word_counts_for_a_day_and_for_a_week(district: Cloud, again: Word, cadence: Cadence) -> None:
    rosters = replace(ROSTERS, again=again, cadence=cadence)
    delivered(MONDAY, {"0105": 3})
    arrive(MONDAY, {"0105": 3}, last_name="Jones")
    as_the_next_run()
    corrected = DeliveredSet(date=MONDAY, delivery=rosters)
    passed = again == "never-same-day"
    assert (corrected.output().exists(), corrected.superseded()) == (passed, passed)
    arrive(TUESDAY, {"0105": 3}, last_name="Nunez")
    as_the_next_run()
    next_day = DeliveredSet(date=TUESDAY, delivery=rosters)
    passed = passed and cadence == "weekly"
    assert (next_day.output().exists(), next_day.superseded()) == (passed, passed)


def test_status_tells_that_what_changed_is_not_sent(district: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(MONDAY, {"0105": 3})
    assert PASSED not in told("never-same-day", MONDAY, monkeypatch).detail
    arrive(MONDAY, {"0105": 3}, last_name="Jones")
    as_the_next_run()
    flow = told("never-same-day", MONDAY, monkeypatch)
    assert flow.state == "delivered"
    assert flow.detail.endswith(f"; {PASSED}")
    flow = told("when-changed", MONDAY, monkeypatch)
    assert flow.state != "delivered"
    assert PASSED not in flow.detail


def test_status_claims_no_change_when_our_files_of_the_date_were_purged(
    district: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(MONDAY, {"0105": 3})
    PreparedTarget(FEED, MONDAY).manifest_path.unlink()
    as_the_next_run()
    assert PASSED not in told("never-same-day", MONDAY, monkeypatch).detail
