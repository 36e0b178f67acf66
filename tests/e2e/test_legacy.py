"""A district without EasyIEP: nobody waits for it, its file leaves the set, and the morning ends well."""

import json
import time
from collections.abc import Iterator

import pytest

from e2e.district import MONDAY, District
from pipeline import catalogue
from pipeline.catalogue import flows

IMPORTS = catalogue.deliveries()["powerschool_imports"]
LEGACY = {"TN_options_report_2014", "easyiep"}


@pytest.fixture
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A district that imports into its student information system, and does nothing else."""
    needed = {feed.name for feed in flows.inputs(IMPORTS.without(LEGACY))}
    off = {*catalogue.feeds(), *catalogue.deliveries()} - needed - {IMPORTS.name}
    assert off >= LEGACY
    district = District(tmp_path_factory.mktemp("without"), sorted(off))
    yield district
    district.stop()


def test_without_easyiep_its_file_leaves_the_set_and_the_morning_ends_well(without: District) -> None:
    since = time.time()
    run = without.run_daily(MONDAY, workers=4)
    assert run.code == 0, run.out
    assert set(without.vendor_events(since, "easyiep")) <= {"connect", "close"}  # the sandbox asks whether it is up
    came = {name.removeprefix("/PS_imports/") for name in without.vendor_files("district") if "PS_imports" in name}
    assert came == {file.name for file in IMPORTS.files} - {"IEP_Import_RSD.txt"}
    assert "without IEP_Import_RSD.txt: TN_options_report_2014 is off" in run.out
    told = json.loads(without.pipeline("status", "--date", f"{MONDAY}", "--json").out)["flows"]
    (flow,) = [flow for flow in told if flow["flow"] == IMPORTS.name]
    assert flow["state"] == "delivered"
    assert flow["detail"].endswith("without IEP_Import_RSD.txt: TN_options_report_2014 is off")
    assert not LEGACY & {flow["flow"] for flow in told}
