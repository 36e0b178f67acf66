"""What a file is that is no CSV of ours: told by its first bytes, or by what stands between its columns."""

import re
from pathlib import Path

from pipeline.catalogue.schemas import column_name

_BEGINNINGS = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\0": "an SQLite database",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls) or another file of Microsoft Office",
    b"\x89PNG": "a picture",
    b"-----BEGIN PGP": "a file that PGP has encrypted",
}
_MARKS = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
# What a page may begin with: its type, a document's parts, or what a server's program printed before it broke off.
_TAGS = (
    rb"html|head|body|title|meta|link|style|script|base|table|tr|div|span|p|br|hr|h[1-6]|b|i|em|strong|font|center|pre"
    rb"|a|img|form|ul|ol|iframe|noscript|section|main|header|nav"
)
_MARKUP = re.compile(
    rb"(?:<!--(?>.*?-->)\s*+|<\?xml[^>]*>\s*+)*+<(?:!doctype\s+html|(?:%b)(?=[\s/>]|\Z))" % _TAGS, re.I | re.S
)
_JSON = re.compile(rb'[\[{]\s*(?:[\[{"]|[\]}]\s*\Z)')
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ",": "commas"}


def of(path: Path) -> str:
    """What the file is, in words; '' when it may be text with columns."""
    with path.open("rb") as file:
        start = file.read(4096)
    for beginning, words in _BEGINNINGS.items():
        if start.startswith(beginning):
            return words
    if start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        office = b"[Content_Types].xml" in start or b"xl/" in start
        return "an Excel workbook (.xlsx), or another file of Office" if office else "a ZIP archive"
    # UTF-16 without its zeros is ASCII, and begins alike.
    text = start.lstrip(_MARKS).replace(b"\0", b"")
    if text.startswith(b"<"):
        return "HTML: a page in the place of the file" if _MARKUP.match(text) else "XML"
    return "JSON" if _JSON.match(text) else ""


def delimiter(first_line: str, expected: str, columns: list[str]) -> str:
    """What stands between the columns of the first line, in words, when it is not what is expected; else ''."""
    if set(columns) & set(_names(first_line, expected)):
        return ""
    for mark, words in DELIMITERS.items():
        names = _names(first_line, mark)
        if mark != expected and len(names) > 1 and set(columns) & set(names):
            return words
    return ""


def _names(line: str, mark: str) -> list[str]:
    return [column_name(title.strip(' "\r\n')) for title in line.removeprefix("sep=").split(mark)]
