"""What a preview makes aside: where rows with passwords lie, for how long, and that nothing stays behind."""

import pytest

from clouds import Cloud
from pipeline.catalogue import sql
from pipeline.ground import settings
from pipeline.ground.errors import ConfigurationError, WarehouseError
from pipeline.outbound import preview
from pipeline.outside import googlesql
from pipeline.outside.cloud import aside, datasets, texts, warehouse
from riverbend import PROJECT
from test_restricted import FILE, MONDAY, PASSWORD, VIEW, columns, days_left, delivery, made
from test_restricted import there as there


def scratch() -> set[str]:
    return {each for each in aside.names() if each.startswith("preview_")}


def changed(view: str) -> None:
    """Somebody edits the view's file."""
    (sql.folder() / FILE.view.replace(".", "/")).with_suffix(".sql").write_text(view)
    for cached in (sql.text, sql.reads):
        cached.cache_clear()


def test_a_preview_keeps_passwords_apart_for_a_day_at_most_and_leaves_nothing(there: Cloud) -> None:
    made(MONDAY)
    changed(f"{VIEW}WHERE student_number != '0004127'\n")
    before = aside.names()
    with preview.made(delivery(), MONDAY) as found:
        apart, rest = sorted(scratch(), key=len, reverse=True)
        assert apart == f"{rest}_restricted"
        table = FILE.name.replace(".", "_")
        assert columns(apart, table) == ["student_number", "provisioned_password"]
        assert columns(rest, table) == ["student_number"]
        for dataset in (apart, rest):
            assert days_left(dataset, table) == pytest.approx(1, abs=0.01)
            told = warehouse._client().get_dataset(f"{PROJECT}.{dataset}")
            assert told.default_table_expiration_ms == 86_400_000
        owners, own = warehouse._client().get_dataset(f"{PROJECT}.{apart}").access_entries
        assert (owners.entity_id, own.entity_id) == ("projectOwners", datasets.own_name(warehouse._client()))
        assert (owners.role, own.role) == ("OWNER", "OWNER")
        lines = list(preview.lines(found, rows=True))
        assert [str(check) for check in found.failed] == []
    assert lines[-1] == "- 0004127"
    assert PASSWORD not in "\n".join(lines)
    assert aside.names() == before
    assert texts.of(*FILE.view.split(".")) == VIEW


def test_a_preview_that_fails_leaves_nothing_and_says_which_view(there: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without Google's own engine only the warehouse finds it."""
    monkeypatch.setattr(googlesql, "installed", lambda: False)
    made(MONDAY)
    changed(VIEW.replace("student_number,", "student_number, gone AS x,"))
    with pytest.raises(WarehouseError, match=r"own_imports/Passwords\.sql") as told, preview.made(delivery(), MONDAY):
        pytest.fail("it cannot be made")
    assert "gone" in told.value.found
    assert scratch() == set()


def test_a_preview_tells_of_columns_that_are_no_text_by_the_views_file(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine without Google's own engine, as the morning does."""
    monkeypatch.setattr(googlesql, "installed", lambda: False)
    made(MONDAY)
    changed(VIEW.replace("student_number,", "student_number,\n LENGTH(student_number) AS long,"))
    told = r"own_imports/Passwords\.sql, line 2: long of own_imports\.Passwords is of type INTEGER"
    with pytest.raises(ConfigurationError, match=told), preview.made(delivery(), MONDAY):
        pytest.fail("it cannot be made")
    assert scratch() == set()


def test_what_a_killed_preview_left_goes_with_the_next_one_of_another_day(there: Cloud) -> None:
    made(MONDAY)
    stem, today = aside.stem("preview"), f"{settings.load().today():%Y%m%d}"
    left = {f"{stem}_20200101_00c0ffee", f"{stem}_20200101_00c0ffee_restricted"}
    others = {f"{stem}_{today}_00c0ffee", f"{stem}x_20200101_00c0ffee", f"{stem}_20200101"}
    for dataset in left | others:
        aside.make(dataset)
    try:
        with preview.made(delivery(), MONDAY) as found:
            assert list(preview.lines(found, rows=False))[1] == "its views are those that are deployed"
        assert scratch() == others
    finally:
        for dataset in others:
            aside.remove(dataset)


def test_what_cannot_be_removed_keeps_what_holds_passwords_from_nothing(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = aside.remove

    def fail(name: str) -> None:
        if not name.endswith(warehouse.RESTRICTED):
            raise WarehouseError("not now", expected="it", next_step="run again")
        remove(name)

    with monkeypatch.context() as patch:
        patch.setattr(aside, "remove", fail)
        with pytest.raises(WarehouseError, match="not now"), aside.dataset("trial", restricted=True) as name:
            assert {name, f"{name}_restricted"} <= {*aside.names()}
    assert f"{name}_restricted" not in aside.names()
    remove(name)


def test_a_table_that_is_not_loaded_yet_is_named_and_nothing_is_made(there: Cloud) -> None:
    there.from_now_on()
    told = "no table misc_imports_restricted.google_students_provisioned"
    with pytest.raises(WarehouseError, match=told), preview.made(delivery(), MONDAY):
        pytest.fail("it cannot be made")
    assert there.asked("bigquery", "POST", "/datasets") == []


def test_bigquerys_own_line_is_told_of_the_views_file(there: Cloud) -> None:
    def refused() -> None:
        raise WarehouseError(
            "deploying the view x: BadRequest: Unrecognized name: gone at [3:15]", expected="it", next_step="run again"
        )

    with pytest.raises(WarehouseError) as told:
        preview._about(FILE.view, refused, by_line=True)
    assert told.value.found.startswith(f"{sql.file(FILE.view)}, line 3: deploying")
