"""Clever's SFTP rosters: six files of fixed names and headers, and what must fit between them.

The closed lists are those of Clever's published data model (dev.clever.com), whose words districts send in either
case."""

from collections import Counter

from .checks import (
    ANYTHING,
    EMAIL,
    EMPTY,
    MONTH_FIRST,
    PHONE,
    STATE,
    STATE_ID,
    STUDENT_NUMBER,
    VALUE,
    YEAR,
    ZIP,
    date,
    number,
    one_of,
    one_of_any_case,
    required,
)
from .reading import Files, Findings, Layout, Table, comma_file, in_any_order, names
from .rules import agree, columns, days_in_order, known, used

# `Other` is in Clever's published lists too: a level, or a language, that is none of the others.
GRADE = one_of_any_case(
    *("InfantToddler", "Preschool", "PreKindergarten", "TransitionalKindergarten", "Kindergarten"),
    *(*map(str, range(1, 14)), "PostGraduate", "Ungraded", "Other"),
)
LANGUAGES = (
    """
Basque, Portuguese, Hungarian, Hmong, Urdu, Latvian, Hausa, Slovenian, Chinese (Mandarin), Russian, Arabic, Telugu,
Afrikaans, Tamil, Irish, Uzbek, Norwegian, Serbian, Khmer, Farsi, Lao, Gujarati, Yiddish, Lithuanian, Mongolian,
Samoan, Bengali, Corsican, Romanian, Javanese, Danish, Scots Gaelic, Burmese, Kinyarwanda, Swahili, Yoruba, Uyghur,
Hindi, Azerbaijani, Cabo Verdean, Haitian Creole, Amharic, Maori, Somali, English, Hawaiian, Maltese, Thai, Slovak,
Nepali, Bosnian, Marathi, Frisian, Swedish, Kazakh, German, Turkish, Chinese, Luxembourgish, Armenian, Dari,
Macedonian, Karen, Iloko, Igbo, Kannada, Galician, Cebuano, Punjabi, Indonesian, Estonian, Odia, Spanish, Filipino,
Albanian, Korean, Croatian, Japanese, Bulgarian, Catalan, Polish, Sinhala, Other, Icelandic, Tatar, Ukrainian, Tajik,
Italian, French, Malayalam, Chichewa, Kurdish (Kurmanji), Czech, Xhosa, Hebrew, Georgian, Oromo, Shona, Sindhi,
Sesotho, Tagalog, Malagasy, Tigrinya, Welsh, Turkmen, Malay, Marshallese, Belarusian, Dutch, Finnish, Greek, Kyrgyz,
Zulu, Sundanese, Vietnamese, Pashto
""".replace("\n", " ")
    .strip()
    .split(", ")
)
FLAG = one_of("Y", "N")
DAY = date(MONTH_FIRST)
CO_TEACHERS = tuple(f"Teacher_{place}_id" for place in range(2, 11))

SCHOOLS = Layout(
    "schools.csv",
    {
        "School_id": VALUE,
        "School_name": VALUE,
        "School_number": VALUE,
        "State_id": ANYTHING,
        "Low_grade": GRADE,
        "High_grade": GRADE,
        "Principal": ANYTHING,
        "Principal_email": EMAIL,
        "School_address": ANYTHING,
        "School_city": ANYTHING,
        "School_state": STATE,
        "School_zip": ZIP,
        "School_phone": PHONE,
    },
    key=("School_id",),
)
# What tells the rows of one student apart; everything else says the same in each of them.
CONTACT = {
    "Contact_relationship": one_of_any_case("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other"),
    "Contact_type": one_of_any_case("Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other"),
    "Contact_name": ANYTHING,
    "Contact_phone": PHONE,
    "Contact_phone_type": one_of_any_case("Cell", "Home", "Work", "Other"),
    "Contact_email": EMAIL,
    "Contact_sis_id": ANYTHING,
}
# The words of the data model, and the letters that districts send for them. Hispanic has a column of its own.
RACES = (
    *("A", "Asian", "B", "Black or African American", "W", "White", "Caucasian"),
    *("I", "American Indian", "American Indian or Alaska Native"),
    *("P", "Hawaiian or Other Pacific Islander", "Native Hawaiian or Other Pacific Islander"),
    *("M", "Two or More Races", "U", "Unknown"),
)
STUDENTS = Layout(
    "students.csv",
    {
        "School_id": VALUE,
        "Student_id": STUDENT_NUMBER,
        "Student_number": STUDENT_NUMBER,
        "State_id": STATE_ID,
        "Last_name": VALUE,
        "Middle_name": ANYTHING,
        "First_name": VALUE,
        "Grade": GRADE,
        "Gender": one_of("F", "M", "X"),
        "Graduation_year": YEAR,
        "DOB": DAY,
        "Race": one_of_any_case(*RACES),
        "Hispanic_Latino": FLAG,
        "Home_language": one_of(*LANGUAGES),
        "Ell_status": FLAG,
        "Frl_status": one_of("Free", "Reduced", "Paid", "Other"),
        "IEP_status": FLAG,
        "Student_street": ANYTHING,
        "Student_city": ANYTHING,
        "Student_state": STATE,
        "Student_zip": ZIP,
        "Student_email": EMAIL,
        **CONTACT,
        "Username": ANYTHING,
        "Password": EMPTY,
        "Unweighted_gpa": number(0, 5),
        "Weighted_gpa": number(0, 6),
    },
    key=("Student_id", *CONTACT),
)
TEACHERS = Layout(
    "teachers.csv",
    {
        "School_id": VALUE,
        "Teacher_id": VALUE,
        "Teacher_number": ANYTHING,
        "State_teacher_id": ANYTHING,
        "Teacher_email": EMAIL,
        "First_name": VALUE,
        "Middle_name": ANYTHING,
        "Last_name": VALUE,
        "Title": ANYTHING,
        "Username": ANYTHING,
        "Password": EMPTY,
    },
    key=("Teacher_id",),  # whoever is there twice is taken once, and reported "not unique"
)
SECTIONS = Layout(
    "sections.csv",
    {
        "School_id": VALUE,
        "Section_id": VALUE,
        "Teacher_id": VALUE,
        **dict.fromkeys(CO_TEACHERS, ANYTHING),
        "Name": ANYTHING,
        "Section_number": ANYTHING,
        "Grade": GRADE,
        "Course_name": ANYTHING,
        "Course_number": ANYTHING,
        "Course_description": ANYTHING,
        "Period": ANYTHING,
        "Subject": one_of_any_case(
            "english/language arts",
            "math",
            "science",
            "social studies",
            "language",
            "homeroom/advisory",
            "interventions/online learning",
            "technology and engineering",
            "PE and health",
            "arts and music",
            "other",
        ),
        "Term_name": ANYTHING,
        "Term_start": DAY,
        "Term_end": DAY,
    },
    key=("Section_id",),
)
ENROLLMENTS = Layout(
    "enrollments.csv",
    {"School_id": VALUE, "Section_id": VALUE, "Student_id": STUDENT_NUMBER},
    key=("Section_id", "Student_id"),
)
STAFF = Layout(
    "staff.csv",
    {
        "School_id": VALUE,
        "Staff_id": VALUE,
        "Staff_email": required(EMAIL),
        "First_name": VALUE,
        "Last_name": VALUE,
        "Department": ANYTHING,
        "Title": ANYTHING,
        "Username": ANYTHING,
        "Password": EMPTY,
        "Role": ANYTHING,
    },
    key=("School_id", "Staff_id"),
)
LAYOUTS = (SCHOOLS, STUDENTS, TEACHERS, SECTIONS, ENROLLMENTS, STAFF)


def read(files: Files) -> list[str]:
    """What Clever would say of its folder; nothing when it would take it. Files of other names are not looked at."""
    findings = Findings()
    names(files, [layout.file for layout in LAYOUTS], findings)
    tables: dict[str, Table] = {}
    for layout in LAYOUTS:
        if layout.file in files and (table := comma_file(layout, files[layout.file], findings, in_any_order)):
            tables[layout.file] = table
            columns(layout, table, findings)
    if len(tables) == len(LAYOUTS):
        _people(tables, findings)
        _sections(tables, findings)
    return findings.told()


def _people(tables: dict[str, Table], findings: Findings) -> None:
    schools, students = tables["schools.csv"], tables["students.csv"]
    for file in ("students.csv", "teachers.csv", "staff.csv"):
        known(tables[file], ["School_id"], schools, ["School_id"], findings)
    used(schools, "School_id", students, "School_id", findings)
    agree(students, "Student_id", (column for column in STUDENTS.columns if column not in CONTACT), findings)
    _each_row_a_contact(students, findings)
    # Somebody who works at two schools is one person, with two rows of staff.
    agree(tables["staff.csv"], "Staff_id", ("First_name", "Last_name", "Staff_email", "Username"), findings)


def _each_row_a_contact(students: Table, findings: Findings) -> None:
    """A student may have no contact, in one row; further rows are there for contacts only."""
    rows = Counter(row["Student_id"] for row in students.rows)
    for row in students.rows:
        if rows[row["Student_id"]] > 1 and not any(row.of(tuple(CONTACT))):
            findings.add(students.file, "one of several rows, without a contact", line=row.line, column="Contact_name")


def _sections(tables: dict[str, Table], findings: Findings) -> None:
    schools, sections, enrollments = tables["schools.csv"], tables["sections.csv"], tables["enrollments.csv"]
    known(sections, ["School_id"], schools, ["School_id"], findings)
    for column in ("Teacher_id", *CO_TEACHERS):
        known(sections, [column], tables["teachers.csv"], ["Teacher_id"], findings)
    days_in_order(sections, "Term_start", "Term_end", MONTH_FIRST, findings)
    _each_teacher_once(sections, findings)
    known(enrollments, ["School_id"], schools, ["School_id"], findings)
    known(enrollments, ["Section_id"], sections, ["Section_id"], findings)
    known(enrollments, ["School_id", "Section_id"], sections, ["School_id", "Section_id"], findings)
    known(enrollments, ["Student_id"], tables["students.csv"], ["Student_id"], findings)


def _each_teacher_once(sections: Table, findings: Findings) -> None:
    for row in sections.rows:
        named = [row["Teacher_id"]]
        for column in CO_TEACHERS:
            if row[column] and row[column] in named:
                findings.add(sections.file, "this teacher is already named", line=row.line, column=column)
            named.append(row[column])
