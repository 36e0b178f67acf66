"""What a vendor's reader never takes empty must be required of the file by its delivery, or we would find out from the
vendor."""

import pytest

from pipeline import catalogue
from pipeline.catalogue.delivery import ViewFile

from . import clever, ellevation, otus, powerschool, savvas

LAYOUTS = {
    layout.file: layout
    for layouts in (
        *(clever.LAYOUTS, savvas.LAYOUTS, ellevation.LAYOUTS, otus.LAYOUTS.values()),
        *(kind.values() for kind in (powerschool.ACCOUNT_FILES, *powerschool.AUTOCOMM_FILES)),
    )
    for layout in layouts
}
FILES = {file.name: file for delivery in catalogue.deliveries().values() for file in delivery.view_files}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_delivery_requires_what_its_reader_does(file: ViewFile) -> None:
    never_empty = {column for column, check in LAYOUTS[file.name].columns.items() if not check.holds("")}
    assert never_empty
    assert never_empty - set(file.required) == set()
