"""Every set of files that goes out: one row each. A file is a row here and a view, sql/<dataset>/<view>.sql."""
#: with clever savvas otus ellevation powerschool

from pipeline.catalogue.delivery import Delivery
#: with otus+savvas
from pipeline.catalogue.delivery import LandedCopy
#: with powerschool
from pipeline.catalogue.limits import Churn
#: with clever
from pipeline.formats import clever
#: with ellevation
from pipeline.formats import ellevation
#: with otus
from pipeline.formats import otus
#: with powerschool
from pipeline.formats import powerschool
#: with savvas
from pipeline.formats import savvas
#: with clever savvas otus ellevation powerschool

from .terms import TERMS
#: with powerschool
from .terms import SERVERS

FEW = Churn(drops=0.5, adds=1)
IMPORTS = "powerschool_imports"
#: with powerschool+clever
# A student is on one server: no file of one has a number that an account of another one has.
OTHERS = {server: tuple(other for other in SERVERS if other != server) for server in SERVERS}
#: with powerschool-clever
# With the accounts of each server in the set, a number on two servers would be seen.
OTHERS: dict[str, tuple[str, ...]] = dict.fromkeys(SERVERS, ())
#: always

# `students` is the fewest rows of students that are believed: raise it to some nine tenths of what there are.
DELIVERIES = (
#: with clever
    Delivery(
        "clever_rosters",
        vendor="clever",
        folder="/home/{user}",
        files=clever.rosters("roster_files", TERMS, students=1),
        gone="Clever would delete",
    ),
#: with savvas
    Delivery(
        "savvas_rosters",
        vendor="savvas",
        folder="/SIS",
        files=savvas.rosters("roster_files", TERMS, students=1),
        gone="SAVVAS would delete",
    ),
#: with ellevation
    Delivery(
        "ellevation_rosters",
        vendor="ellevation",
        folder="/data",
        files=ellevation.rosters("roster_files", TERMS, students=1),
        gone="Ellevation would drop",
    ),
#: with otus+savvas
    Delivery(
        "otus_scores",
        vendor="otus",
        folder="/home/incoming",
        files=(  # SAVVAS's files, byte for byte
            LandedCopy("savvas_assessment_scores", "savvas_assessment_scores.csv", student="student_id"),
            LandedCopy("savvas_standards_scores", "savvas_standards_scores.csv", student="student_id"),
        ),
    ),
#: with otus
    Delivery(
        "otus_attendance_discipline",
        vendor="otus",
        folder="/home/incoming",
        files=otus.attendance_discipline("roster_files", TERMS, students=1),
        cadence="weekly",
        again="never-same-day",
        gone="OTUS would no longer hear of",
    ),
#: with powerschool
    Delivery(
        "powerschool_imports",
        vendor="district",
        folder="/PS_imports",
        files=(
#: with powerschool+clever
            *(powerschool.google_accounts(IMPORTS, TERMS, tag, others=OTHERS[tag], floor=1) for tag in SERVERS),
#: with powerschool
            *(
                make(IMPORTS, TERMS, tag, FEW, others=OTHERS[tag])
                for tag in SERVERS
                for make in (powerschool.response_to_intervention, powerschool.homeless_foster)
            ),
        ),
        gone="the SIS would no longer be told of",
    ),
#: always
)
