"""The six files of Clever's rosters, with what Clever wants of them."""

from pipeline.limits import (
    EMAIL,
    MONTH_FIRST,
    PEOPLE,
    SCHOOLS,
    STUDENT_NUMBER,
    TEACHING,
    TYPED,
    YEAR,
    Allowed,
    Longest,
    Reference,
    Written,
)
from pipeline.sets import ViewFile

_GRADES = ("PreKindergarten", "Kindergarten", *map(str, range(1, 13)), "Other")
_SUBJECTS = (
    *("english/language arts", "math", "science", "social studies", "language", "homeroom/advisory"),
    *("interventions/online learning", "technology and engineering", "PE and health", "arts and music", "other"),
)
_OF_SCHOOL = Reference(("School_id",), "schools.csv", ("School_id",))
_NO_PASSWORD = Longest(("Password",), 0)
_CO_TEACHERS = tuple(f"Teacher_{place}_id" for place in range(2, 11))

CLEVER = (
    ViewFile(
        view="roster_files.Clever_schools",
        name="schools.csv",
        key=("School_id",),
        required=("School_id", "School_name", "School_number"),
        layout="known",
        called="schools",
        school="School_id",
        allowed=(Allowed(("Low_grade", "High_grade"), _GRADES),),
        churn=SCHOOLS,
    ),
    ViewFile(
        view="roster_files.Clever_teachers",
        name="teachers.csv",
        key=("School_id", "Teacher_id"),
        required=("School_id", "Teacher_id", "Last_name", "First_name"),
        layout="known",
        called="teachers",
        school="School_id",
        people="Teacher_id",
        references=(_OF_SCHOOL,),
        written=(Written(("Teacher_email",), EMAIL, TYPED),),
        longest=(_NO_PASSWORD,),
        churn=PEOPLE,
    ),
    ViewFile(
        view="roster_files.Clever_staff",
        name="staff.csv",
        key=("School_id", "Staff_id"),
        required=("School_id", "Staff_id", "Staff_email", "First_name", "Last_name"),
        layout="known",
        called="staff",
        school="School_id",
        people="Staff_id",
        references=(_OF_SCHOOL,),
        allowed=(Allowed(("Role",), ("School Tech Lead",)),),
        written=(Written(("Staff_email",), EMAIL, TYPED),),
        longest=(_NO_PASSWORD,),
        churn=PEOPLE,
    ),
    ViewFile(
        view="roster_files.Clever_students",
        name="students.csv",
        key=("Student_id", "Contact_sis_id", "Contact_name"),  # one row a contact
        required=("School_id", "Student_id", "Student_number", "Last_name", "First_name"),
        floor=50,
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
            Allowed(("Hispanic_Latino", "Ell_status", "Frl_status", "IEP_status"), ("Y", "N")),
            Allowed(("Contact_relationship",), ("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other")),
            Allowed(("Contact_type",), ("Primary", "Family", "Emergency", "Other")),
            Allowed(("Contact_phone_type",), ("Cell", "Home", "Work", "Other")),
        ),
        written=(
            Written(("Student_id",), STUDENT_NUMBER),
            Written(("DOB",), MONTH_FIRST),
            Written(("Graduation_year",), YEAR, TYPED),
            Written(("Student_email", "Contact_email"), EMAIL, TYPED),
        ),
        longest=(_NO_PASSWORD,),
        churn=PEOPLE,
    ),
    ViewFile(
        view="roster_files.Clever_sections",
        name="sections.csv",
        key=("Section_id",),
        required=("School_id", "Section_id", "Teacher_id"),
        layout="known",
        called="sections",
        school="School_id",
        references=(
            _OF_SCHOOL,
            Reference(("School_id", "Teacher_id"), "teachers.csv", ("School_id", "Teacher_id"), also=_CO_TEACHERS),
        ),
        allowed=(Allowed(("Grade",), _GRADES), Allowed(("Subject",), _SUBJECTS)),
        written=(Written(("Term_start", "Term_end"), MONTH_FIRST),),
        longest=(Longest(("Name",), 254),),
        churn=TEACHING,
    ),
    ViewFile(
        view="roster_files.Clever_enrollments",
        name="enrollments.csv",
        key=("Section_id", "Student_id"),
        required=("School_id", "Section_id", "Student_id"),
        floor=50,
        layout="known",
        called="students in sections",
        school="School_id",
        student="Student_id",
        references=(
            Reference(("School_id", "Section_id"), "sections.csv", ("School_id", "Section_id")),
            Reference(("Student_id",), "students.csv", ("Student_id",)),
        ),
        churn=TEACHING,
    ),
)
