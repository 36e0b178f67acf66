#: with rosters
"""This district's terms: how its numbers are written, and when its year turns."""

from pipeline.catalogue.limits import Form
from pipeline.formats.powerschool import codes, terms

# The tags of the servers of the student information system: each delivers into `powerschool_<tag>` below `drop`.
SERVERS = (@servers@)

# How a student's number, and the state's, is written. Say it as narrowly as it is: Form("9 digits", r"\d{9}") finds lost zeros.
NUMBER = Form("an id without blanks", r"\S+")

# The first days of a term: the spring's begins after the winter break, the fall's when the student information system
# shows the new school year.
SPRING, FALL = ((1, 2), (1, 14)), ((8, 8), (8, 21))

# A district whose codes are others says them here (`replace`), and has words for them in its views.
CODES = codes("roster_files.current_students")

TERMS = terms(student_number=NUMBER, state_id=NUMBER, spring=SPRING, fall=FALL, codes=CODES)
