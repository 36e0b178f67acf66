"""Clever's identity exports, written every night over the last ones: the Google accounts of those whom Clever had
heard of the day before. They hold each account's first password."""

from collections.abc import Iterable

from pipeline.sandbox.dice import mix
from pipeline.sandbox.enrolment import Books
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.people import worker
from pipeline.sandbox.schools import Server

STUDENTS, TEACHERS = "google-students-passwords.csv", "google-teachers-passwords.csv"
HEADERS = {
    STUDENTS: "clever_id,sis_id,student_number,email,google_id,provisioned_password",
    TEACHERS: "clever_id,sis_id,teacher_number,email,google_id,provisioned_password",  # [modelled]
}

_ANIMALS = ("Otter", "Heron", "Beaver", "Falcon", "Badger", "Turtle", "Rabbit", "Salmon", "Osprey", "Bobcat")
_TREES = ("maple", "cedar", "birch", "willow", "spruce", "acorn", "walnut", "hazel", "poplar", "laurel")
_MARKS = ",\"'&;"  # what passwords are told to hold, and what breaks files


def write(tables: dict[str, Table], servers: Iterable[Books]) -> None:
    """`servers` as of the day before."""
    for books in servers:
        for who in books.students():
            if who.time.status == 0:
                marked = who.seat if who.seat < len(_MARKS) else None
                tables[STUDENTS].add(_account(who.chance, who.number, who.email, marked))
        for post in _teachers(books.server):
            person = worker(books.seed, books.server.code, post)
            chance = mix(books.seed, 600, books.server.number, post)
            tables[TEACHERS].add(_account(chance, person.number, person.email, None))


def _teachers(server: Server) -> Iterable[int]:
    """The ids of those who teach now; they stay all year."""
    return (
        post.id for school in server.schools for post in school.posts() if (post.staff_status, post.status) == (1, 1)
    )


def _account(chance: int, number: str, email: str, marked: int | None) -> Row:
    clever, google = mix(chance, 51), mix(chance, 52)
    ids = (f"{clever:016x}{google >> 32:08x}", number, number)
    return *ids, email, f"1{google:020d}", _password(mix(chance, 53), marked)


def _password(chance: int, marked: int | None) -> str:
    """Such as `Otter-4821-maple`; one in 32 has a mark that must be quoted or escaped somewhere."""
    animal, tree = _ANIMALS[chance % len(_ANIMALS)], _TREES[(chance >> 8) % len(_TREES)]
    odd = (chance >> 32) % (32 * len(_MARKS)) if marked is None else marked
    mark = _MARKS[odd] if odd < len(_MARKS) else "-"
    return f"{animal}{mark}{(chance >> 16) % 9000 + 1000}-{tree}"
