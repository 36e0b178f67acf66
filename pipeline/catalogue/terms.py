"""What is a district's own in the limits of every vendor's file: how its numbers are written, when its year turns."""

from dataclasses import dataclass

from pipeline.catalogue.limits import Churn, ColumnChurn, Form, Mapped, Same


@dataclass(frozen=True)
class Codes:
    """The student information system's codes that the district's views have words for, and where they stand."""

    genders: Mapped
    ethnicities: Mapped
    hispanic: Mapped
    english_learners: Mapped
    lunches: Mapped
    special_education: Mapped


@dataclass(frozen=True)
class Terms:
    """A district's terms, which the formats of vendors ask for.

    `student_number` and `state_id` are how these are written. `people` and `teaching` are how many people, and how
    many sections and who sits in them, may be others than in the last set; `grades` and `dates` how many of a person's
    grades and schools, and of a section's term days: each with the windows of this district's calendar. `same_staff`
    and `same_students` say which table tells that two servers' records are one person.
    `codes` are those of its student information system.
    """

    student_number: Form
    state_id: Form
    people: Churn
    teaching: Churn
    grades: ColumnChurn
    dates: ColumnChurn
    same_staff: Same
    same_students: Same
    codes: Codes
