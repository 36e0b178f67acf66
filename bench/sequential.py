"""The pretend district's morning as a plain sequential script, with stock clients and not one check.

    python -m bench.sequential DATE FOLDER     (in a sandbox's environment)

Each step waits for the one before; nothing is compared, remembered or done twice. A file is read by the pipeline's own
reading, which waits for nobody: what is compared is the waiting. What is delivered is the same: the same lines.
"""

import datetime as dt
import fnmatch
import shutil
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import paramiko
from google.cloud import bigquery, storage

from pipeline import catalogue
from pipeline.catalogue import flows, sql
from pipeline.catalogue.delivery import Delivery, LandedCopy
from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import DropFolder, SftpFolder, Source
from pipeline.ground import cloud, settings
from pipeline.inbound import preparing
from pipeline.inbound.parts import Part
from pipeline.outside.sftp.ssh_rsa import SshRsaTransport


@cache
def connected(vendor: str) -> paramiko.SFTPClient:
    """A session with the vendor's server."""
    told = settings.load()
    account, old = told.account(vendor), catalogue.vendors()[vendor].host_key_algorithms
    client = paramiko.SSHClient()
    client.load_host_keys(str(told.sftp.known_hosts))
    client.connect(
        account.host,
        account.port,
        account.user,
        password=(told.secrets.folder / f"{vendor}_password").read_text().strip(),
        look_for_keys=False,
        allow_agent=False,
        transport_factory=SshRsaTransport if old else None,  # type: ignore[arg-type]
    )
    return client.open_sftp()


def fetched(feed: Feed, source: Source, into: Path) -> Path:
    """The newest file of the source, in our folder."""
    place = source.place
    folder = into / feed.name / source.name
    folder.mkdir(parents=True)
    if isinstance(place, DropFolder):
        there = [path for path in place.path.glob("*") if fnmatch.fnmatchcase(path.name, source.pattern)]
        newest = max(there, key=lambda path: path.stat().st_mtime)
        return Path(shutil.copyfile(newest, folder / newest.name))
    assert isinstance(place, SftpFolder)  # the portal's flows are off
    listed = [file for file in listing(place) if fnmatch.fnmatchcase(file.filename, source.pattern)]
    name = max(listed, key=lambda file: file.st_mtime or 0).filename
    connected(place.vendor).get(f"{place.folder}/{name}", str(folder / name))
    return folder / name


@cache
def listing(place: SftpFolder) -> list[paramiko.SFTPAttributes]:
    return connected(place.vendor).listdir_attr(place.folder)


def prepared(feed: Feed, date: dt.date, landed: dict[str, Path]) -> Path:
    """The feed's files as one CSV."""
    parts = []
    for name, path in landed.items():
        plain = path.with_suffix(".plain") if feed.reader else path
        if feed.reader:
            feed.reader(path, plain)
        parts.append(Part(name, plain))
    out = next(iter(landed.values())).parent.parent / feed.file
    preparing.prepare(parts, feed.contract, out, as_of=date)
    return out


def main(date: dt.date, work: Path) -> None:
    """The whole morning, by way of the folder `work`."""
    told = settings.load()
    project, bucket_name = told.district.project, told.district.bucket
    access = cloud.credentials(told.cloud.storage_endpoint)
    gcs = storage.Client(project, access, client_options={"api_endpoint": told.cloud.storage_endpoint})
    bq = bigquery.Client(project, access, client_options={"api_endpoint": told.cloud.bigquery_endpoint})
    bucket = gcs.lookup_bucket(bucket_name) or gcs.create_bucket(bucket_name)

    landed = {feed: {source.name: fetched(feed, source, work) for source in feed.sources} for feed in flows.feeds()}
    deliveries = flows.deliveries("daily")
    below = {view for each in deliveries for file in each.view_files for view in sql.views_below(file.view)}
    below |= {view for name in flows.views() for view in sql.views_below(name)}
    datasets = {*(feed.dataset for feed in landed), *(view.partition(".")[0] for view in below), "out"}
    for dataset in sorted(datasets):
        bq.create_dataset(dataset, exists_ok=True)

    for feed, files in landed.items():
        name = f"in/{feed.dataset}/{feed.file}"
        bucket.blob(name).upload_from_filename(str(prepared(feed, date, files)))
        config = bigquery.LoadJobConfig(
            source_format="CSV",
            skip_leading_rows=1,
            allow_quoted_newlines=True,
            write_disposition="WRITE_TRUNCATE",
            schema=[bigquery.SchemaField(each.name, each.type, each.mode) for each in feed.contract.columns],
        )
        table = f"{project}.{feed.dataset}.{feed.name}"
        bq.load_table_from_uri(f"gs://{bucket_name}/{name}", table, job_config=config).result()

    graph = {view: [name for name in sql.reads(view) if name in below] for view in below}
    for view in TopologicalSorter(graph).static_order():
        made = bigquery.Table(f"{project}.{view}")
        made.view_query = sql.text(view)
        bq.create_table(made, exists_ok=True)

    for delivery in deliveries:
        give(delivery, rows_of(delivery, landed, bq, bucket, work))


def rows_of(
    delivery: Delivery,
    landed: dict[Feed, dict[str, Path]],
    bq: bigquery.Client,
    bucket: storage.Bucket,
    work: Path,
) -> dict[str, Path]:
    """The delivery's files, by their names at the vendor."""
    files: dict[str, Path] = {}
    for number, file in enumerate(delivery.files):
        if isinstance(file, LandedCopy):
            files[file.name] = next(iter(landed[catalogue.feeds()[file.feed]].values()))
            continue
        table = f"{bq.project}.out.{delivery.name}_{number}"
        into = bigquery.QueryJobConfig(destination=table, write_disposition="WRITE_TRUNCATE")
        bq.query(f"SELECT * FROM `{file.view}` ORDER BY {', '.join(file.key)}", into).result()  # noqa: S608
        name = f"out/{delivery.name}/{file.name}"
        told = {"print_header": file.dialect.header, "field_delimiter": file.dialect.delimiter}
        how = bigquery.ExtractJobConfig(**told)  # type: ignore[no-untyped-call]
        bq.extract_table(table, f"gs://{bucket.name}/{name}", job_config=how).result()
        files[file.name] = work / f"{delivery.name}.{file.name}"
        bucket.blob(name).download_to_filename(str(files[file.name]))
    return files


def give(delivery: Delivery, files: dict[str, Path]) -> None:
    """Put the files there, each under a temporary name first."""
    taker = connected(delivery.vendor)
    folder = delivery.folder.replace("{user}", settings.load().account(delivery.vendor).user)
    for name, path in files.items():
        taker.put(str(path), f"{folder}/.{name}.part")
    for name in files:
        taker.posix_rename(f"{folder}/.{name}.part", f"{folder}/{name}")


if __name__ == "__main__":
    main(dt.date.fromisoformat(sys.argv[1]), Path(sys.argv[2]))
    sys.exit(0)
