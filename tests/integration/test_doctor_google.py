"""The doctor about Google: what each line says where it is so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from answering import answering
from doctoring import Doctor, doctoring, states
from pipeline import catalogue
from pipeline.catalogue import sql
from pipeline.catalogue.checking import views
from pipeline.catalogue.delivery import Delivery, ViewFile
from pipeline.outside import googlesql
from pipeline.outside.cloud import aside, asking, datasets, scratch, storage, warehouse
from pipeline.run.doctor import google, trial
from pipeline.run.doctor.lines import Line
from riverbend import Sandbox

ADDRESS = "morning@an-invented-project.iam.gserviceaccount.com"
KEY = "GOOGLE_APPLICATION_CREDENTIALS"


@pytest.fixture
def doctor(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    with doctoring(sandbox, tmp_path, monkeypatch) as made:
        made.configure(district={"bucket": tmp_path.name.replace("_", "-").strip("-")[:60]})
        yield made


# ---------------------------------------------------------------------------------------------- account and rights


def test_the_account(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account's file, whose token comes from the server that it names, or does not."""
    (line,) = doctor.ask("account", "Google")
    assert "which ask for no account" in line.found
    doctor.configure(cloud={"storage_endpoint": "", "bigquery_endpoint": ""})
    file = tmp_path / "google.json"
    monkeypatch.setenv(KEY, str(file))
    (line,) = doctor.ask("account", "Google")
    assert line.state == "wrong"
    assert line.found.startswith("no credentials for Google (")
    assert f"export {KEY}=" in line.remedy

    status, body = 200, {"access_token": "invented", "expires_in": 3600, "token_type": "Bearer"}
    with answering(lambda path: (status, body)) as server:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        told = {"type": "service_account", "client_email": ADDRESS, "private_key": pem, "token_uri": f"{server}/token"}
        file.write_text(json.dumps(told))
        (line,) = doctor.ask("account", "Google")
        assert (line.state, line.found) == ("good", f"it is asked as {ADDRESS}")
        status, body = 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        (line,) = doctor.ask("account", "Google")
        assert line.state == "wrong"
        assert "asking for a token: RefreshError" in line.found


def test_the_bucket(doctor: Doctor) -> None:
    (line,) = doctor.ask("bucket", "Google")
    assert (line.state, "the first run makes it" in line.found) == ("good", True)
    storage.store_json("receipts/first.json", {}, {}, storage.Stored("receipts/first.json"))
    (line,) = doctor.ask("bucket", "Google")
    assert (line.state, "is granted" in line.found) == ("good", True)
    doctor.fault("no-rights")
    (line,) = doctor.ask("bucket", "Google")
    assert line.state == "wrong"
    wanted = sorted({*google.PERMISSIONS} - {"storage.objects.get"})
    assert line.found.endswith(f"we have no {', '.join(wanted)}")
    assert f"add-iam-policy-binding {storage.uri('').rstrip('/')} --role=roles/storage.admin" in line.remedy
    doctor.configure(cloud={"timeout": "1"})
    doctor.fault("storage", status=403)
    (line,) = doctor.ask("bucket", "Google")
    assert (line.state, "Forbidden: 403" in line.found) == ("wrong", True)


def test_what_stands_there_already(doctor: Doctor) -> None:
    """The first run's own is as promised; one that keeps what was deleted is told, one of another place is wrong."""
    storage._create_bucket()
    assert states(doctor.ask("what stands there", "Google")) == ["good"]
    name = doctor.whole["district"]["bucket"]
    storage._client()._patch_resource(f"/b/{name}", {"softDeletePolicy": {"retentionDurationSeconds": "604800"}})
    (line,) = doctor.ask("what stands there", "Google")
    assert (line.state, "keeps what was deleted for 7 days" in line.found) == ("warning", True)
    assert "--clear-soft-delete" in line.remedy
    doctor.configure(district={"location": "EU"})
    elsewhere, keeping, *datasets = doctor.ask("what stands there", "Google")  # other tests left those
    assert (elsewhere.state, "lies in US" in elsewhere.found) == ("wrong", True)
    assert (keeping.state, "keeps what was deleted for 7 days" in keeping.found) == ("warning", True)
    assert all(name in line.found for name, line in [(name, elsewhere), (name, keeping)])
    assert not any(name in line.found for line in datasets)


# ----------------------------------------------------------------------------------------------------------- views


def test_a_dry_run_runs_nothing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the views; all of them are another test's. Nothing is there afterwards: no dataset, and no job."""
    monkeypatch.setattr(google, "_asked", lambda: ["roster_files.Clever_schools", "roster_files.clever_grades"])
    client = warehouse._client()
    before = {each.dataset_id for each in client.list_datasets()}, {job.job_id for job in client.list_jobs()}
    (line,) = doctor.ask("views", "Google")
    assert line.state == "good"
    client = warehouse._client()
    assert before == ({each.dataset_id for each in client.list_datasets()}, {job.job_id for job in client.list_jobs()})
    with pytest.raises(Exception, match=r"reading a query: .*no_function"):
        asking.dry_run("SELECT no_function(1)", "reading a query")


def test_what_is_no_text_is_told_where_nothing_but_bigquery_can_say_it(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the view of a file, though another view reads it, and not of that one; nor does it hide what is refused."""
    texts = {
        "Pupils": "SELECT\n  s.name,\n  PARSE_DATE('%Y', s.name) AS Born,\n  LENGTH(s.name) AS Long\n"
        "FROM `powerschool_combined.schools` AS s",
        "above": "SELECT p.Born FROM `doctor_rosters.Pupils` AS p",
        "refused": "SELECT p.Nobody FROM `doctor_rosters.Pupils` AS p",
    }
    for name, text in texts.items():
        view = tmp_path / f"sql/doctor_rosters/{name}.sql"
        view.parent.mkdir(parents=True, exist_ok=True)
        view.write_text(text)
    monkeypatch.setattr(sql, "folder", lambda: tmp_path / "sql")
    file = ViewFile("doctor_rosters.Pupils", "pupils.csv", key=("name",))
    monkeypatch.setattr(catalogue, "deliveries", lambda: {"own": Delivery("own", "otus", "/home", (file,))})
    view = tmp_path / "sql/doctor_rosters/Pupils.sql"
    *told, refused = doctor.ask("views", "Google")
    assert "reading the view doctor_rosters.refused" in refused.found
    assert [(line.state, line.found, line.remedy) for line in told] == [
        (
            "wrong",
            f"{view}, line 3: Born of doctor_rosters.Pupils is of type DATE, and goes out",
            "give Born as text: FORMAT_DATE('%m/%d/%Y', …)",
        ),
        (
            "wrong",
            f"{view}, line 4: Long of doctor_rosters.Pupils is of type INTEGER, and goes out",
            "give Long as text: CAST(… AS STRING)",
        ),
    ]


def test_bigquery_lets_us_make_no_jobs(doctor: Doctor) -> None:
    """Said once, and not of each view."""
    doctor.configure(cloud={"timeout": "1"})
    doctor.fault("bigquery", status=403)
    (line,) = doctor.ask("views", "Google")
    assert line.state == "wrong"
    assert "--role=roles/bigquery.jobUser" in line.remedy
    doctor.fault("bigquery", status=503)
    (line,) = doctor.ask("views", "Google")
    assert (line.state, "reading a query" in line.found) == ("wrong", True)


@pytest.mark.skipif(not googlesql.installed(), reason="GoogleSQL is a package of the tests")
@pytest.mark.parametrize("view", sql.names()[1::20])
def test_google_s_own_analyzer_takes_what_stands_alone(view: str) -> None:
    """Without any table: what BigQuery is asked by the dry run is a statement of GoogleSQL, with the view's columns."""
    told = googlesql.analyze(sql.alone(view), {})
    assert told.names == views.columns(view)
    assert told.limits == ()


# --------------------------------------------------------------------------------------------- the scratch dataset


def left(doctor: Doctor) -> list[Any]:
    """What is there of scratch datasets and objects."""
    return [*(name for name in aside.names() if name.startswith("doctor")), *storage.list_objects("doctor/")]


def test_a_scratch_dataset_is_tried_and_removed(doctor: Doctor) -> None:
    told = doctor.ask("scratch dataset", "Google", cloud=True)
    assert states(told) == ["good"] * 9, told
    assert left(doctor) == []
    assert doctor.ask("scratch dataset", "Google") == []


@pytest.mark.parametrize(("job", "wrong"), [("load", 1), ("query", 1), ("extract", 1)])
def test_a_scratch_dataset_is_removed_when_it_fails(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, job: str, wrong: int
) -> None:
    # To ask it is a query, too, before there is anything to remove: see the next test.
    monkeypatch.setattr(datasets, "own_name", lambda client: "morning@riverbend.example.org")
    doctor.fault("job-fails", job=job, reason="resourcesExceeded")
    told = doctor.ask("scratch dataset", "Google", cloud=True)
    assert states(told).count("wrong") == wrong, told
    assert "fault job-fails" in next(line.found for line in told if line.state == "wrong")
    assert "all of it is removed again" in told[-1].found
    assert left(doctor) == []


def test_where_nobody_says_who_we_are_no_dataset_is_made(doctor: Doctor) -> None:
    doctor.fault("job-fails", job="query", reason="resourcesExceeded")
    (told,) = doctor.ask("scratch dataset", "Google", cloud=True)
    assert told.state == "wrong"
    assert "creating dataset" in told.found
    assert left(doctor) == []


def test_what_a_killed_one_left_is_removed_by_the_next(doctor: Doctor) -> None:
    killed = scratch.Scratch(f"{aside.stem('doctor')}_20251117_0123abcd")
    killed.stored()
    killed.loaded()
    assert left(doctor) == [killed.dataset, f"{killed.folder}/ugly.csv"]
    doctor.fault("job-fails", job="load", reason="resourcesExceeded")  # the rest is another test's
    doctor.ask("scratch dataset", "Google", cloud=True)
    assert left(doctor) == []


def test_a_listing_that_is_behind(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's bad day: the listing tells the labels of before."""
    monkeypatch.setattr(scratch, "LONGEST", 0.5)
    doctor.fault("google", how="behind", seconds=60.0)
    told = doctor.ask("scratch dataset", "Google", cloud=True)
    assert states(told) == ["good"] * 7 + ["warning", "good"]
    assert "let half a minute pass between two runs" in told[7].remedy


def test_what_cannot_be_removed_is_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """BigQuery goes away in the middle; and when it was away from the beginning, nothing was made."""
    doctor.configure(cloud={"timeout": "1"})

    def away(made: scratch.Scratch) -> Line:
        doctor.fault("bigquery", status=503)
        return trial.STEPS[-1](made)

    monkeypatch.setattr(trial, "STEPS", (*trial.STEPS[:2], away, trial.STEPS[-1]))
    told = doctor.ask("scratch dataset", "Google", cloud=True)
    assert states(told) == ["good", "good", "wrong", "left out", "wrong"], told
    assert told[-1].remedy.startswith("bq rm -r -f -d riverbend-sandbox:doctor_")
    (line,) = doctor.ask("scratch dataset", "Google", cloud=True)
    assert (line.state, "503" in line.found) == ("wrong", True)
