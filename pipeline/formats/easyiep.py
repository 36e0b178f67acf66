"""EasyIEP's report of the options of each student's plan. Legacy: the state put TN PULSE in its place in 2023."""

from pipeline.catalogue.feed import Feed
from pipeline.catalogue.place import SftpFolder, Source


def options(server: SftpFolder, *, dataset: str) -> Feed:
    """A row an option of a student's."""
    return Feed(
        name="TN_options_report_2014",
        dataset=dataset,
        folder=dataset,
        file="TN_options_report_2014.txt",
        sources=(Source("easyiep", server, "TN-Options Report 2014.txt"),),
        key=("student_number", "option"),
        delimiter="\t",
    )
