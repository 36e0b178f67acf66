# ruff: noqa: S608  (the names in these queries are the tests' own)
"""Views' texts in BigQuery, through Google's client against the stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery

from clouds import Cloud, set_up
from pipeline.outside.cloud import texts, warehouse
from riverbend import PROJECT, Sandbox


@pytest.fixture
def there(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with set_up(running, tmp_path, monkeypatch) as made:
        yield made


def changed_by_hand(there: Cloud, view: str, text: str) -> None:
    """As a person does in the console."""
    found = warehouse._client().get_table(f"{there.dataset}.{view}")
    found.view_query = text
    warehouse._client().update_table(found, ["view_query"])


def test_a_view_is_deployed_replaced_and_read(there: Cloud) -> None:
    warehouse.freeze("SELECT '0004127' AS id, 9 AS grade", there.dataset, "students", {"sql": "1"}, days=1)
    views = f"{there.dataset}_views"
    first = f"SELECT id FROM `{PROJECT}.{there.dataset}.students`\n-- as in the file\n"
    second = first.replace("id", "id, grade", 1)
    assert texts.of(views, "roster") is None
    for text in (first, first, second):
        texts.deploy(views, "roster", text)
        assert texts.of(views, "roster") == text
        there.look_again()
        assert texts.of(views, "roster") == text
        assert texts.is_deployed(views, "roster", text)
    assert not texts.is_deployed(views, "roster", first)
    assert not texts.is_deployed(views, "roster_2", first)
    assert warehouse.ask(f"SELECT COUNT(grade) AS n FROM `{PROJECT}.{views}.roster`", "counting") == [{"n": 1}]


def test_a_view_that_somebody_changed_is_not_ours_whatever_its_label_says(there: Cloud) -> None:
    """A run that only looks whether there is anything to do goes by the label: that asks one listing."""
    texts.deploy(there.dataset, "ours", "SELECT 1 AS id")
    changed_by_hand(there, "ours", "SELECT 2 AS id")
    there.look_again()
    with texts.labels_believed():
        assert texts.is_deployed(there.dataset, "ours", "SELECT 1 AS id")
        assert not texts.is_deployed(there.dataset, "ours", "SELECT 2 AS id")
        assert texts._texts.places() == []  # nobody has looked at one
        with texts.labels_doubted():
            assert not texts.is_deployed(there.dataset, "ours", "SELECT 1 AS id")
        assert texts.is_deployed(there.dataset, "ours", "SELECT 1 AS id")
    assert not texts.is_deployed(there.dataset, "ours", "SELECT 1 AS id")


def test_who_forgets_what_is_known_of_the_warehouse_forgets_the_texts_too(there: Cloud) -> None:
    texts.deploy(there.dataset, "ours", "SELECT 1 AS id")
    assert texts.of(there.dataset, "ours") == "SELECT 1 AS id"
    changed_by_hand(there, "ours", "SELECT 2 AS id")
    assert texts.of(there.dataset, "ours") == "SELECT 1 AS id"
    warehouse.forget()
    assert texts.of(there.dataset, "ours") == "SELECT 2 AS id"


def test_a_view_without_our_label_is_deployed_once_more(there: Cloud) -> None:
    """Somebody else's, or that of an engine which wrote none."""
    view = bigquery.Table(warehouse.place(there.dataset, "theirs"))
    view.view_query = "SELECT 1 AS id"
    warehouse.with_dataset(there.dataset, lambda: warehouse._client().create_table(view))
    assert not texts.is_deployed(there.dataset, "theirs", "SELECT 1 AS id")
    texts.deploy(there.dataset, "theirs", "SELECT 1 AS id")
    assert texts.is_deployed(there.dataset, "theirs", "SELECT 1 AS id")
    there.look_again()
    assert texts.is_deployed(there.dataset, "theirs", "SELECT 1 AS id")
