"""What the pipeline counts on in BigQuery, asked of the stand-in through Google's own clients."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField
from google.cloud.storage import Bucket

from pipeline.sandbox import translations
from riverbend import PROJECT, Sandbox

TEXT = [SchemaField("id", "STRING", mode="REQUIRED"), SchemaField("name", "STRING")]
NO_RETRY = Retry(predicate=if_exception_type())
NUMBER = [SchemaField("id", "INT64"), SchemaField("name", "STRING")]


def table(name: str) -> str:
    return f"{PROJECT}.tests.{name}"


class Loader:
    def __init__(self, bucket: Bucket, warehouse: bigquery.Client) -> None:
        self.bucket, self.warehouse = bucket, warehouse

    def __call__(self, name: str, csv: str, schema: list[SchemaField] = TEXT, **named: Any) -> bigquery.LoadJob:
        """Replace the table's rows by those of `csv`, which begins with a header."""
        self.bucket.blob(f"load/{name}.csv").upload_from_string(csv)
        config = bigquery.LoadJobConfig(
            schema=schema, skip_leading_rows=1, source_format="CSV", write_disposition="WRITE_TRUNCATE"
        )
        uri = f"gs://{self.bucket.name}/load/{name}.csv"
        job = self.warehouse.load_table_from_uri(uri, table(name), job_config=config, **named)
        job.result(timeout=30)
        return job


@pytest.fixture
def load(bucket: Bucket, warehouse: bigquery.Client) -> Loader:
    return Loader(bucket, warehouse)


def rows(warehouse: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.tests")
    return [tuple(row.values()) for row in warehouse.query(sql, job_config=config).result(timeout=30)]


def test_a_load_replaces_the_rows_and_keeps_leading_zeros(load: Loader, warehouse: bigquery.Client) -> None:
    load("replaced", "id,name\n0004127,O'Brien\n0004128,\n")
    load("replaced", 'id,name\n0000001,"Núñez, Jr."\n')
    assert rows(warehouse, "SELECT * FROM replaced") == [("0000001", "Núñez, Jr.")]


def test_a_load_that_fails_leaves_the_rows(load: Loader, warehouse: bigquery.Client) -> None:
    load("whole", "id,name\n1,a\n", NUMBER)
    with pytest.raises(BadRequest):
        load("whole", "id,name\n2,b\nx,c\n", NUMBER)
    assert rows(warehouse, "SELECT * FROM whole") == [(1, "a")]


def test_a_required_column_refuses_null(load: Loader, warehouse: bigquery.Client) -> None:
    with pytest.raises(BadRequest):
        load("required", "id,name\n,a\n")
    with pytest.raises(NotFound):
        warehouse.get_table(table("required"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_end_in_a_value_is_taken_where_the_load_says_so_alone(
    load: Loader, bucket: Bucket, warehouse: bigquery.Client, end: str
) -> None:
    load("one_line", 'id,name\n1,"a, ""b"""\n2,"c"\n')
    with pytest.raises(BadRequest, match="Missing close quote"):
        load("one_line", f'id,name\n1,a\n2,"b{end}c"\n3,"d"\n')
    assert rows(warehouse, "SELECT name FROM one_line ORDER BY id") == [('a, "b"',), ("c",)]
    config = bigquery.LoadJobConfig(schema=TEXT, skip_leading_rows=1, source_format="CSV", allow_quoted_newlines=True)
    config.write_disposition = "WRITE_TRUNCATE"
    uri = f"gs://{bucket.name}/load/one_line.csv"
    warehouse.load_table_from_uri(uri, table("one_line"), job_config=config).result(timeout=30)
    assert rows(warehouse, "SELECT name FROM one_line ORDER BY id") == [("a",), (f"b{end}c",), ("d",)]


def test_a_job_is_listed_while_it_is_under_way_and_after(warehouse: bigquery.Client) -> None:
    job = warehouse.query(
        "WITH many AS (SELECT number FROM UNNEST(GENERATE_ARRAY(1, 30000)) AS number) "
        "SELECT COUNT(*) FROM many AS a, many AS b WHERE MOD(a.number * b.number, 7) = 1"
    )
    assert warehouse.get_job(job.job_id).state == "RUNNING"
    assert job.job_id in {each.job_id for each in warehouse.list_jobs(state_filter="running")}
    job.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(timeout=30)
    assert job.job_id in {each.job_id for each in warehouse.list_jobs(state_filter="done")}
    assert job.job_id not in {each.job_id for each in warehouse.list_jobs(state_filter="running")}


def test_a_job_id_is_used_once(load: Loader) -> None:
    load("job", "id,name\n1,a\n", job_id="job_20261123_1")
    with pytest.raises(Conflict):
        load("job", "id,name\n2,b\n", job_id="job_20261123_1")


def test_who_creates_a_table_second_is_told_so(warehouse: bigquery.Client) -> None:
    """Also when all ask at once."""

    def create(_: int) -> str:
        try:
            return str(warehouse.create_table(bigquery.Table(table("at_once"), schema=TEXT)).table_id)
        except Conflict:
            return "a conflict"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(create, range(6))) == ["a conflict"] * 5 + ["at_once"]


def test_changes_of_one_table_that_come_at_once_are_all_made(load: Loader, warehouse: bigquery.Client) -> None:
    load("changed", "id,name\n1,a\n")

    def change(number: int) -> None:
        found = bigquery.Table(table("changed"))
        found.labels = {f"by_{number}": "yes"}
        warehouse.update_table(found, ["labels"])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(24)))
    assert warehouse.get_table(table("changed")).labels == {f"by_{number}": "yes" for number in range(24)}


def test_a_missing_object_is_said_so(warehouse: bigquery.Client, bucket: Bucket) -> None:
    config = bigquery.LoadJobConfig(schema=TEXT, source_format="CSV")
    with pytest.raises(NotFound):
        warehouse.load_table_from_uri(f"gs://{bucket.name}/no.csv", table("no"), job_config=config).result()


def test_a_listing_has_the_labels(load: Loader, warehouse: bigquery.Client) -> None:
    load("labelled", "id,name\n1,a\n")
    found = warehouse.get_table(table("labelled"))
    found.labels = {"as_of": "2026-11-23", "sha": "0123abcd"}
    warehouse.update_table(found, ["labels"])
    listed = {item.table_id: item.labels for item in warehouse.list_tables("tests")}
    assert listed["labelled"] == {"as_of": "2026-11-23", "sha": "0123abcd"}
    load("labelled", "id,name\n2,b\n")
    assert warehouse.get_table(table("labelled")).labels == {"as_of": "2026-11-23", "sha": "0123abcd"}


def test_a_load_moves_the_etag(load: Loader, warehouse: bigquery.Client) -> None:
    load("etag", "id,name\n1,a\n")
    before = warehouse.get_table(table("etag"))
    load("etag", "id,name\n2,b\n")
    after = warehouse.get_table(table("etag"))
    assert after.etag != before.etag
    with pytest.raises(Exception, match="Precondition"):
        warehouse.update_table(before, ["labels"])


def test_deleted_rows_are_counted_no_more(load: Loader, warehouse: bigquery.Client) -> None:
    load("counted", "id,name\n1,a\n2,b\n3,c\n")
    rows(warehouse, "DELETE FROM counted WHERE id != '2'")
    assert warehouse.get_table(table("counted")).num_rows == 1


def test_a_table_is_called_as_it_is_written(load: Loader, warehouse: bigquery.Client) -> None:
    load("Written", "id,name\n1,a\n")
    for _ in range(2):
        assert warehouse.get_table(table("Written")).num_rows == 1
        with pytest.raises(NotFound):
            warehouse.get_table(table("written"))


def test_a_view_may_take_a_table_s_name_and_a_table_a_view_s(load: Loader, warehouse: bigquery.Client) -> None:
    load("below", "id,name\n1,a\n")
    for _ in range(2):
        load("either", "id,name\n1,a\n2,b\n")
        assert (warehouse.get_table(table("either")).table_type, warehouse.get_table(table("either")).num_rows) == (
            "TABLE",
            2,
        )
        warehouse.delete_table(table("either"))
        with pytest.raises(NotFound):
            warehouse.get_table(table("either"))
        view = bigquery.Table(table("either"))
        view.view_query = "SELECT id FROM tests.below"
        warehouse.create_table(view)
        assert warehouse.get_table(table("either")).table_type == "VIEW"
        assert rows(warehouse, "SELECT * FROM either") == [("1",)]
        warehouse.delete_table(table("either"))


def test_a_view_whose_table_is_gone_is_still_there(load: Loader, warehouse: bigquery.Client) -> None:
    load("gone", "id,name\n1,a\n")
    view = bigquery.Table(table("of_gone"))
    view.view_query = "SELECT id FROM tests.gone"
    warehouse.create_table(view)
    warehouse.delete_table(table("gone"))
    with pytest.raises(Conflict):
        warehouse.create_table(view)
    warehouse.delete_table(table("of_gone"))
    with pytest.raises(NotFound):
        warehouse.delete_table(table("of_gone"))


def test_a_view_stands_on_a_view_and_its_text_can_be_replaced(load: Loader, warehouse: bigquery.Client) -> None:
    load("ground", "id,name\n1,a\n2,b\n")
    for name, sql in (
        ("lower", "SELECT id FROM tests.ground"),
        ("upper", "SELECT id FROM tests.lower"),
    ):
        view = bigquery.Table(table(name))
        view.view_query = sql
        warehouse.create_table(view)
    assert len(rows(warehouse, "SELECT * FROM upper")) == 2
    lower = warehouse.get_table(table("lower"))
    lower.view_query = "SELECT id FROM tests.ground WHERE id = '1'"
    warehouse.update_table(lower, ["view_query"])
    assert warehouse.get_table(table("lower")).view_query == lower.view_query
    assert rows(warehouse, "SELECT * FROM upper") == [("1",)]


def test_a_query_is_frozen_extracted_and_downloaded(load: Loader, warehouse: bigquery.Client, bucket: Bucket) -> None:
    load("source", 'id,name\n2,"x, y"\n1,Zoë\n')
    config = bigquery.QueryJobConfig(destination=table("frozen"), write_disposition="WRITE_TRUNCATE")
    for _ in range(2):
        warehouse.query("SELECT * FROM tests.source ORDER BY id", job_config=config).result(timeout=30)
    warehouse.extract_table(table("frozen"), f"gs://{bucket.name}/out/frozen.csv").result(timeout=30)
    [listed] = bucket.list_blobs(prefix="out/")
    assert listed.download_as_text() == 'id,name\n1,Zoë\n2,"x, y"\n'


def test_an_extract_that_one_object_cannot_hold_is_several_or_fails(
    sandbox: Sandbox, load: Loader, warehouse: bigquery.Client, bucket: Bucket
) -> None:
    """Each has the header; there are some more than there must be, and one without rows."""
    text = [f'{number},"a, {number}"' for number in range(500)]
    load("many", "\n".join(["id,name", *text]) + "\n")
    sandbox.run("fault", "small-objects", "--bytes", "3000")
    with pytest.raises(BadRequest, match=r"too large to be exported to a single file\. Specify a uri including a \*"):
        warehouse.extract_table(table("many"), f"gs://{bucket.name}/many/one.csv").result(timeout=30)
    job = warehouse.extract_table(table("many"), f"gs://{bucket.name}/many/some-*.csv")
    job.result(timeout=30)
    objects = {blob.name: blob.download_as_text().splitlines() for blob in bucket.list_blobs(prefix="many/")}
    assert job.destination_uri_file_counts == [len(objects)]
    assert [*objects] == [f"many/some-{number:012}.csv" for number in range(len(objects))]
    assert all(sum(map(len, lines)) < 3000 for lines in objects.values())
    assert {lines[0] for lines in objects.values()} == {"id,name"}
    assert ["id,name"] in objects.values()
    assert sorted(line for lines in objects.values() for line in lines[1:]) == sorted(text)


def test_a_query_that_fails_leaves_its_destination(load: Loader, warehouse: bigquery.Client) -> None:
    load("kept", "id,name\n1,a\n")
    config = bigquery.QueryJobConfig(destination=table("kept"), write_disposition="WRITE_TRUNCATE")
    with pytest.raises(BadRequest):
        warehouse.query("SELECT CAST(name AS INT64) AS id FROM tests.kept", job_config=config).result()
    assert rows(warehouse, "SELECT * FROM kept") == [("1", "a")]


def test_the_fault_and_the_jobs_are_written_down(sandbox: Sandbox, load: Loader, warehouse: bigquery.Client) -> None:
    sandbox.run("fault", "bigquery", "--status", "503", "--times", "1")
    with pytest.raises(ServiceUnavailable):
        warehouse.get_table(table("logged"), retry=NO_RETRY)
    load("logged", "id,name\n1,a\n", job_id="logged_1")
    events = [event for event in sandbox.events("cloud") if event["server"] == "bigquery"]
    assert [event["job"] for event in events if event.get("job_id") == "logged_1"] == ["load"]
    assert [event["status"] for event in events if event["path"].endswith("/tables/logged")] == [503]


@pytest.mark.parametrize("text", ["5.0", "1.5", "1e3", ".5", "5.", "1_000", "0b1", "", "x", "9223372036854775808"])
def test_a_text_that_is_no_whole_number_is_none(load: Loader, warehouse: bigquery.Client, text: str) -> None:
    load("texts", f'id,name\n{text or "x"},"{text}"\n')
    assert rows(warehouse, f"SELECT SAFE_CAST('{text}' AS INT64)") == [(None,)]
    assert rows(warehouse, "SELECT SAFE_CAST(name AS INT64) FROM texts") == [(None,)]
    with pytest.raises(BadRequest):
        rows(warehouse, "SELECT CAST(id AS INT64) FROM texts")


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), ("-07", -7), ("+2", 2), (" 3 ", 3), ("0x1F", 31), ("9223372036854775807", 2**63 - 1)]
)
def test_a_text_that_is_a_whole_number_is_one(load: Loader, warehouse: bigquery.Client, text: str, number: int) -> None:
    load("texts", f"id,name\n{text},\n")
    sql = "SELECT SAFE_CAST(id AS INT64), CAST(id AS INT64), CAST(CAST(id AS INT64) AS INT64) FROM texts"
    assert rows(warehouse, sql) == [(number,) * 3]


@pytest.mark.parametrize(
    ("text", "kind"), [("1_000", "FLOAT64"), ("1_0.5", "NUMERIC"), ("1", "BOOL"), ("0", "BOOL"), ("inf", "DATE")]
)
def test_a_text_that_duckdb_alone_takes_is_none(load: Loader, warehouse: bigquery.Client, text: str, kind: str) -> None:
    load("texts", f"id,name\n{text},\n")
    assert rows(warehouse, f"SELECT SAFE_CAST(id AS {kind}) FROM texts") == [(None,)]  # noqa: S608
    with pytest.raises(BadRequest):
        rows(warehouse, f"SELECT CAST(id AS {kind}) FROM texts")  # noqa: S608


def test_a_text_that_google_takes_too_is_read(load: Loader, warehouse: bigquery.Client) -> None:
    load("texts", "id,name\n 1e3 ,TRUE\n")
    sql = "SELECT CAST(id AS FLOAT64), CAST(id AS NUMERIC), CAST(name AS BOOL), CAST('2026-01-01' AS DATE) FROM texts"
    assert rows(warehouse, sql) == [(1000.0, 1000, True, dt.date(2026, 1, 1))]


def test_numbers_are_rounded_and_days_are_counted_on(warehouse: bigquery.Client) -> None:
    """A text alone must be a whole number to become one."""
    sql = "SELECT CAST(1.5 AS INT64), CAST(NUMERIC '2.4' AS INT64), CAST(TRUE AS INT64), CAST(NULL AS INT64)"
    assert rows(warehouse, sql) == [(2, 2, 1, None)]
    sql = "SELECT d + SAFE_CAST('2' AS INT64), DATE_ADD(d, INTERVAL SAFE_CAST('2' AS INT64) DAY) FROM {}"
    assert rows(warehouse, sql.replace("{}", TYPED)) == [(dt.date(2026, 1, 3),) * 2]


def test_the_first_day_is_of_the_year_1(load: Loader, warehouse: bigquery.Client) -> None:
    load("days", "id,name\n01/01/0000,0000-01-01\n01/01/0001,0001-01-01\nx,x\n")
    sql = "SELECT SAFE.PARSE_DATE('%m/%d/%Y', id), SAFE_CAST(name AS DATE) FROM days ORDER BY id"
    assert rows(warehouse, sql) == [(None, None), (dt.date(1, 1, 1),) * 2, (None, None)]
    assert rows(warehouse, "SELECT PARSE_DATE('%m/%d/%Y', id) FROM days WHERE id LIKE '%1'") == [(dt.date(1, 1, 1),)]
    for wrong in ("PARSE_DATE('%m/%d/%Y', id)", "CAST(name AS DATE)"):
        with pytest.raises(BadRequest):
            rows(warehouse, f"SELECT {wrong} FROM days WHERE id LIKE '%0'")  # noqa: S608


TYPED = "(SELECT s, i, b, d FROM (SELECT 'a' AS s, 1 AS i, TRUE AS b, DATE '2026-01-01' AS d) AS r)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT s IN (1, 2) AS x FROM {}",
        "SELECT CASE i WHEN '1' THEN 'a' END AS x FROM {}",
        "SELECT i AS x FROM {} UNION ALL SELECT s FROM {}",
        "SELECT s AS x FROM {} WHERE i",
        "SELECT LENGTH(i) AS x FROM {}",
        "SELECT LOWER(i) AS x FROM {}",
        "SELECT s[0] AS x FROM {}",
        "SELECT COUNT(DISTINCT s, i) AS x FROM {}",
        "SELECT DISTINCT s AS x FROM {} ORDER BY i",
        "SELECT ANY_VALUE(s ORDER BY i) AS x FROM {}",
        "SELECT x FROM (SELECT s AS x, i AS x FROM {})",
        "SELECT s::INT64 AS x FROM {}",
        "SELECT s AS x FROM {} WHERE s ILIKE 'A%'",
        "SELECT i % 2 AS x FROM {}",
        "SELECT i // 2 AS x FROM {}",
        "SELECT TRY_CAST(s AS INT64) AS x FROM {}",
        "SELECT CAST(i AS VARCHAR) AS x FROM {}",
        "SELECT SAFE_CAST((SELECT MAX(s) AS text) AS FLOAT) AS x FROM {}",
        "SELECT STRPTIME(s, '%Y') AS x FROM {}",
        "SELECT MEDIAN(i) AS x FROM {}",
        "SELECT TO_JSON_STRING(ROW(1)) AS x",
        "SELECT EXTRACT(DOW FROM d) AS x FROM {}",
    ],
)
def test_what_bigquery_refuses_is_refused(warehouse: bigquery.Client, sql: str) -> None:
    with pytest.raises(BadRequest):
        rows(warehouse, sql.replace("{}", TYPED))


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "SELECT '::', 'a % b // c', 'ILIKE', `TRY_CAST(`, r'\\d%' FROM (SELECT 1 AS `TRY_CAST(`)",
            ("::", "a % b // c", "ILIKE", 1, "\\d%"),
        ),
        ("SELECT 1 -- % :: it's\n, 2 /* MEDIAN(x) */ # ILIKE '\n, 3", (1, 2, 3)),
        (
            "SELECT s IN ('a', NULL), d IN ('2026-01-01'), i IN (1, 2.5), MOD(7, 4), DIV(7, 4) FROM {}",
            (True, True, True, 3, 1),
        ),
        ("SELECT CASE s WHEN 'a' THEN 1 ELSE 2 END, CASE WHEN b THEN 'x' END, COALESCE(s, '') FROM {}", (1, "x", "a")),
        ("SELECT NULL AS x FROM {} WHERE NOT b UNION ALL SELECT i FROM {} WHERE b AND s = 'a'", (1,)),
        ("SELECT text, CAST((SELECT 1 AS double) AS STRING) FROM (SELECT s AS text FROM {})", ("a", "1")),
        ("SELECT a.x, b.x AS y FROM (SELECT s AS x FROM {}) AS a, (SELECT i AS x FROM {}) AS b", ("a", 1)),
        ("SELECT DISTINCT t.s AS x, i FROM {} AS t ORDER BY t.s, i", ("a", 1)),
        (
            "SELECT LENGTH(s), UPPER(s), COUNT(DISTINCT i), ANY_VALUE(s), EXTRACT(YEAR FROM MAX(d)) FROM {} GROUP BY s",
            (1, "A", 1, "a", 2026),
        ),
    ],
)
def test_what_bigquery_takes_is_taken(warehouse: bigquery.Client, sql: str, found: tuple[Any, ...]) -> None:
    assert rows(warehouse, sql.replace("{}", TYPED)) == [found]


# ------------------------------------------------------------------------------------ what was translated before


def kept(running: Sandbox) -> int:
    """So many translations are kept."""
    return len((running.folder / "warehouse" / translations.FILE).read_text().split("\n\n"))


def test_a_query_is_translated_once_and_asked_each_time(
    load: Loader, warehouse: bigquery.Client, running: Sandbox
) -> None:
    sql = "SELECT UPPER(name) FROM translated ORDER BY 1"
    load("translated", "id,name\n1,a\n")
    assert rows(warehouse, sql) == [("A",)]
    before = kept(running)
    load("translated", "id,name\n1,b\n2,c\n")
    assert rows(warehouse, sql) == [("B",), ("C",)]
    assert kept(running) == before
    assert rows(warehouse, f"{sql} DESC") == [("C",), ("B",)]
    assert kept(running) == before + 1


def test_an_insertion_is_translated_once_and_inserts_each_time(
    load: Loader, warehouse: bigquery.Client, running: Sandbox
) -> None:
    load("grown", "id,name\n1,a\n")
    sql, counts = "INSERT INTO grown (id, name) SELECT @number, UPPER(name) FROM grown WHERE id = '1'", []
    for number in ("2", "3"):
        whose = bigquery.ScalarQueryParameter("number", "STRING", number)
        config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.tests", query_parameters=[whose])
        job = warehouse.query(sql, job_config=config)
        job.result(timeout=30)
        counts.append((kept(running), job.num_dml_affected_rows))
    assert counts == [(counts[0][0], 1)] * 2
    assert rows(warehouse, "SELECT * FROM grown ORDER BY id") == [("1", "a"), ("2", "A"), ("3", "A")]
    rows(warehouse, "DELETE FROM grown WHERE id != '1'")
    warehouse.delete_table(table("grown"))
    with pytest.raises(NotFound):
        warehouse.query(sql, job_config=config).result(timeout=30)


def test_the_same_query_of_another_run_s_own_table_is_not_translated_again(
    load: Loader, warehouse: bigquery.Client, running: Sandbox
) -> None:
    sql = "SELECT own.name, '{0}' FROM {0} AS own JOIN {1} AS other USING (id)"
    names = [f"own__{name}" for name in ("20251117_0123abcd", "20251118_89abcdef", "20251118_ffffffff")]
    for number, name in enumerate(names):
        load(name, f"id,name\n1,{number}\n")
    assert rows(warehouse, sql.format(names[0], names[1])) == [("0", names[0])]
    before = kept(running)
    assert rows(warehouse, sql.format(names[2], names[0])) == [("2", names[2])]
    assert kept(running) == before
    assert rows(warehouse, sql.format(names[1], names[1])) == [("1", names[1])]
    assert kept(running) == before + 1, "one table twice is another query"
    load(names[1], "id,name\n1,1\n", NUMBER)
    with pytest.raises(BadRequest, match="No matching signature"):
        rows(warehouse, sql.format(names[0], names[1]).replace("USING (id)", "ON own.id = other.id"))
    assert rows(warehouse, sql.format(names[0], names[2])) == [("0", names[0])]


def test_a_table_of_other_columns_has_its_queries_translated_anew(load: Loader, warehouse: bigquery.Client) -> None:
    sql = "SELECT COUNT(*) FROM changing WHERE id = '1'"
    load("changing", "id,name\n1,a\n")
    assert rows(warehouse, sql) == [(1,)]
    load("changing", "id,name\n1,a\n", NUMBER)
    with pytest.raises(BadRequest, match="No matching signature"):
        rows(warehouse, sql)
    warehouse.delete_table(table("changing"))
    with pytest.raises(NotFound):
        rows(warehouse, sql)
    load("changing", "id,name\n1,a\n1,b\n")
    assert rows(warehouse, sql) == [(2,)]


def test_a_parameter_is_not_kept_with_the_query(load: Loader, warehouse: bigquery.Client, running: Sandbox) -> None:
    load("asked", "id,name\n1,a\n2,b\n")
    told, counts = [], []
    for number in ("1", "2"):
        whose = bigquery.ScalarQueryParameter("number", "STRING", number)
        config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.tests", query_parameters=[whose])
        found = warehouse.query("SELECT name FROM asked WHERE id = @number", job_config=config).result(timeout=30)
        told.append([row["name"] for row in found])
        counts.append(kept(running))
    assert told == [["a"], ["b"]]
    assert counts[0] == counts[1]
