"""The comparison: the same morning as a plain sequential script, with stock clients and not one check.

    python -m bench.plain     (in a stand's environment)

It is what a careful person writes in an afternoon: each step waits for the one before, nothing is verified,
fingerprinted or remembered, and every run does all of it again. What it delivers is the same: the same lines.
"""

import sys
import tempfile
from pathlib import Path

import paramiko
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from bench import workload
from pipeline.ground import settings


def connected(told: settings.Settings, vendor: str) -> paramiko.SFTPClient:
    """A session with the vendor's server."""
    account = told.account(vendor)
    client = paramiko.SSHClient()
    client.load_host_keys(str(told.sftp.known_hosts))
    password = (told.secrets.folder / f"{vendor}_password").read_text().strip()
    client.connect(account.host, account.port, account.user, password=password, look_for_keys=False, allow_agent=False)
    return client.open_sftp()


def main(work: Path) -> None:
    """The whole morning, by way of the folder `work`."""
    told = settings.load()
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    project, bucket_name = told.district.project, told.district.bucket
    gcs = storage.Client(project, credentials, client_options={"api_endpoint": told.cloud.storage_endpoint})
    bq = bigquery.Client(project, credentials, client_options={"api_endpoint": told.cloud.bigquery_endpoint})
    bucket = gcs.create_bucket(bucket_name)
    for dataset in (workload.DATASET, workload.OUTGOING):
        bq.create_dataset(dataset)

    giver = connected(told, workload.GIVER)
    for table in workload.TABLES:
        giver.get(f"{workload.GIVES}/{table.name}.csv", str(work / f"{table.name}.csv"))
    for table in workload.TABLES:
        bucket.blob(f"in/{table.name}.csv").upload_from_filename(str(work / f"{table.name}.csv"))
    for table in workload.TABLES:
        config = bigquery.LoadJobConfig(
            source_format="CSV",
            skip_leading_rows=1,
            write_disposition="WRITE_TRUNCATE",
            schema=[bigquery.SchemaField.from_api_repr(column) for column in table.schema()],
        )
        address = f"gs://{bucket_name}/in/{table.name}.csv"
        bq.load_table_from_uri(address, f"{project}.{workload.DATASET}.{table.name}", job_config=config).result()

    for view in workload.VIEWS:
        made = bigquery.Table(f"{project}.{workload.OUTGOING}.{view.name}")
        made.view_query = view.select
        bq.create_table(made)
    for view in workload.VIEWS:
        table_id = f"{project}.{workload.OUTGOING}.{view.name}_out"
        into = bigquery.QueryJobConfig(destination=table_id, write_disposition="WRITE_TRUNCATE")
        query = f"SELECT * FROM `{workload.OUTGOING}.{view.name}` ORDER BY {', '.join(view.key)}"  # noqa: S608
        bq.query(query, into).result()
        bq.extract_table(table_id, f"gs://{bucket_name}/out/{view.name}.csv").result()
        bucket.blob(f"out/{view.name}.csv").download_to_filename(str(work / f"{view.name}.csv"))

    taker = connected(told, workload.TAKER)
    for view in workload.VIEWS:
        target = f"{workload.TAKES}/{view.name}.csv"
        taker.put(str(work / f"{view.name}.csv"), f"{target}.tmp")
        taker.posix_rename(f"{target}.tmp", target)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
    sys.exit(0)
