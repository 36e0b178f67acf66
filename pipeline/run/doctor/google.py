"""Cloud Storage and BigQuery: as whom we come, what we may, and whether BigQuery takes what it will be sent."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from google.api_core.exceptions import BadRequest

from pipeline import catalogue
from pipeline.catalogue import sql
from pipeline.catalogue.checking import astext
from pipeline.ground import settings
from pipeline.ground.errors import PipelineError, WarehouseError
from pipeline.outside.cloud import asking, standing, storage
from pipeline.run import kept
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.lines import Line, broken, count, good, warning, wrong

# What a run does in the bucket; `roles/storage.admin` on it has all of it.
PERMISSIONS = (
    *("storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list"),
    "storage.buckets.get",
)
# Queries that are asked at the same time.
AT_ONCE = 8
THE_ACCOUNT = "<the pipeline's account>"


def google() -> tuple[str, ...]:
    """The one party here."""
    return ("Google",)


def account(asked: Asked, _: str) -> Iterator[Line]:
    """There are credentials, Google gives a token for them, and they are a program's."""
    told = settings.load().cloud
    if told.storage_endpoint and told.bigquery_endpoint:
        yield good(f"stand-ins at {told.storage_endpoint} and {told.bigquery_endpoint}, which ask for no account")
        return
    if found := asking.account():
        yield good(f"it is asked as {found}")
    else:
        yield warning(
            "it is asked as a person, by a login of gcloud, which ends some day",
            "give the mornings a service account: GOOGLE_APPLICATION_CREDENTIALS names its file (docs/install.md)",
        )


def bucket(asked: Asked, _: str) -> Iterator[Line]:
    """The bucket is there, and we have every right that a run needs in it; or it is made by the first run."""
    name = storage.uri("").rstrip("/")
    granted = asking.permitted(PERMISSIONS)
    if granted is None:
        yield good(f"{name} is not there yet: the first run makes it (`--cloud` tries whether it may)")
    elif missing := sorted({*PERMISSIONS} - granted):
        yield wrong(
            f"in {name} we have no {', '.join(missing)}",
            f"gcloud storage buckets add-iam-policy-binding {name} --role=roles/storage.admin "
            f"--member=serviceAccount:{THE_ACCOUNT}",
        )
    else:
        yield good(f"all that a run does in {name} is granted")


def standing_as_promised(asked: Asked, _: str) -> Iterator[Line]:
    """What stands there already keeps and shows no more than is promised, and lies where the configuration says."""
    there = standing.otherwise(kept.datasets(), kept.rules())
    # Our lifecycle rules are written by a run, which says if it may not.
    found = [each for each in there if not isinstance(each, standing.Stays)]
    for error in found:
        yield broken(error) if isinstance(error, standing.Elsewhere) else warning(error.found, error.next_step)
    if not found:
        yield good("the bucket and the datasets that are there already are as promised")


def statements(asked: Asked, _: str) -> Iterator[Line]:
    """BigQuery reads each view as the catalogue has it (a dry run): over columns of the schemas, for no table is there
    before the first morning. Those of which a file is made give text. Needs the right to make jobs, and no other."""
    try:
        asking.dry_run("SELECT 1", "reading a query")
    except PipelineError as error:
        project = settings.load().district.project
        yield broken(
            error,
            f"if it is no outage: gcloud projects add-iam-policy-binding {project} --role=roles/bigquery.jobUser "
            f"--member=serviceAccount:{THE_ACCOUNT}; and the same with roles/bigquery.dataOwner",
        )
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict.fromkeys(line for lines in pool.map(_wrong, _asked()) for line in lines)
    yield from found
    if not found:
        yield good(
            f"BigQuery takes each of {count(len(sql.names()), 'view')} (dry run; nothing was made; whether we may make "
            "datasets, `--cloud` tries)"
        )


def _asked() -> list[str]:
    """The views on which no other stands (the statement of each holds the texts of all below it), and those of which a
    file is made."""
    below = {name for view in sql.names() for name in sql.reads(view)} - _delivered()
    return [view for view in sql.names() if view not in below]


def _delivered() -> set[str]:
    return {file.view for delivery in catalogue.deliveries().values() for file in delivery.view_files}


def _wrong(view: str) -> list[Line]:
    """The views that BigQuery does not take; or which columns of a file's view are no text."""
    refused, columns = _read(view)
    no_text = astext.wrong(view, columns) if view in _delivered() else ()
    return [*(broken(error, f"correct {sql.file(name)}") for name, error in refused.items()), *map(broken, no_text)]


def _read(view: str) -> tuple[dict[str, PipelineError], Mapping[str, str]]:
    """The view that BigQuery does not take, or those below it at which that lies; or else the type of each of its
    columns."""
    try:
        return {}, asking.dry_run(sql.alone(view), f"reading the view {view}")
    except WarehouseError as error:
        if error.answer != BadRequest.__name__:  # it is no matter of the view
            raise
        below: dict[str, PipelineError] = {}
        for name in sql.reads(view):
            below |= _read(name)[0] if name in sql.names() else {}
        return below or {view: error}, {}
