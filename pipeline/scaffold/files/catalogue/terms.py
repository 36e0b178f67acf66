#: with rosters
"""This district's terms: how its numbers are written, and when its year turns."""

from pipeline.catalogue.limits import ANY, OTHERS, Churn, ColumnChurn, Form, Mapped, Same, Window
from pipeline.catalogue.terms import Codes, Terms

# The tags of the servers of the student information system: each delivers into `powerschool_<tag>` below `drop`.
SERVERS = (@servers@)

# How a student's number, and the state's, is written. Say it as narrowly as it is: Form("9 digits", r"\d{9}") finds lost zeros.
NUMBER = Form("an id without blanks", r"\S+")

# The first days of a term: the spring's begins after the winter break, the fall's when the student information system
# shows the new school year.
SPRING, FALL = ((1, 2), (1, 14)), ((8, 8), (8, 21))

# Then all sections and all who sit in them may be others, but not fewer by a third.
TAUGHT_ANEW = Churn(drops=ANY, school_drops=ANY, adds=ANY, changes=ANY, shrinks=0.34)

# In the fall the last grade of every school has left it, and all others are a grade up.
NEW_YEAR = Churn(drops=0.2, school_drops=0.45, adds=0.25, changes=ANY)

_OF_STUDENTS = "roster_files.current_students"
# The student information system's codes that the views have words for. A district with others adds them here and there.
CODES = Codes(
    genders=Mapped(_OF_STUDENTS, "gender", ("F", "M", "X")),
    ethnicities=Mapped(_OF_STUDENTS, "ethnicity", ("A", "B", "H", "I", "M", "P", "W")),
    hispanic=Mapped(_OF_STUDENTS, "fedethnicity", ("0", "1", "false", "true", "False", "True", "FALSE", "TRUE")),
    english_learners=Mapped(_OF_STUDENTS, "lep_status", ("L", "1", "2", "3", "4", "F", "N")),
    lunches=Mapped(_OF_STUDENTS, "lunchstatus", ("F", "FDC", "R", "P")),
    special_education=Mapped("powerschool_combined.sped", "sped_status", ("E", "G", "R", "X")),
)

TERMS = Terms(
    student_number=NUMBER,
    state_id=NUMBER,
    people=Churn(windows=(Window(*FALL, NEW_YEAR),)),
    teaching=Churn(windows=(Window(*SPRING, TAUGHT_ANEW), Window(*FALL, TAUGHT_ANEW))),
    # In the fall everybody is a grade up, the last grade of a school is at the next one, and plans are renewed.
    grades=ColumnChurn(windows=(Window(*FALL, OTHERS),)),
    # With a term come other days and other teachers.
    dates=ColumnChurn(windows=(Window(*SPRING, OTHERS), Window(*FALL, OTHERS))),
    # Whose numbers are used on both servers, and what tells that it is the same person.
    same_staff=Same(
        "powerschool_combined.teachers",
        "teachernumber",
        ("last_name", "email_addr", "sif_stateprid"),
        among=("status", "1"),
    ),
    same_students=Same(
        "powerschool_combined.students",
        "student_number",
        ("last_name", "student_email", "state_id"),
        among=("enroll_status", "0"),
    ),
    codes=CODES,
)
