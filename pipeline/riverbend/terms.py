"""This district's terms: how its numbers are written, and when its year turns."""

from pipeline.catalogue.limits import Form
from pipeline.formats.powerschool import codes, terms

# The district's own: who has numbers of another length says so here. Zeros that got lost are seen by it.
NUMBER = Form("7 digits", r"\d{7}")

# The first days of a term: the spring's begins after the winter break, the fall's when the student information system
# shows the new school year.
SPRING, FALL = ((1, 2), (1, 14)), ((8, 8), (8, 21))

# A district whose codes are others says them here (`replace`), and has words for them in its views.
CODES = codes("roster_files.current_students")

TERMS = terms(student_number=NUMBER, state_id=NUMBER, spring=SPRING, fall=FALL, codes=CODES)
