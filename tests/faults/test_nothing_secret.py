"""No password and no person's name or number in anything that is printed, logged or shown by the visualiser."""

from e2e.district import MONDAY, District
from faults.leaks import leaks, people


def test_a_morning_of_failures_tells_no_secret(district: District) -> None:
    """A cut row, a name where a number must be, a person twice, a refused login; then a warehouse that is dark."""
    assert people(district) >= {"Núñez", "O'Brien"}
    header, first, *rest = lines(district, "students")
    send(district, "students", [header, first.rpartition(",")[0], *rest])
    fields = len(header.split(",")) - 1
    header, first, *rest = lines(district, "sections")
    send(district, "sections", [header, with_value(header, first, "Max_Enrollment", "Núñez"), *rest])
    header, first, *rest = lines(district, "teachers")
    send(district, "teachers", [header, first, first, *rest])
    district.fault(MONDAY, "corrected", "savvas/scores/SAVVAS_Realize_Standards*")
    district.sandbox("fault", "login", "otus")
    run = district.run_daily(MONDAY, workers=4)
    assert run.code == 30, run.out
    refused = {f"PreparedFile {feed}" for feed in ("students", "sections", "teachers")}
    assert run.tasks("FAILED") == {*refused, "DeliveredSet otus_scores"}
    assert f"file students.csv (RSD), line 2: {fields} fields" in run.out
    assert "file sections.csv (RSD), line 2, column max_enrollment: the form 'aaaaa'" in run.out
    failed = district.visualiser("task_list", status="FAILED", upstream_status="")
    errors = [district.visualiser("fetch_error", task_id=name)["error"] for name in failed]
    assert len(errors) == 4
    assert any("column max_enrollment" in error for error in errors)

    # What BigQuery calls its own trouble is tried again for as long as a call may take.
    district.config.write_text(district.config.read_text().replace("[cloud]\n", "[cloud]\ntimeout = 5\n"))
    district.sandbox("fault", "bigquery", "--status", "400", "--times", "0")
    dark = district.run_daily(MONDAY)
    assert dark.code == 30, dark.out
    assert "fault: bigquery" in dark.out


def test_a_leak_would_be_found(district: District) -> None:
    """A name in the log, a password in the note of a run."""
    assert leaks(district) == []
    log, note = district.folder / "log" / "morning-2025-11-17.log", district.landing / "runs" / "leak.json"
    kept = log.read_text()
    log.write_text(f"{kept}\nthe guardian of O'Brien\n")
    note.write_text(district.secrets()["otus_password"])
    assert set(leaks(district)) == {"otus_password", "O'Brien"}
    log.write_text(kept)
    note.unlink()


def lines(district: District, name: str) -> list[str]:
    return district.vendor_files("district")[f"/powerschool_rsd/{name}.csv"].decode().splitlines()


def with_value(header: str, line: str, column: str, value: str) -> str:
    fields = line.split(",")
    fields[-len(header.split(",")) + header.split(",").index(column)] = value
    return ",".join(fields)


def send(district: District, name: str, lines: list[str]) -> None:
    district.send(MONDAY, district.sftp / f"district/powerschool_rsd/{name}.csv", "\n".join([*lines, ""]).encode())


def test_a_status_message_is_no_markup(district: District) -> None:
    """A vendor names its files; the visualiser reads status messages as HTML."""
    scores = district.sftp / "savvas/scores"
    named = scores / "SAVVAS_Realize_Standards_Scores_<img src=x onerror=alert(1)>.csv"
    (scores / "SAVVAS_Realize_Standards_Scores_20251117.csv").rename(named)
    run = district.run_daily(MONDAY)
    assert run.code == 0, run.out
    tasks = district.visualiser("task_list", status="DONE", upstream_status="")
    messages = {name: district.visualiser("get_task_status_message", task_id=name)["statusMessage"] for name in tasks}
    (landed,) = [message for name, message in messages.items() if name.startswith("LandedFile")]
    assert "SAVVAS_Realize_Standards_Scores_&lt;img src=x onerror=alert(1)&gt;.csv" in landed
    assert "unchanged" in messages.values()
    assert not [message for message in messages.values() if message and "<" in message]
