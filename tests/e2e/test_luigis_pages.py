"""A morning with a file that does not come, as Luigi's own pages and its own command show it."""

from e2e.district import MONDAY, TUESDAY, District

FAMILY = "VendorFile(feed=savvas_standards_scores, part=savvas)"
BY_HAND = (".venv/bin/luigi", "--module", "pipeline.morning", "SftpOperationsMisc", "--date", f"{TUESDAY}")


def shown(district: District, status: str) -> dict[str, str]:
    """The tasks of that status: their ids, and what the page calls them."""
    found = district.visualiser("task_list", status=status, upstream_status="")
    return {name: task["display_name"] for name, task in found.items()}


def test_what_waits_after_its_deadline_is_red_and_green_when_it_has_come(district: District) -> None:
    district.sandbox("new-day", "--date", f"{TUESDAY}")
    file = next((district.sftp / "savvas" / "scores").glob("*Standards*20251118*"))
    file.rename(away := district.folder / "away.csv")
    assert district.run_daily(TUESDAY, workers=4).code == 20
    assert shown(district, "FAILED") == {}
    assert FAMILY in shown(district, "PENDING").values()

    late = district.config.read_text()
    district.config.write_text(late.replace("grace_hours = 1000000", "grace_hours = 0"))
    run = district.run_daily(TUESDAY)
    assert run.code == 30, run.out
    ((name, called),) = shown(district, "FAILED").items()
    assert called == FAMILY
    told = district.visualiser("fetch_error", task_id=name)["error"]
    assert told.startswith(
        '"found: savvas_standards_scores savvas: the newest, SAVVAS_Realize_Standards_Scores_20251117.csv'
    )
    assert "at 10:00, its deadline\\nexpected: the file of this morning by 06:30\\nnext: ask the vendor; " in told
    assert run.out.count("its deadline") == 1  # told once
    graph = district.visualiser("dep_graph", task_id=next(n for n in shown(district, "PENDING") if n[:8] == "Morning_"))
    steps = {"BigqueryOperations", "BigqueryOperationsMisc", "SftpOperations"}
    assert {task["name"] for task in graph.values()} >= {"Morning", *steps}

    by_hand = district.call(*BY_HAND)
    assert by_hand.code == 30
    assert by_hand.out.startswith(f"{name}:\nfound: savvas_standards_scores savvas: the newest")
    assert by_hand.out.rstrip().endswith("===== Luigi Execution Summary =====")
    assert "arning" not in by_hand.out
    assert "Traceback" not in by_hand.out

    away.rename(file)
    run = district.run_daily(TUESDAY, workers=4)
    assert run.code == 0, run.out
    assert shown(district, "FAILED") == {}
    assert [*shown(district, "PENDING").values()] == [f"SftpOperationsMisc(date={TUESDAY})"]  # whose run has just ended
    assert FAMILY in shown(district, "DONE").values()
    assert not [name for name in shown(district, "DONE") if f"{MONDAY:%Y_%m_%d}" in name]
    by_hand = district.call(*BY_HAND)
    assert (by_hand.code, by_hand.out.count("Luigi Execution Summary")) == (0, 2)
    assert by_hand.out.lstrip().startswith("===== Luigi Execution Summary =====")
