"""BigQuery's datasets: made with a location, with an end for rows that are to go, and with who may see them."""

from functools import cache

from google.cloud import bigquery

from pipeline.ground import cloud, settings
from pipeline.outside.cloud import jobs

# Hours for which BigQuery shows what a table was before, where rows are to go: the least that it allows. For seven days
# more its support can bring them back.
TIME_TRAVEL = 48


def place(dataset: str) -> str:
    """`project.dataset`."""
    return f"{settings.load().district.project}.{dataset}"


def make(client: bigquery.Client, dataset: str, days: int | None, role: str = "") -> None:
    """Make the dataset when it is missing; with `days`, its tables go after so many, unless they say otherwise. With
    `role`, its access is restricted to the project's owners and to us, who have that one. Raises WarehouseError."""
    new = bigquery.Dataset(place(dataset))
    new.location = settings.load().district.location
    if days:
        new.default_table_expiration_ms = days * 86_400_000
    if days or role:
        new.max_time_travel_hours = TIME_TRAVEL
    with cloud.BIGQUERY.explained(f"creating dataset {dataset}"):
        if role:
            new.access_entries = access(own_name(client), role)
        client.create_dataset(new, exists_ok=True, **cloud.BIGQUERY.patience())


@cache
def own_name(client: bigquery.Client) -> str:
    """Whom BigQuery takes us for: the address of an account, or the principal of a workload's identity.

    The credentials do not know it in each case: a machine's call themselves "default", a federation's name nobody.
    """
    return str(next(iter(jobs.answered(client, "SELECT SESSION_USER()")))[0])


def access(own: str, role: str) -> list[bigquery.AccessEntry]:
    """The project's owners and ourselves; by default the project's readers and writers would have access too."""
    kind = "iamMember" if "://" in own else "userByEmail"
    return [
        bigquery.AccessEntry("OWNER", "specialGroup", "projectOwners"),
        bigquery.AccessEntry(role, kind, own),
    ]
