"""What each vendor may get, as the district's own papers say: a question each, until somebody has read the paper.

`signed` is the paper's date, as dt.date(2026, 7, 1); `columns` lists what may go, by file:
{"schools.csv": "School_id School_name"}. `morning check` names the columns that go out and are not listed:
list those that the paper allows, and take the others out of the view.
"""
#: with clever savvas otus ellevation powerschool

#: with powerschool
from pipeline.catalogue.agreement import OWN_RECORDS
#: with clever savvas otus ellevation
from pipeline.catalogue.agreement import SCHOOL_OFFICIAL
#: with clever savvas otus ellevation powerschool
from pipeline.catalogue.agreement import Agreement
#: always

AGREEMENTS = (
#: with clever
    Agreement("Clever", SCHOOL_OFFICIAL, signed=None, columns={}),
#: with savvas
    Agreement("SAVVAS", SCHOOL_OFFICIAL, signed=None, columns={}),
#: with otus
    Agreement("Otus", SCHOOL_OFFICIAL, signed=None, columns={}),
#: with ellevation
    Agreement("Ellevation", SCHOOL_OFFICIAL, signed=None, columns={}),
#: with powerschool
    Agreement("own records", OWN_RECORDS, signed=None, columns={}),
#: always
)
