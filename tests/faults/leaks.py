"""What must stand in nothing that is printed, logged or shown: passwords, and people's names and numbers."""

import csv
import html
import io
import re

from e2e.district import District

LISTED = ("DONE", "FAILED", "PENDING", "UPSTREAM_FAILED", "UPSTREAM_MISSING_INPUT")


def people(district: District) -> set[str]:
    """Names, mail addresses, telephone and state numbers of every student, as they stand in the files."""
    wanted = ("Student_Email", "State_ID", "Last_Name", "Street")
    found = set()
    for server in ("rsd", "blf"):
        content = district.vendor_files("district")[f"/powerschool_{server}/students.csv"].decode(
            "utf-8-sig", "replace"
        )
        rows = csv.DictReader(io.StringIO(content, newline=""))
        found |= {row.get(column) or "" for row in rows for column in wanted}
    return {value for value in found if len(value) > 4}


def shown(district: District) -> str:
    """All that luigid tells: its tasks, their graph, their status messages and their errors."""
    graphs = [district.visualiser("graph")]
    for status in LISTED:
        tasks = district.visualiser("task_list", status=status, upstream_status="")
        graphs.append(tasks)
        graphs += [district.visualiser("get_task_status_message", task_id=name) for name in tasks]
        if status == "FAILED":
            graphs += [district.visualiser("fetch_error", task_id=name) for name in tasks]
    return "\n".join(str(answer) for answer in graphs)


def said(district: District) -> str:
    """All that the pipeline has said: its logs, its commands' output, its notes, the names of its files, luigid's API,
    the messages that receivers got, the pages of its mornings.

    `diff --rows` says on its first line that it shows personal data, and is left out.
    """
    notes = [*district.landing.glob("runs/**/*.json"), *district.landing.glob("quarantine/**/reason.json")]
    printed = [result.out for result in district.results if "Personal data from here on" not in result.out]
    names = [str(path.relative_to(district.landing)) for path in district.landing.rglob("*")]
    scheduler = shown(district) if any("luigid" in " ".join(each.cmdline()) for each in district.servers()) else ""
    written = [path.read_text() for path in notes]
    written += [html.unescape(path.read_text()) for path in district.landing.glob("pages/*")]
    return "\n".join([district.said(), scheduler, *printed, *district.received, *written, *names])


def passwords(district: District) -> dict[str, str]:
    """The sandbox's secrets, and the passwords that Clever's exports hold, by what they are."""
    exports = (district.sftp / "clever_reports").rglob("google-*-passwords.csv")
    given = [row for path in exports for row in csv.DictReader(io.StringIO(path.read_text(), newline=""))]
    return {**district.secrets(), **{f"password of {row['clever_id']}": row["provisioned_password"] for row in given}}


def leaks(district: District) -> list[str]:
    """What must not be there and is: the names of secrets, and what was found of a person."""
    text = said(district)
    secret = [name for name, value in passwords(district).items() if value in text]
    words = set(re.findall(r"[\w'@.-]+", text))
    return secret + [person for person in people(district) if (person in text if " " in person else person in words)]
