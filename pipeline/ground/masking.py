"""What may be shown of a text that others wrote: an exception of a library, what a server says.

A value out of a file is shown as its shape. Hosts, addresses, paths, parameters, columns, feeds and all other names
that stand in our own configuration and catalogue are no data: without them nobody could mend anything. Who owns such
names says so (`name`, `place`). A slash alone makes no path: `/Jane` and `Doe/Jane` are values, and so are paths that
begin where nothing of ours lies.
"""

import re
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path, PurePosixPath

from pipeline.ground.errors import masked

_GOOGLES = ("storage", "bigquery", "oauth2", "secretmanager", "www", "sts", "iamcredentials")
_names = {
    *("utf-8", "utf-8-sig", "utf-16", "ascii", "cp1252", "accounts.google.com", "metadata.google.internal"),
    *(f"{service}.googleapis.com" for service in _GOOGLES),
}
# A URL, a bucket's address; a machine's number, with its port and a path there.
_URL = re.compile(r"[a-z+]{2,10}://[\w.-]*(?::\d{1,5})?(?:/[\w.%~+=@:-]*)*")
_HERE = re.compile(
    r"(?:(?:https?|sftp)://)?(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|\[?::1\]?)(?::\d{1,5})?(?:/[\w./%-]*)?"
)
_PATH = re.compile(r"(?:~|\.{1,2})?/?[\w.%+=@-][\w.%~+=@-]*(?:/[\w.%~+=@ -]*)*|/")
# Where paths of a machine begin, and those of what Google's and Luigi's servers are asked for.
_TOPS = """
    bin dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var
    api batch bigquery computeMetadata download resumable storage token upload v1 v2
"""
_CHECKOUT = Path(__file__).resolve().parents[2]
_BEGIN = frozenset((*_TOPS.split(), *_CHECKOUT.parts[1:2]))
_places: set[str] = set()
# What is asked of an address: names, and values of whatever; those of these names are the clients' own.
_ASKED = re.compile(r"([^\s?]*)\?(\S*)")
_PLAIN = frozenset(("alt", "prettyPrint", "projection", "uploadType"))
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


def place(folders: Iterable[str]) -> None:
    """These are folders of ours, at a vendor or in the bucket: paths below them are shown."""
    _places.update(folder.strip("/") for folder in folders if folder.strip("/"))


_unasked: list[tuple[Callable[[Iterable[str]], None], Callable[[], Iterable[str]]]] = []


def ask(kind: Callable[[Iterable[str]], None], words: Callable[[], Iterable[str]]) -> None:
    """As `name` or `place`, which `kind` is, but the words are asked for when a text is to be shown: to find them is
    work, and may fail."""
    _unasked.append((kind, words))


# Held while the words are asked for: another thread would take names of ours for values. (What goes wrong then may have
# to be shown as well, by the thread that holds it.)
_asking = threading.RLock()


def _ask() -> None:
    with _asking:
        left = []
        while _unasked:
            kind, words = _unasked.pop(0)
            try:
                kind(words())
            except Exception:  # noqa: BLE001  (whatever the catalogue is: to show an error must not raise another one)
                left.append((kind, words))
        _unasked.extend(left)


def known(text: str) -> bool:
    """Whether the text is a name, or a place, and no value."""
    _ask()
    host = re.sub(r":\d{1,5}$", "", text)  # without its port
    return not _names.isdisjoint((text, host)) or bool(_HERE.fullmatch(text) or _URL.fullmatch(text)) or _path(text)


def _path(text: str) -> bool:
    """Whether it is a path that begins where something of ours, of this machine or of an interface lies."""
    if "/" not in text or not _PATH.fullmatch(text):
        return False
    if text == "/" or (text.startswith("/") and text.split("/")[1] in _BEGIN):
        return True
    below = re.sub(r"^(?:\.{0,2}/)+", "", text)
    return " " not in text and (_below_ours(below) or (text[0] != "/" and below.split("/")[0] in _entries()))


@cache
def _entries() -> frozenset[str]:
    """What lies in the checkout, where paths that are not absolute begin; `var` does from the first run on."""
    return frozenset({"var", *(each.name for each in _CHECKOUT.iterdir())})


def _below_ours(path: str) -> bool:
    """Whether it is, or lies below, a folder that the catalogue or the configuration names."""
    above = {f"{each}" for each in (PurePosixPath(path), *PurePosixPath(path).parents)} - {"."}
    return not _places.isdisjoint(above) or any("/" in each and {each, f"/{each}"} & _names for each in above)


def shown(text: str, width: int = 24) -> str:
    """The text in quotation marks when it is a name or a place, else its shape."""
    if (asked := _ASKED.fullmatch(text)) and known(asked[1]):
        return repr(f"{asked[1]}?{'&'.join(map(_asked, asked[2].split('&')))}")
    return repr(text) if known(text) else masked(text, width)


def _asked(part: str) -> str:
    """One `name=value` of what is asked of an address: the value may be anything of anybody's."""
    name, sign, value = part.partition("=")
    if not sign or not re.fullmatch(r"[\w.-]+", name):
        return "…" if part else ""
    return part if name in _PLAIN and re.fullmatch(r"\w*", value) else f"{name}=…"


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
    """Word by word; an address goes with all that is asked of it."""
    return re.sub(r"[^\s'\"(),;=<>{}?]+\?[^\s'\"<>]*|[^\s'\"(),;=<>{}]+", lambda found: _word(found[0]), text)


def _word(word: str) -> str:
    bare = word.rstrip(".:!?")
    if (asked := _ASKED.fullmatch(word)) and asked[2] and known(asked[1]):
        return f"{asked[1]}?…"
    if known(word) or known(bare) or bare.lower() in _SPOKEN or (len(bare) < 4 and not any(map(str.isalpha, bare))):
        return word
    return masked(bare)[1:-1] + word[len(bare) :]
