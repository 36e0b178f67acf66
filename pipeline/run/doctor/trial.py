"""What BigQuery and Cloud Storage do with a scratch dataset and scratch objects (`--cloud`)."""

from collections.abc import Callable, Iterator

from pipeline.ground import cloud
from pipeline.ground.errors import PipelineError
from pipeline.outside.cloud import aside, scratch, storage
from pipeline.outside.cloud.scratch import Scratch
from pipeline.run.doctor.examining import Asked
from pipeline.run.doctor.lines import Line, broken, good, warning, wrong

TELL = "tell who looks after the engine: it counts on it at each run"
# Seconds within which a change must show: a run that follows another one lists anew.
SHOWS = 10


def check(asked: Asked, _: str) -> Iterator[Line]:
    """Each step, whatever became of the one before; all that was made is removed at the end."""
    if not asked.cloud:
        return
    made, left = None, list[str]()
    try:
        with aside.dataset("doctor", restricted=True) as name:  # who may see it is said as for passwords
            Scratch.sweep()
            made = Scratch(name)
            yield from _tried(made)
            try:
                made.clear()
            except PipelineError:
                left.append(made.by_hand[1])
    except PipelineError:
        if made is None:
            raise
        left.append(made.by_hand[0])
    if left:
        yield wrong("the scratch dataset, or objects, could not be removed", "\n".join(left))
    else:
        yield good(f"all of it is removed again: {made.dataset}, {storage.uri(made.folder)}/ (the bucket stays)")


def _tried(made: Scratch) -> Iterator[Line]:
    for step in STEPS:
        try:
            yield step(made)
        except PipelineError as error:
            yield broken(error)
            if step in (_stored, _loaded) or cloud.BIGQUERY.silent or cloud.STORAGE.silent:
                yield Line("left out", "what needs that was not tried")
                return


def _stored(made: Scratch) -> Line:
    made.stored()
    if made.second_write_refused():
        return good("an object is written once: a second write of a new one is refused (412)")
    return wrong("a second write of a new object took the place of the first", TELL)


def _loaded(made: Scratch) -> Line:
    found = made.loaded()
    empty = next((row["note"] for row in found if row["name"] == scratch.ROWS[0]["name"]), None)
    plain = [{**row, "note": row["note"] or None} for row in found]
    if plain != [*scratch.ROWS]:
        return wrong(
            f"a CSV with quotes, line ends and umlauts comes back with {len(found)} rows, other than sent", TELL
        )
    told = "NULL" if empty is None else "an empty text"
    return good(f"a CSV with quotes, line ends, umlauts and zeros comes back as sent (an empty quoted value as {told})")


def _once(made: Scratch) -> Line:
    if made.job_id_refused():
        return good("a job's id is taken once (409)")
    return wrong("two load jobs were taken under one id", TELL)


def _labels(made: Scratch) -> Line:
    if made.labels_kept():
        return good("a table's labels are there after its rows were replaced")
    return warning(
        "a table's labels are gone when its rows are replaced", "nothing: each load writes them again at its end"
    )


def _view(made: Scratch) -> Line:
    if made.view_kept():
        return good("a view's text comes back byte for byte")
    return wrong("a view's text comes back otherwise than it was sent: each run would deploy all views again", TELL)


def _extracted(made: Scratch) -> Line:
    lines, wanted = made.extracted(), scratch.UGLY.count("\n")
    if lines == wanted:
        return good("a table is written into the bucket and read from there")
    return wrong(f"a table's extract has {lines} lines, not {wanted}", TELL)


def _patched(made: Scratch) -> Line:
    took = made.patched()
    found = f"{scratch.PATCHES} changes of a table's labels took {took:.1f} s"
    if took < SHOWS:
        return good(found)
    return warning(found, "nothing: BigQuery slows down who changes one table often, and a run waits for it")


def _listed(made: Scratch) -> Line:
    after = made.listed()
    if after is not None and after <= SHOWS:
        return good(f"a change of labels shows in the dataset's listing after {after:.1f} s")
    found = "a change of labels does not show in the dataset's listing" + (f" for {after:.0f} s" if after else "")
    return warning(found, "let half a minute pass between two runs by hand; what was made is else made once more")


STEPS: tuple[Callable[[Scratch], Line], ...] = (
    *(_stored, _loaded, _once, _labels, _view, _extracted, _patched, _listed),
)
