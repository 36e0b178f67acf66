"""How the text of an inbound column is written: the words of a schema's `form`, and which values break it.

    "date %m/%d/%Y"     a day (or time) in BigQuery's format, which exists; months and days with or without a zero
    "digits 7"          so many digits; "digits 1-10" for from and to; "whole number" may have a sign
    "id"                no white space and nothing that is not seen
    "email"             an address
    "key of students"   an id of that feed (outbound/references.py asks); also after another: "digits 4, key of schools"
    "text"              prose, though the column is a key or REQUIRED: blanks inside are no mistake
    ["Y", "N"]          one of a list

An empty value breaks no form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.catalogue.limits import Form
from pipeline.ground.arrow import pa, pc

TEXT = Form("text", r"(?s:.*)")
ID = Form("an id without white space", r"[^\p{Z}\p{Cc}\p{Cf}\p{Co}]+")
EMAIL = Form("an e-mail address", r"[^@\p{Z}\p{Cc}\p{Cf},;]+@[^@\p{Z}\p{Cc}\p{Cf},;]+\.[A-Za-z]{2,}")
WHOLE = Form("a whole number", r"-?[0-9]{1,18}")
_DIRECTIVES = {
    "%m": "(?P<m>0?[1-9]|1[0-2])",
    "%d": "(?P<d>0?[1-9]|[12][0-9]|3[01])",
    "%Y": "(?P<y>(?:19|20)[0-9]{2})",
    "%H": "(?:[01]?[0-9]|2[0-3])",
    "%I": "(?:0?[1-9]|1[0-2])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%p": "(?i:AM|PM)",
}


def parsed(words: str | Sequence[str]) -> Form:
    """The form that a schema's words say. Raises ValueError."""
    if not isinstance(words, str):
        return _one_of(words)
    words = words.partition(", key of ")[0]
    kind, _, term = words.partition(" ")
    if kind == "date" and term:
        pattern = _pattern(term)
        return Form(f"a day as {_spelled(term)}", pattern, term)
    if kind == "digits" and (found := re.fullmatch(r"(\d+)(?:-(\d+))?", term)):
        least, most = found[1], found[2] or found[1]
        return Form(f"{term} digits", f"[0-9]{{{least},{most}}}")
    if words.startswith("key of ") and re.fullmatch(r"\w+", words.removeprefix("key of ")):
        return Form(f"an id of {words.removeprefix('key of ')}", ID.pattern)
    simple = {"id": ID, "email": EMAIL, "text": TEXT, "whole number": WHOLE}
    if words not in simple:
        raise ValueError(f"the unknown form {words!r}")
    return simple[words]


def feed_of(words: str | Sequence[str]) -> str:
    """The feed whose key the column holds; '' for every other form."""
    found = re.search(r"(?:^|, )key of (\w+)$", words) if isinstance(words, str) else None
    return found[1] if found else ""


def _one_of(values: Sequence[str]) -> Form:
    if not values or not all(isinstance(value, str) and value for value in values):
        raise ValueError("a form that is an empty list, or holds what is no text")
    return Form(f"one of {', '.join(values)}", "|".join(map(re.escape, values)))


def _spelled(day: str) -> str:
    names = {"%m": "MM", "%d": "DD", "%Y": "YYYY", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%p": "AM"}
    return re.sub("%.", lambda found: names[found[0]], day)


def _pattern(day: str) -> str:
    """RE2 of a date's format. Raises ValueError."""
    pieces = re.split(r"(%.)", day)
    if unknown := [piece for piece in pieces if piece[:1] == "%" and piece not in _DIRECTIVES]:
        raise ValueError(f"the unknown {unknown[0]} of a date's format")
    if not {"%m", "%d", "%Y"} <= set(pieces) or len(pieces) != len({*pieces[1::2]}) * 2 + 1:
        raise ValueError(f"a date's format without %m, %d and %Y, each once: {day!r}")
    return "".join(_DIRECTIVES.get(piece, re.escape(piece)) for piece in pieces)


def broken(values: pa.Array, form: Form) -> pa.Array | None:
    """Which of the strings break the form; None when none does. Looks at each different string once."""
    if form == TEXT or not len(values):
        return None
    coded = pc.dictionary_encode(values)
    kept = pc.or_(pc.equal(coded.dictionary, ""), _kept(coded.dictionary, form))
    if pc.all(kept).as_py():
        return None
    return pc.invert(pc.take(kept, coded.indices))


def _kept(values: pa.Array, form: Form) -> pa.Array:
    if not form.day:
        return pc.match_substring_regex(values, rf"\A(?:{form.pattern})\z")
    parts = pc.extract_regex(values, rf"\A(?:{form.pattern})\z")
    year, month, day = (pc.struct_field(parts, name) for name in ("y", "m", "d"))
    iso = pc.binary_join_element_wise(
        year, pc.utf8_lpad(month, 2, padding="0"), pc.utf8_lpad(day, 2, padding="0"), "-"
    )  # fmt: skip
    # Arrow reads the 30th of February as the 2nd of March.
    read = pc.strftime(pc.strptime(iso, format="%Y-%m-%d", unit="s", error_is_null=True), format="%Y-%m-%d")
    return pc.fill_null(pc.equal(read, iso), False)
