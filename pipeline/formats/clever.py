"""Clever: the six files of the rosters, with what Clever wants of them, and the identity exports that it gives."""

from dataclasses import replace

from pipeline.catalogue.conditions import different, in_order
from pipeline.catalogue.delivery import ViewFile
from pipeline.catalogue.feed import Feed, Layout
from pipeline.catalogue.limits import (
    ADDRESSES,
    ANY,
    EMAIL,
    MONTH_FIRST,
    OF_SCHOOLS,
    OTHERS,
    PHONE,
    SCHOOLS,
    STATE,
    TEACHERS,
    TYPED,
    YEAR,
    ZIP,
    Agreeing,
    Allowed,
    Alone,
    Apart,
    Form,
    Longest,
    Personal,
    Reference,
    Written,
)
from pipeline.catalogue.place import SftpFolder, Source
from pipeline.catalogue.terms import Terms

_GRADES = (
    *("InfantToddler", "Preschool", "PreKindergarten", "TransitionalKindergarten", "Kindergarten"),
    *(*map(str, range(1, 14)), "PostGraduate", "Ungraded", "Other"),
)
# Clever's list. The view that finds its words for the district's holds it once more; a test compares the two.
# fmt: off
LANGUAGES = (
    "Afrikaans", "Albanian", "Amharic", "Arabic", "Armenian", "Azerbaijani", "Basque", "Belarusian", "Bengali",
    "Bosnian", "Bulgarian", "Burmese", "Cabo Verdean", "Catalan", "Cebuano", "Chichewa", "Chinese",
    "Chinese (Mandarin)", "Corsican", "Croatian", "Czech", "Danish", "Dari", "Dutch", "English", "Estonian", "Farsi",
    "Filipino", "Finnish", "French", "Frisian", "Galician", "Georgian", "German", "Greek", "Gujarati",
    "Haitian Creole", "Hausa", "Hawaiian", "Hebrew", "Hindi", "Hmong", "Hungarian", "Icelandic", "Igbo", "Iloko",
    "Indonesian", "Irish", "Italian", "Japanese", "Javanese", "Kannada", "Karen", "Kazakh", "Khmer", "Kinyarwanda",
    "Korean", "Kurdish (Kurmanji)", "Kyrgyz", "Lao", "Latvian", "Lithuanian", "Luxembourgish", "Macedonian",
    "Malagasy", "Malay", "Malayalam", "Maltese", "Maori", "Marathi", "Marshallese", "Mongolian", "Nepali",
    "Norwegian", "Odia", "Oromo", "Pashto", "Polish", "Portuguese", "Punjabi", "Romanian", "Russian", "Samoan",
    "Scots Gaelic", "Serbian", "Sesotho", "Shona", "Sindhi", "Sinhala", "Slovak", "Slovenian", "Somali", "Spanish",
    "Sundanese", "Swahili", "Swedish", "Tagalog", "Tajik", "Tamil", "Tatar", "Telugu", "Thai", "Tigrinya", "Turkish",
    "Turkmen", "Ukrainian", "Urdu", "Uyghur", "Uzbek", "Vietnamese", "Welsh", "Xhosa", "Yiddish", "Yoruba", "Zulu",
    "Other",
)
# fmt: on
_SUBJECTS = (
    *("english/language arts", "math", "science", "social studies", "language", "homeroom/advisory"),
    *("interventions/online learning", "technology and engineering", "PE and health", "arts and music", "other"),
)
_OF_SCHOOL = Reference(("School_id",), "schools.csv", ("School_id",))
_NO_PASSWORD = Longest(("Password",), 0)
_GRADE_POINTS = Form("a number from 0 to 6", r"[0-5](?:\.\d+)?|6(?:\.0+)?")
_CONTACT = (
    *("Contact_relationship", "Contact_type", "Contact_name", "Contact_phone", "Contact_phone_type"),
    *("Contact_email", "Contact_sis_id"),
)
# A student has a row for each contact, and all else is the same in them.
_OF_STUDENT = (
    *("School_id", "Student_number", "State_id", "Last_name", "Middle_name", "First_name", "Grade", "Gender"),
    *("Graduation_year", "DOB", "Race", "Hispanic_Latino", "Home_language", "Ell_status", "Frl_status", "IEP_status"),
    *("Student_street", "Student_city", "Student_state", "Student_zip", "Student_email", "Username"),
    *("Unweighted_gpa", "Weighted_gpa"),
)
_CO_TEACHERS = tuple(f"Teacher_{place}_id" for place in range(2, 11))


def rosters(views: str, terms: Terms, *, students: int) -> tuple[ViewFile, ...]:
    """The six files, of the views `<views>.Clever_<file>`; `students` is the fewest that are believed."""
    return (
        ViewFile(
            view=f"{views}.Clever_schools",
            name="schools.csv",
            key=("School_id",),
            required=("School_id", "School_name", "School_number"),
            layout="known",
            called="schools",
            school="School_id",
            references=(Reference(("School_id",), "students.csv", ("School_id",)),),
            allowed=(Allowed(("Low_grade", "High_grade"), _GRADES),),
            written=(
                Written(("Principal_email",), EMAIL),
                Written(("School_state",), STATE),
                Written(("School_zip",), ZIP),
                Written(("School_phone",), PHONE),
            ),
            churn=SCHOOLS,
            column_churn=(OF_SCHOOLS,),
        ),
        ViewFile(
            view=f"{views}.Clever_teachers",
            name="teachers.csv",
            key=("Teacher_id",),  # each once: Clever takes the first record and reports the others
            required=("School_id", "Teacher_id", "Last_name", "First_name"),
            layout="known",
            called="teachers",
            school="School_id",
            people="Teacher_id",
            references=(_OF_SCHOOL,),
            written=(Written(("Teacher_email",), EMAIL, TYPED),),
            longest=(_NO_PASSWORD,),
            personal=(Personal(("State_teacher_id", "Teacher_email", "Username")),),
            same=(terms.same_staff,),
            churn=terms.people,
            column_churn=(replace(ADDRESSES, columns=("Teacher_email",)),),
        ),
        ViewFile(
            view=f"{views}.Clever_staff",
            name="staff.csv",
            key=("School_id", "Staff_id"),  # one row a school and person: who works at two is in both
            required=("School_id", "Staff_id", "Staff_email", "First_name", "Last_name"),
            layout="known",
            called="staff",
            school="School_id",
            people="Staff_id",
            references=(_OF_SCHOOL,),
            allowed=(Allowed(("Role",), ("School Tech Lead",)),),
            written=(Written(("Staff_email",), EMAIL, TYPED),),
            longest=(_NO_PASSWORD,),
            personal=(Personal(("Staff_email", "Username")),),
            same=(terms.same_staff,),
            # Clever makes one user of a teacher and a staff member with one address.
            apart=(Apart("Staff_email", "teachers.csv", "Teacher_email", unless=("Staff_id", "Teacher_id")),),
            agreeing=(Agreeing("Staff_id", ("First_name", "Last_name", "Staff_email", "Username")),),
            churn=terms.people,
            column_churn=(replace(ADDRESSES, columns=("Staff_email",)),),
        ),
        ViewFile(
            view=f"{views}.Clever_students",
            name="students.csv",
            key=("Student_id", "Contact_sis_id", "Contact_name"),  # one row a contact
            required=("School_id", "Student_id", "Student_number", "Last_name", "First_name"),
            floor=students,
            layout="known",
            called="students",
            school="School_id",
            people="Student_id",
            student="Student_id",
            references=(_OF_SCHOOL,),
            allowed=(
                Allowed(("Grade",), _GRADES),
                Allowed(("Gender",), ("F", "M", "X")),
                Allowed(("Race",), ("A", "B", "I", "M", "P", "W")),
                Allowed(("Hispanic_Latino", "Ell_status", "IEP_status"), ("Y", "N")),
                Allowed(("Frl_status",), ("Free", "Reduced", "Paid")),
                Allowed(("Home_language",), LANGUAGES),
                Allowed(("Contact_relationship",), ("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other")),
                Allowed(("Contact_type",), ("Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other")),
                Allowed(("Contact_phone_type",), ("Cell", "Home", "Work", "Other")),
            ),
            written=(
                Written(("Student_id", "Student_number"), terms.student_number),
                Written(("DOB",), MONTH_FIRST),
                Written(("Graduation_year",), YEAR, TYPED),
                Written(("Student_email", "Contact_email"), EMAIL, TYPED),
                Written(("State_id",), terms.state_id),
                Written(("Student_state",), STATE, TYPED),
                Written(("Student_zip",), ZIP, TYPED),
                Written(("Contact_phone",), PHONE, TYPED),
                Written(("Unweighted_gpa", "Weighted_gpa"), _GRADE_POINTS),
            ),
            longest=(_NO_PASSWORD,),
            personal=(Personal(("State_id", "Student_email", "Username")),),
            same=(terms.same_students,),
            mapped=(
                terms.codes.genders,
                terms.codes.ethnicities,
                terms.codes.hispanic,
                terms.codes.english_learners,
                terms.codes.lunches,
                terms.codes.special_education,
            ),
            apart=(
                Apart("Student_email", "teachers.csv", "Teacher_email"),
                Apart("Student_email", "staff.csv", "Staff_email"),
            ),
            agreeing=(Agreeing("Student_id", _OF_STUDENT),),
            alone=(Alone("Student_id", _CONTACT),),
            churn=terms.people,
            column_churn=(
                replace(ADDRESSES, columns=("Student_email",)),
                replace(terms.grades, columns=("School_id", "Grade", "Graduation_year")),
                replace(OTHERS, columns=("Unweighted_gpa", "Weighted_gpa")),  # counted anew each night
            ),
        ),
        ViewFile(
            view=f"{views}.Clever_sections",
            name="sections.csv",
            key=("Section_id",),
            required=("School_id", "Section_id", "Teacher_id"),
            layout="known",
            called="sections",
            school="School_id",
            references=(
                _OF_SCHOOL,
                Reference(("Teacher_id",), "teachers.csv", ("Teacher_id",), also=_CO_TEACHERS),
            ),
            allowed=(Allowed(("Grade",), _GRADES), Allowed(("Subject",), _SUBJECTS)),
            column_churn=(
                replace(terms.dates, columns=("Term_name", "Term_start", "Term_end")),
                replace(TEACHERS, columns=("Teacher_id",)),
                replace(
                    terms.dates,
                    columns=_CO_TEACHERS,
                    blanked=0.25,
                    changes=0.25,
                    school_blanked=0.5,
                    school_changes=0.5,
                    moves=ANY,
                ),
            ),
            written=(Written(("Term_start", "Term_end"), MONTH_FIRST),),
            longest=(Longest(("Name",), 254),),
            conditions=(in_order("Term_start", "Term_end", MONTH_FIRST), different("Teacher_id", *_CO_TEACHERS)),
            churn=terms.teaching,
        ),
        ViewFile(
            view=f"{views}.Clever_enrollments",
            name="enrollments.csv",
            key=("Section_id", "Student_id"),
            required=("School_id", "Section_id", "Student_id"),
            floor=students,
            layout="known",
            called="students in sections",
            school="School_id",
            student="Student_id",
            references=(
                Reference(("School_id", "Section_id"), "sections.csv", ("School_id", "Section_id")),
                Reference(("Student_id",), "students.csv", ("Student_id",)),
            ),
            written=(Written(("Student_id",), terms.student_number),),
            churn=terms.teaching,
        ),
    )


def identities(
    server: SftpFolder, whose: str, name: str, *key: str, dataset: str, ignored: tuple[str, ...], layout: Layout
) -> Feed:
    """Columns of the identity export `google-<whose>-passwords.csv`. Our copies of it go after a day: the file holds
    passwords, whatever of it is loaded."""
    return Feed(
        name=name,
        dataset=dataset,
        folder=dataset,
        file=f"{name}.csv",
        sources=(Source("clever", server, f"google-{whose}-passwords.csv"),),
        key=key,
        ignored=ignored,
        landing_days=1,
        layout=layout,
    )
