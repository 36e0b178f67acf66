"""Views of the catalogue, as the warehouse has them; what it refuses of one is told by the file in which it stands."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.catalogue import sql
from pipeline.ground.command import MORNING
from pipeline.ground.errors import StatementRefused, WarehouseError
from pipeline.ground.progress import Made
from pipeline.outside.cloud import texts

# How BigQuery says where in a statement something stands, and its answers to what concerns the statement itself.
_PLACE = re.compile(r"\[(\d+):(\d+)\]")
_ITS_OWN = ("BadRequest", "NotFound")


def deploy(view: str) -> Made:
    """The warehouse's text of `dataset.view` is that of its file. Raises WarehouseError, StatementRefused."""
    dataset, _, name = view.partition(".")
    text = sql.text(view)
    with explained(view, its_lines=True):
        texts.deploy(dataset, name, text)
    return Made(words=f"{len(text.splitlines())} lines of SQL")


@contextmanager
def explained(view: str, *, its_lines: bool = False) -> Iterator[None]:
    """Raise StatementRefused in the place of an error that is about the view's text, and name its file; `its_lines`
    says that the error counts the lines of that text, and not those of a statement which reads the view."""
    try:
        yield
    except WarehouseError as error:
        if error.answer not in _ITS_OWN:
            raise
        place = _PLACE.search(error.found) if its_lines else None
        line, column = (int(place[1]), int(place[2])) if place else (1, 1)
        raise StatementRefused(
            f"{sql.file(view)}{f':{line}' if place else ''}: {error.found}",
            expected=f"a view {view} that BigQuery takes; until then it keeps its own, and nothing is made of it",
            next_step=f"correct the file (`{MORNING} check` says more where the tests' packages are), then run again",
            line=line,
            column=column,
        ) from None
