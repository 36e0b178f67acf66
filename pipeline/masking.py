"""What may be shown of a text that others wrote: an exception of a library, what a server says.

A value out of a file is shown as its shape. Hosts, addresses, paths, parameters, columns, feeds and all other names
that stand in our own configuration and catalogue are no data: without them nobody could mend anything. Who owns such
names says so (`name`).
"""

import re
from collections.abc import Callable, Iterable

from pipeline.errors import PipelineError, masked

_GOOGLES = ("storage", "bigquery", "oauth2", "secretmanager", "www", "sts", "iamcredentials")
_names = {
    *("utf-8", "utf-8-sig", "utf-16", "ascii", "cp1252", "accounts.google.com", "metadata.google.internal"),
    *(f"{service}.googleapis.com" for service in _GOOGLES),
}
# A path, a URL, a bucket's address; a machine's number, with its port and a path there.
_PLACE = re.compile(r"(?:[a-z+]{2,10}:/)?(?:/[\w.%~+=@-]*)+(?:\?\w+=\w*)?")
_HERE = re.compile(
    r"(?:(?:https?|sftp)://)?(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|\[?::1\]?)(?::\d{1,5})?(?:/[\w./%-]*)?"
)
# What is asked of it: names, and values of whatever.
_ASKED = re.compile(rf"({_HERE.pattern})\?([\w=&%.+:-]*)")
# What Python, Arrow and the libraries below us say themselves of a value that they do not take.
_WORDS = """
    a address an and any argument arguments array as ascii at base be been block bool boolean byte bytes cannot cast
    character close codec column columns conversion convert converted could cp1252 csv data date date32 day decode
    decoded decoding delimiter does double element empty encode end error errors exceeded expected failed field
    fields file first float float64 for format found from got has hour http https in index indices input int int32
    int64 integer invalid is isoformat json key large length line list literal loop mapping match maximum minute
    missing month more must name negative no not null number object of on one only open operation or out outside
    parse parsing port position range read required row scalar second sequence server size sql ssl start string
    supported than the timestamp to too truncated tuple type unable unexpected unknown unpack unsupported url utc
    utf-16 utf-8 utf8 value values was week when while with within without year zero
"""
_SPOKEN = frozenset(_WORDS.split())


def name(words: Iterable[str]) -> None:
    """These are names of ours or of the configuration: shown wherever they stand."""
    _names.update(word for word in words if word)


_unasked: list[Callable[[], Iterable[str]]] = []


def ask(names: Callable[[], Iterable[str]]) -> None:
    """As `name`, but the words are asked for when a text is to be shown: to find them is work, and may fail."""
    _unasked.append(names)


def _ask() -> None:
    for names in [*_unasked]:
        _unasked.remove(names)  # first: what goes wrong may have to be shown as well
        try:
            name(names())
        except PipelineError:
            _unasked.append(names)


def known(text: str) -> bool:
    """Whether the text is a name, or a place, and no value."""
    _ask()
    host = re.sub(r":\d{1,5}$", "", text)  # without its port
    return not _names.isdisjoint((text, host)) or bool(_HERE.fullmatch(text) or _PLACE.fullmatch(text))


def shown(text: str, width: int = 24) -> str:
    """The text in quotation marks when it is a name or a place, else its shape."""
    if asked := _ASKED.fullmatch(text):
        return repr(f"{asked[1]}?{re.sub('=[^&]+', '=…', asked[2])}")
    return repr(text) if known(text) else masked(text, width)


def without_values(message: str, width: int = 300) -> str:
    """A library's message: its own words and our names stay, all else is shown as its shape.

    What stands in quotation marks may be a value with blanks and is looked at as a whole; so is what follows "got 4:",
    where Arrow repeats a row.
    """
    quoted = re.compile(r"""(?<!\w)(['"])(.*?)\1(?!\w)|(?<=got )(\d+: )(.*)""", re.S)
    parts, at = [], 0
    for match in quoted.finditer(message):
        parts.append(_spoken(message[at : match.start()]))
        parts.append(match[3] + masked(match[4], width) if match[3] else shown(match[2], width))
        at = match.end()
    return ("".join(parts) + _spoken(message[at:]))[: 2 * width]


def _spoken(text: str) -> str:
    return re.sub(r"[^\s'\"(),;=<>{}]+", lambda found: _word(found[0]), text)


def _word(word: str) -> str:
    bare = word.rstrip(".:!?")
    if asked := _ASKED.match(word):
        return f"{asked[1]}?…"
    if known(word) or known(bare) or bare.lower() in _SPOKEN or (len(bare) < 4 and not any(map(str.isalpha, bare))):
        return word
    return masked(bare)[1:-1] + word[len(bare) :]
