"""What a value is: text that says something, and nothing that cannot be seen. The one definition, in Arrow's kernels.

Three degrees of strictness. An **id** holds no white space and no character that is not seen, anywhere. A value that
must be **present** (REQUIRED) may hold blanks inside, and the joiners that Arabic and Indic scripts write with. Any
other **text** may be empty or odd, but steers no terminal and turns no line around. Lengths have a limit everywhere.
"""

from __future__ import annotations

from typing import Literal

from pipeline.catalogue import dialect, forms
from pipeline.catalogue.schemas import Column
from pipeline.ground import manifests
from pipeline.ground.arrow import pa, pc

Strictness = Literal["id", "present", "text"]

# White space, control and format characters, private use, and what else leaves nothing on paper: fillers, variation
# selectors, the blank of Braille. U+FFFD stands where a letter was lost.
_UNSEEN = (
    r"\p{Z}\p{Cc}\p{Cf}\p{Co}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2800}\x{3164}"
    r"\x{FE00}-\x{FE0F}\x{FFA0}\x{FFFD}"
)
# Of these, what is nowhere a part of a word.
_HIDDEN = (
    r"[\p{Co}\x{AD}\x{061C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{3164}\x{FEFF}\x{FFA0}"
    r"\x{FFF9}-\x{FFFB}\x{FFFD}]"
)
# Joiners stand between two letters of a script that joins them, not beside Latin ones and at no end.
_STRAY = r"(\A|[\x{00}-\x{24F}])[\x{200C}\x{200D}]+|[\x{200C}\x{200D}]+(\z|[\x{00}-\x{24F}])"
_CONTROLS = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}"
_TURNING = r"\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}"

# What no value of that strictness holds, and how it is called (RE2).
_PATTERNS: dict[Strictness, dict[str, str]] = {
    "id": {"white space or a character that is not seen": rf"[{_UNSEEN}]"},
    "present": {
        "white space or a character that is not seen at an end": rf"\A[{_UNSEEN}]|[{_UNSEEN}]\z",
        "a control character": r"\p{Cc}",
        "a space that is not the plain one": r"[^\P{Z}\x20]",
        "a character that is not seen": _HIDDEN,
        "a joiner beside what it does not join": _STRAY,
    },
    "text": {
        "a control character": rf"[{_CONTROLS}]",
        "a mark that turns text around": rf"[{_TURNING}]",
    },
}
# All of them in one, which is found in a column at once.
_ANY = {how: "|".join(patterns.values()) for how, patterns in _PATTERNS.items()}
# The words that exporters write for nothing. `Null` and `Nan` are people's names, and no ids.
_NOTHING = r"NULL|null|\\N|[(\[<](?:NULL|null)[)\]>]|None|NONE|none|NaN|nan|nil|undefined|#N/A|N/A"
_LETTERS_OF_WORDS = (b"N", b"n")  # each of the words has one of these
_WORDS: dict[Strictness, str] = {"id": rf"\A(?i:{_NOTHING})\z", "present": rf"\A(?:{_NOTHING})\z"}
# Characters, where the schema has no maxLength.
LONGEST: dict[Strictness, int] = {"id": 128, "present": 1_000, "text": 4_000}
# Bytes that need no second look when all of a column is ASCII.
_LOOKED_AT: dict[Strictness, bytes] = {
    "id": bytes(range(0x21)) + b"\x7f",
    "present": bytes(range(0x21)) + b"\x7f",
    "text": bytes(set(range(0x20)) - set(b"\t\n\r")) + b"\x7f",
}


def strictness(column: Column, *, key: bool) -> Strictness:
    """How strictly the column's values are looked at. Where its form is known, the form says what is inside; one that
    says no more than "an id" leaves that to us."""
    if (key and column.form is None) or column.form == forms.ID or column.refers:
        return "id"
    return "present" if key or column.mode == "REQUIRED" else "text"


def fingerprint() -> str:
    """Changes with the definition."""
    return manifests.fingerprint(_PATTERNS, _WORDS, LONGEST)


def longest(column: Column, how: Strictness) -> int:
    """Characters."""
    return column.max_length or LONGEST[how]


def faulty(values: pa.Array, column: Column, how: Strictness) -> pa.Array | None:
    """Which of the strings are no value; None when all are. An empty one is a value, unless the column is REQUIRED."""
    text = dialect.text_of(values)
    masks = [_odd(values, text, how)]
    if how in _WORDS and any(letter in text for letter in _LETTERS_OF_WORDS):
        masks.append(pc.match_substring_regex(values, _WORDS[how]))
    if column.mode == "REQUIRED":
        masks.append(pc.equal(values, ""))
    if (pc.max(pc.binary_length(values)).as_py() or 0) > longest(column, how):
        masks.append(pc.greater(pc.utf8_length(values), longest(column, how)))
    mask = dialect.either(*masks)
    return mask if mask is not None and pc.any(mask).as_py() else None


def _odd(values: pa.Array, text: bytes, how: Strictness) -> pa.Array | None:
    """Which of the strings, whose bytes are `text`, a pattern matches; None where it can be told that none does."""
    if _plain(text, how):
        if text.isascii():
            return None
        beyond = values.filter(pc.invert(pc.string_is_ascii(values)))  # mostly some names
        if not _matched(beyond, how):
            return None
    return pc.match_substring_regex(values, _ANY[how])


def _plain(text: bytes, how: Strictness) -> bool:
    """Whether no byte of ASCII has to be looked at."""
    return len(text.translate(None, _LOOKED_AT[how])) == len(text)


def _matched(values: pa.Array, how: Strictness) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, _ANY[how])).as_py())


def reason(value: str, column: Column, how: Strictness) -> tuple[str, str]:
    """Why the string is no value: what was found, and what was expected."""
    if column.mode == "REQUIRED" and not value.strip():
        return ("only blanks" if value else "no value"), "a value in every row"
    if len(value) > longest(column, how):
        return f"{len(value):,} characters", f"at most {longest(column, how):,} (maxLength of the column's schema)"
    for words, pattern in _PATTERNS[how].items():
        if place := _place(value, pattern):
            found = f"{words} (U+{ord(value[place - 1]):04X}, character {place} of {len(value)})"
            return (
                found,
                "a value without it (where the feed's row has the column in `trimmed`, it is taken out and told)",
            )
    return "a word that exporters write for nothing, like NULL", "a value, or an empty field"


def _place(value: str, pattern: str) -> int:
    """The number of the character that the pattern matches; 0 when none does."""
    offset = pc.find_substring_regex(pa.array([value]), pattern)[0].as_py()
    if offset < 0:
        return 0
    before = len(value.encode()[:offset].decode())
    # Before a joiner the pattern has the letter with which it does not go.
    unseen = pc.match_substring_regex(pa.array([value[before]]), f"[{_UNSEEN}]")[0].as_py()
    return before + (1 if unseen else 2)


def trimmed(values: pa.Array) -> pa.Array:
    """The strings without what is not seen and without white space at their ends; inside, white space is a blank."""
    text = dialect.text_of(values)
    if (text.isascii() and _plain(text, "id")) or not _matched(values, "present"):
        return values
    seen = pc.replace_substring_regex(values, rf"{_HIDDEN}|[{_CONTROLS}]", "")
    bare = pc.replace_substring_regex(seen, _STRAY, r"\1\2")
    plain = pc.replace_substring_regex(bare, r"[^\P{Z}\x20]|\p{Cc}", " ")
    return pc.replace_substring_regex(plain, rf"\A[{_UNSEEN}]+|[{_UNSEEN}]+\z", "")
