"""Two servers, six schools: their grades, class groups, courses, sections and posts.

Nothing here is a list of people or sections: a section or a post is worked out from its place, so that a district
of a million students needs no more memory than one of forty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

GROUP = 24  # students who go through the day together


@dataclass(frozen=True)
class Site:
    """What a school is on paper. `tracks`: which of the server's feeder tracks go there."""

    number: str
    name: str
    abbreviation: str
    low: int
    high: int
    tracks: tuple[int, ...]
    street: str
    phone: str


@dataclass(frozen=True)
class Slot:
    """A place in a student's week: its period, its term (0 year, 1 and 2 semesters), and the subjects among which
    the class groups take turns."""

    period: int
    term: int
    subjects: tuple[int, ...]


# Course number's first two digits: name of the course, the catalogue's word for its subject.
SUBJECTS = {
    1: ("English", "English"),
    2: ("Math", "Mathematics"),
    3: ("Science", "Science"),
    4: ("Social Studies", "Social Studies"),
    5: ("Homeroom", "Homeroom"),
    6: ("Music, General", "Music"),
    7: ("Art", "Art"),
    8: ("PE & Health", "Physical Education"),
    9: ("Spanish", "World Language"),
    10: ("Computer Science", "Computer Science"),
    11: ("Reading Workshop", "Intervention"),
}
ELEMENTARY = (
    *(Slot(n, 0, (n,)) for n in (1, 2, 3)),
    Slot(0, 0, (5,)),
    Slot(4, 0, (6, 7, 8)),
    Slot(5, 0, (11,)),
)
SECONDARY = (
    *(Slot(n, 0, (n,)) for n in (1, 2, 3, 4)),
    Slot(5, 0, (9, 7, 6)),
    Slot(6, 1, (8,)),
    Slot(6, 2, (10,)),
)
CHANGEABLE = 4  # the slot in which students change classes, at every level
_STRIDE = 7  # section numbers that one class group may use


def slots(grade: int) -> tuple[Slot, ...]:
    return ELEMENTARY if grade <= 4 else SECONDARY


def course_number(subject: int, grade: int) -> str:
    """Such as `0206`, `020K`, `02PK`: leading zeros, some with letters."""
    return f"{subject:02d}" + {-1: "PK", 0: "0K"}.get(grade, f"{grade:02d}")


def course_name(subject: int, grade: int) -> str:
    return f"{SUBJECTS[subject][0]} " + {-1: "Pre-K", 0: "Kindergarten"}.get(grade, str(grade))


def credit(subject: int, grade: int) -> str:
    """Credit hours; only the courses of a high school give any."""
    return "" if grade < 9 else "0.5" if subject in (8, 10) else "1.0"


@dataclass(frozen=True)
class Section:
    """One class: of which grade, in which slot of the week, of which class group."""

    id: int
    grade: int
    slot: Slot
    group: int
    teacher: int

    @property
    def subject(self) -> int:
        return self.slot.subjects[self.group % len(self.slot.subjects)]

    @property
    def dcid(self) -> int:
        return self.id + 3000

    @property
    def period(self) -> int:
        """The period of the day, from 1."""
        return self.slot.period + 1 if self.grade <= 4 else (self.slot.period + self.group) % 6 + 1

    @property
    def letters(self) -> str:
        """The days of the cycle on which the class meets."""
        return "ABCDE" if self.grade <= 4 else "A"

    @property
    def expression(self) -> str:
        return f"{self.period}({'A-E' if len(self.letters) > 1 else self.letters})"


@dataclass(frozen=True)
class Post:
    """A place on the staff. Teaching posts keep their person all year; `status` 2 is one who left before."""

    id: int
    title: str
    staff_status: int
    status: int = 1


@dataclass(frozen=True)
class School:
    """A school at its size: `seats` is how many students a grade has room for. Ids count from the bases."""

    site: Site
    id: int
    seats: int
    section_base: int
    post_base: int

    @cached_property
    def grades(self) -> range:
        return range(self.site.low, self.site.high + 1)

    @cached_property
    def groups(self) -> int:
        """Class groups in a grade."""
        return -(-self.seats // GROUP)

    @cached_property
    def _posts(self) -> tuple[int, int, int, int, int, int]:
        """How many homeroom, specials and subject teachers, teachers of English learners, others, former ones."""
        homerooms = sum(self.groups for grade in self.grades if grade <= 4)
        subject = -(-sum(self.groups * len(SECONDARY) for grade in self.grades if grade > 4) // 5)
        teaching = homerooms + -(-homerooms // 6) + subject
        learners = -(-self.seats * len(self.grades) * 12 // 4000)
        return homerooms, -(-homerooms // 6), subject, learners, max(4, teaching // 7), max(1, teaching // 30)

    @property
    def size(self) -> tuple[int, int]:
        """How many section ids and how many posts this school takes."""
        return len(self.grades) * _STRIDE * self.groups, sum(self._posts)

    def group(self, position: int) -> int:
        """The class group of the position-th student of a grade."""
        return position // -(-self.seats // self.groups)

    def section(self, grade: int, place: int, group: int) -> Section:
        id = self.section_base + ((grade - self.site.low) * _STRIDE + place) * self.groups + group + 1
        return Section(id, grade, slots(grade)[place], group, self._teacher(grade, place, group))

    def sections(self) -> Iterator[Section]:
        for grade in self.grades:
            for place in range(len(slots(grade))):
                for group in range(self.groups):
                    yield self.section(grade, place, group)

    def _teacher(self, grade: int, place: int, group: int) -> int:
        """Homeroom teachers have their group nearly all day; the others have about five classes of a subject."""
        homerooms, specials, *_ = self._posts
        room = (grade - self.site.low) * self.groups + group
        if grade <= 4:
            return self.post_base + 1 + (room if place != CHANGEABLE else homerooms + room // 6)
        low = max(self.site.low, 5)
        order = (place * (self.site.high - low + 1) + grade - low) * self.groups + group
        return self.post_base + 1 + homerooms + specials + order // 5

    @property
    def principal(self) -> int:
        return self.post_base + 1 + sum(self._posts[:4])

    def esl_teacher(self, turn: int) -> int:
        return self.post_base + 1 + sum(self._posts[:3]) + turn % self._posts[3]

    def colleague(self, teacher: int, turn: int) -> int:
        """One of those who teach here now, but for that teacher."""
        teaching = sum(self._posts[:4])
        return self.post_base + 1 + (teacher - self.post_base + turn % (teaching - 1)) % teaching

    def posts(self) -> Iterator[Post]:
        id = self.post_base
        for title, status, current, count in self._staffing():
            for _ in range(count):
                id += 1
                yield Post(id, title, status, current)

    def _staffing(self) -> Iterator[tuple[str, int, int, int]]:
        homerooms, specials, subject, learners, others, former = self._posts
        yield from (("Teacher", 1, 1, homerooms + specials + subject), ("ESL Teacher", 1, 1, learners))
        yield from (("Principal", 2, 1, 1), ("Counselor", 2, 1, others - 3 - others // 4))
        yield from (("Cafeteria, Lead", 3, 1, 1), ("Substitute Teacher", 4, 1, 1 + others // 4))
        yield ("Teacher", 1, 2, former)


@dataclass(frozen=True)
class Server:
    """A student information system. Its seats are dealt to tracks, then to grades, then to class groups."""

    code: str
    number: int
    seats: int
    sites: tuple[Site, ...]

    @cached_property
    def grades(self) -> range:
        return range(min(site.low for site in self.sites), max(site.high for site in self.sites) + 1)

    @cached_property
    def tracks(self) -> int:
        return 1 + max(track for site in self.sites for track in site.tracks)

    @cached_property
    def schools(self) -> tuple[School, ...]:
        schools: list[School] = []
        sections = posts = 0
        for id, site in enumerate(self.sites, start=1):
            per_track = -(-self.seats // (self.tracks * len(self.grades)))
            schools.append(School(site, id, per_track * len(site.tracks), sections, posts))
            sections, posts = sections + schools[-1].size[0], posts + schools[-1].size[1]
        return tuple(schools)

    @property
    def posts(self) -> int:
        return sum(school.size[1] for school in self.schools)

    @cached_property
    def _feeder(self) -> dict[tuple[int, int], School]:
        return {(t, grade): school for school in self.schools for t in school.site.tracks for grade in school.grades}

    def cohort(self, seat: int, start: int) -> tuple[int, int]:
        """The grade that a seat has in the school year of `start`, and how often it has begun anew since the
        year 0: each summer a seat moves up one grade, and from the last one back to the first."""
        begun, step = divmod(seat // self.tracks + start, len(self.grades))
        return self.grades[step], begun

    def place(self, seat: int, grade: int) -> tuple[School, int]:
        """The school and the class group of a seat."""
        track = seat % self.tracks
        school = self._feeder[track, grade]
        row = seat // (self.tracks * len(self.grades))
        return school, school.group(row * len(school.site.tracks) + school.site.tracks.index(track))


_RSD = (
    Site("0105", "Riverbend Elementary School", "RES", -1, 4, (0,), "100 Mill Race Rd", "555-0101"),
    Site("0110", "Cedar Hollow Elementary School", "CHE", -1, 4, (1,), "25 Cedar Hollow Ln", "555-0102"),
    Site("0205", "Riverbend Middle School", "RMS", 5, 8, (0,), "140 Mill Race Rd", "555-0103"),
    Site("0210", "Miller's Ford Middle School", "MFM", 5, 8, (1,), "9 Miller's Ford Rd, Bldg B", "555-0104"),
    Site("0305", "Riverbend High School", "RHS", 9, 12, (0, 1), "200 College Ave", "555-0105"),
)
_BLF = (Site("0805", "Bluff Landing Academy", "BLA", 0, 8, (0,), "1 Landing Way", "555-0106"),)


def servers(students: int) -> tuple[Server, Server]:
    """Both servers, with `students` seats together, 15 % of them at BLF. Raises ValueError below two."""
    if students < 2:
        raise ValueError(f"{students} students: two servers need at least one each")
    blf = max(1, students * 15 // 100)
    return Server("RSD", 0, students - blf, _RSD), Server("BLF", 1, blf, _BLF)
