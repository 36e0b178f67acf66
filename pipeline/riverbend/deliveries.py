"""Every set of files that goes out: one row each. Adding a file is a row here and a .sql file; nothing else knows."""

from pipeline.catalogue.delivery import Delivery, LandedCopy
from pipeline.catalogue.limits import ANY, Churn, Window
from pipeline.formats import clever, ellevation, otus, powerschool, savvas

from .terms import FALL, TERMS

IMPORTS = "powerschool_imports"
# Who is missing is not deleted: the import leaves what it does not name. In the fall most of it begins anew, also where
# there was none: at most as many as a quarter of the district may be.
FEW = Churn(drops=0.5, adds=1, windows=(Window(*FALL, Churn(drops=ANY, adds=ANY, changes=ANY, from_nothing=1000)),))


DELIVERIES = (
    Delivery(
        name="clever_rosters",
        vendor="clever",
        folder="/home/{user}",
        files=clever.rosters("roster_files", TERMS, students=50),
        gone="Clever would delete",
    ),
    Delivery(
        name="savvas_rosters",
        vendor="savvas",
        folder="/SIS",
        files=savvas.rosters("roster_files", TERMS, students=50, schools=2),
        gone="SAVVAS would delete",
    ),
    Delivery(
        name="ellevation_rosters",
        vendor="ellevation",
        folder="/data",
        files=ellevation.rosters("roster_files", TERMS, students=50),
        gone="Ellevation would drop",
    ),
    Delivery(
        name="otus_scores",
        vendor="otus",
        folder="/home/incoming",
        files=(  # SAVVAS's bytes: OTUS's rule of no blanks is kept in what we write ourselves
            LandedCopy("savvas_assessment_scores", "savvas_assessment_scores.csv", student="student_id"),
            LandedCopy("savvas_standards_scores", "savvas_standards_scores.csv", student="student_id"),
        ),
    ),
    Delivery(
        name="otus_attendance_discipline",
        vendor="otus",
        folder="/home/incoming",
        files=otus.attendance_discipline("roster_files", TERMS, students=50),
        cadence="weekly",
        again="never-same-day",  # what it counts goes on all week: a set of Thursday is no correction of Monday's
        gone="OTUS would no longer hear of",
    ),
    Delivery(
        name="powerschool_imports",
        vendor="district",
        folder="/PS_imports",
        files=(
            powerschool.google_accounts(IMPORTS, TERMS, "RSD", others=("BLF",), floor=50),
            powerschool.google_accounts(IMPORTS, TERMS, "BLF", others=("RSD",), floor=5),
            powerschool.plans(IMPORTS, TERMS, "RSD", FEW, others=("BLF",), leaves_with=("TN_options_report_2014",)),
            powerschool.response_to_intervention(IMPORTS, TERMS, "RSD", FEW, others=("BLF",)),
            powerschool.response_to_intervention(IMPORTS, TERMS, "BLF", FEW, others=("RSD",)),
            powerschool.homeless_foster(IMPORTS, TERMS, "RSD", FEW, others=("BLF",)),
            powerschool.homeless_foster(IMPORTS, TERMS, "BLF", FEW, others=("RSD",)),
        ),
        gone="PowerSchool would no longer be told of",
    ),
)
