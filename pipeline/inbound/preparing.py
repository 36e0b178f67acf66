"""The one normalised CSV that a kept contract makes of a feed's parts.

The fast way (`reading`) reads a file once as bytes (encoding, quotation marks) and once as Arrow batches of strings. It
only answers whether all is well; when it is not, `verdict` reads the file again, slowly, and names the line and the
column. Neither ever repeats a value of the file: only its shape (errors.masked).

Normalised means: UTF-8, comma, LF, minimal quotation marks, the contract's column names as header, in the
contract's order; the parts of a feed (one file a server) below each other, tagged with the part's name and, where the
contract says so, with the morning's date: a view cannot know it otherwise.
"""

import datetime as dt
from pathlib import Path

from pipeline.catalogue.contract import Contract
from pipeline.inbound import reading, verdict
from pipeline.inbound.parts import Broken, Part, Prepared, Refused


def prepare(parts: list[Part], contract: Contract, out: Path, as_of: dt.date | None = None) -> Prepared:
    """Check `parts` against `contract` and write them as one normalised CSV to `out`.

    `as_of` is the morning that the files belong to; a contract with `dated` wants it.

    Raises ContractBroken, which names file, line, column, what was found and what was expected; `out` is then
    as it was before.
    """
    if contract.dated and as_of is None:
        raise ValueError(f"no date for the column {contract.dated}")
    try:
        return reading.prepare(parts, contract, out, as_of)
    except (Broken, Refused) as trouble:
        raise verdict.explain(trouble, parts, contract) from None
