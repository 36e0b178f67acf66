"""What a server keeps about a student besides school: contacts, interventions, classifications, special education."""

import datetime as dt
from collections.abc import Iterator
from random import Random

from pipeline.sandbox import plans
from pipeline.sandbox.dice import below, mix, pick
from pipeline.sandbox.enrolment import Books, Enrolled
from pipeline.sandbox.export import Row, Table
from pipeline.sandbox.names import any_name
from pipeline.sandbox.plans import Case
from pipeline.sandbox.school_year import DAY, us

_CONTACT = ("Name", "Relationship", "Type", "Phone", "Phone_Type", "Email", "SIS_ID")
_CONTACTS = 3

HEADERS = {
    "custom.csv": ",".join(
        ["StudentID"]
        + [f"Contact{n}_{column}" for n in range(1, _CONTACTS + 1) for column in _CONTACT]
        + ["RTI_Tier", "RTI_Subject", "RTI_Start_Date"]
    ),
    "classifications.csv": "ID,StudentID,Classification_Code,Description,BeginDate,EndDate",
    "sped.csv": "StudentID,SpEd_Status,Option_Number,Service_Start,Service_End",
}
# Of RSD alone: BLF's special education is kept elsewhere.
EASYIEP = {"easyiep.csv": "StudentID,SpEd_Code,Disability,IEP_Start,IEP_End,Last_Import"}

# By place among the contacts: what they are called, and PowerSchool's type.
_ROLES = (
    (["Mother"] * 6 + ["Father"] * 2 + ["Grandmother", "Aunt", "Other"], "primary"),
    (["Father"] * 5 + ["Mother", "Stepfather", "Grandfather", "Grandmother", "Other"], "family"),
    (["Grandmother", "Aunt", "Uncle", "Neighbor", "Other"], "emergency"),
)
_SUBJECTS = ["Reading"] * 5 + ["Math"] * 3 + ["Writing", "Behavior"]
_HOMELESS = (
    *[("HMLS2", "Homeless, doubled up")] * 7,
    *[("HMLS1", "Homeless, in a shelter")] * 2,
    *[("HMLS4", "Homeless, hotel or motel")] * 2,
    ("HMLS3", "Homeless, unsheltered"),
)
_POOR = ("ED", "Economically disadvantaged")
_ALONE = ("UY", "Unaccompanied youth")
# Code, words, one in how many.
_OTHERS = (("FOS", "Foster care", 140), ("MIL", "Military family", 60), ("MIG", "Migrant", 140))
_PLACES = ("ED", "HMLS", "UY", "FOS", "MIL", "MIG")  # in the rows' ids


def add(tables: dict[str, Table], books: Books, who: Enrolled) -> None:
    """Add what there is about a student who has been to school."""
    tables["custom.csv"].add((who.id, *_contacts(who), *_intervention(books, who)))
    tables["classifications.csv"].extend(_classifications(books, who))
    case = plans.case(books, who)
    if case:
        tables["sped.csv"].extend(_sped(books, who, case))
        if "easyiep.csv" in tables:
            tables["easyiep.csv"].extend(_imported(books, who, case))


def _contacts(who: Enrolled) -> Iterator[str]:
    """3 % have none, half one, 35 % two."""
    rng = Random(mix(who.chance, 31))
    luck = rng.random()
    count = 1 if who.seat == 0 else 0 if luck < 0.03 else 1 if luck < 0.53 else 2 if luck < 0.88 else 3
    for n in range(_CONTACTS):
        yield from _contact(who, n, rng) if n < count else [""] * len(_CONTACT)


def _contact(who: Enrolled, n: int, rng: Random) -> tuple[str, ...]:
    """Two in three have the student's last name, one in forty a nickname, one in twelve no telephone, one in five no
    address. The first seat's has everything that breaks programs."""
    person, (relationships, kind) = any_name(rng), _ROLES[n]
    last = who.person.name.last if rng.random() < 0.65 else person.last
    nick, phone = rng.random() < 0.025, rng.random() < 0.92
    name = f'{person.first} "{person.first[:3]}" {last}' if nick else f"{person.first} {last}"
    email = f"{person.plain}{below(rng, 90) + 10}@family.example.org" if rng.random() < 0.8 else ""
    reached = (f"555-01{below(rng, 100):02d}", pick(rng, ("cell", "cell", "cell", "home", "work")))
    return (
        name if who.seat else 'Zoë "Zo" Núñez, Esq.',
        *(pick(rng, relationships), kind, *(reached if phone else ("", "")), email),
        f"C{int(who.number) * _CONTACTS + n:07d}",
    )


def _intervention(books: Books, who: Enrolled) -> Row:
    """One student in nine a year; half of them from the first weeks on."""
    rng = Random(mix(who.chance, books.year.start, 33))
    luck, early = rng.random(), rng.random() < 0.5
    tier, subject = pick(rng, ("2", "2", "2", "3")), pick(rng, _SUBJECTS)
    begins = max(who.time.enters, books.year.days[below(rng, 30 if early else len(books.year.days))])
    return (tier, subject, us(begins)) if luck < 0.11 and begins <= _here(books, who) else ("", "", "")


def _here(books: Books, who: Enrolled) -> dt.date:
    """The last day on which the server has to do with the student."""
    return who.time.leaves - DAY if who.time.leaves else books.as_of


def _classifications(books: Books, who: Enrolled) -> Iterator[Row]:
    """Each lasts a school year at most. Who is alone is so for as long as homeless."""
    rng = Random(mix(who.chance, books.year.start, 35))
    poor = who.person.lunch in ("F", "R", "FDC") or who.seat == 0
    homeless, alone = rng.random() < 0.026, rng.random() < 0.25 and who.grade >= 3
    states: list[tuple[tuple[str, str], bool]]
    for late, states in (
        (0.05, [(_POOR, poor)]),
        (0.4, [(pick(rng, _HOMELESS), homeless), (_ALONE, homeless and alone)]),
        *((0.3, [((code, words), below(rng, one_in) == 0)]) for code, words, one_in in _OTHERS),
    ):
        span = _span(books, who, rng, late)
        for (code, words), true in states:
            if true and span:
                yield who.id * 8 + _PLACES.index(code[:4]), who.id, code, words, *span


def _span(books: Books, who: Enrolled, rng: Random, late: float) -> tuple[str, str] | None:
    """The first day, which with the chance of `late` is any of the year, and the day after the last: one in ten ends
    after some weeks. None while it has not begun. As many draws on every day."""
    later, over = rng.random() < late, rng.random() < 0.1
    drawn, weeks = books.year.days[below(rng, len(books.year.days))], 3 + below(rng, 20)
    begins = max(who.time.enters, drawn) if later else who.time.enters
    ends = begins + 7 * DAY * weeks
    if begins > _here(books, who):
        return None
    last = ends if over and ends <= _here(books, who) else who.time.leaves
    return us(begins), us(last) if last else ""


def _sped(books: Books, who: Enrolled, case: Case) -> Iterator[Row]:
    day = _here(books, who)
    status, plan = case.status(day), case.plan(day) or case.last_plan()
    if status == "R":
        yield who.id, status, "", "", ""
    elif status:
        ends = us(case.ends) if case.ends and status == "X" else ""
        yield who.id, status, plan.main if plan else "01", us(case.begins), ends


def _imported(books: Books, who: Enrolled, case: Case) -> Iterator[Row]:
    """The plan as PowerSchool has it: imported on the Friday after it began, or after the student came. Of one in 25
    it was never imported; one in 25 still has the plan before it. The second and the third seat are such."""
    last = min(books.as_of - DAY * ((books.as_of.weekday() - 5) % 7 + 1), _here(books, who))
    luck = who.seat if 0 < who.seat < 3 else case.chance % 25
    plan, came = case.plan(last), who.time.enters
    if plan and luck == 2:
        plan = case.plan(plan.start - DAY)
        came = plan.start if plan else came
    if plan and luck != 1:
        friday = _friday(max(plan.start, came))
        if friday <= last:
            yield who.id, plan.main, case.disability[0], us(plan.start), us(plan.end), us(friday)


def _friday(day: dt.date) -> dt.date:
    """The first on or after it."""
    return day + DAY * ((4 - day.weekday()) % 7)
