"""Which encoding a vendor's file has, and whether its quotation marks enclose whole values.

One pass over the bytes; what is found here decides how the file is read, and is written into its manifest.
"""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20
# Text up to the end of a value in quotation marks that is whole, over and over; {d} is the delimiter.
QUOTED = r'(?:[^"]*+(?<![^{d}\r\n])"[^"]*+(?:""[^"]*+)*+"[{d}\r\n])*+'


def of(path: Path, delimiter: str) -> str | None:
    """The Python codec that reads the whole file: utf-8, utf-8-sig, utf-16 or cp1252; None when none does.

    Vendors' Windows servers send the last three. What is no UTF-8 is taken for cp1252 when it looks like that
    (`Beyond.is_cp1252`). The quotation marks are looked at in the same pass.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for codec in candidates(start):
        try:
            if codec == "cp1252" and not beyond_ascii(path).is_cp1252:
                return None
            return codec if _quoted_well(path, delimiter, codec) else None
        except UnicodeDecodeError:
            continue
    return None


def candidates(start: bytes) -> tuple[str, ...]:
    """The codecs that are tried for a file that begins so, in this order."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8-sig",) if start.startswith(codecs.BOM_UTF8) else ("utf-8", "cp1252")


# ---------------------------------------------------------------------------------- what bytes beyond ASCII look like

_RUN = re.compile(rb"[\x80-\xff]+")
# What stands in cp1252 text: its letters (the last six are those below 0xC0), and in these places the punctuation,
# signs and fractions that people type.
_LETTERS = bytes(sorted({*range(0xC0, 0x100), 0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F} - {0xD7, 0xF7}))
_CAPITALS = re.escape(bytes(letter for letter in _LETTERS if bytes([letter]).decode("cp1252").isupper()))
# Quotation marks, dashes, the ellipsis, bullets, degree, rights, the space that does not break.
_PUNCTUATION = frozenset(b"\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa9\xae\xb0\xb7")
# Also euro, pound, paragraph, ordinals, fractions, guillemets, question and exclamation marks, acute, multiplication.
_USUAL = bytes({*_LETTERS, *_PUNCTUATION, *b"\x80\xa1\xa3\xa7\xaa\xab\xb4\xba\xbb\xbc\xbd\xbe\xbf\xd7"})
# One in so many may be odd: a sign that nobody types, or one in a place where it does not stand (`_MISPLACED`).
_ODD = 10
# One run in so many may happen to be UTF-8 in text that is cp1252 (a capital before a closing quotation mark).
_CHANCE = 100


# Letters of MacRoman read as cp1252: José is Jos\x8e, Müller M\x9fller, Peña Pe\x96a, López L\x97pez, García Garc\x92a.
_ANY, _CONSONANT = rb"[A-Za-z\x8a-\x8e\x9a-\x9f\xc0-\xff]", rb"[b-df-hj-np-tv-xz]"
_MISPLACED = re.compile(
    b"|".join(
        (
            rb"(?<=[a-z])[%b]" % _CAPITALS,  # a capital after a small letter
            rb"(?<=[A-Z])[%b](?=[a-z])" % _CAPITALS,  # or between a capital and a small letter
            rb"(?<=[^A-Za-z][A-Za-z])[\x96\x97](?=[a-z])",  # a dash after the first letter of a word
            rb"(?<=%b)[\x96\x97](?=[a-z](?![A-Za-z]))" % _ANY,  # or before its last
            rb"(?<=[aeiou\x9c])\x96(?=[aeiou])",  # or between two vowels
            rb"(?<=[a-z][a-z])\x92(?=[bcfghjknpqwxz][a-z])",  # an apostrophe, and no contraction
            rb"(?<=[a-z]%b)\x92(?=a(?![a-z]))" % _CONSONANT,
            rb"(?<=[A-Za-z])\x91(?![AEIOUaeiou])",  # a quotation mark; the first of these is also Hawaii's letter
            rb"(?<=[A-Za-z])\x93|(?<=[A-Za-z])\x94(?=[a-z])",
            rb"(?<=[a-z])\x95(?=[a-z])|\x99(?=[a-z])|\x80(?=[A-Za-z])",  # a bullet, a trademark, the euro
            rb"(?<=[A-Za-z])\x9c(?![iu])",  # œ, which stands in bœuf and œil
            rb"(?<=(?i:%b))\x9a(?=%b)" % (_CONSONANT, _CONSONANT),  # š between two consonants
        )
    )
)
# So many bytes on each side tell whether a sign is misplaced.
_AROUND = 2


@dataclass
class Beyond:
    """What stands beyond ASCII in a file: runs that are sound UTF-8, runs that are not, characters, odd ones."""

    sound: int = 0
    broken: int = 0
    characters: int = 0
    odd: int = 0

    @property
    def is_cp1252(self) -> bool:
        """Whether a file that is no UTF-8 looks like cp1252, and not like broken UTF-8 or another code page."""
        return self.sound * _CHANCE < max(self.broken, 1) and self.odd * _ODD <= self.characters

    @property
    def is_utf8(self) -> bool:
        """Whether a file that is no UTF-8 was meant to be."""
        return self.sound > 0 and self.sound * _CHANCE >= self.broken

    def add(self, text: bytes, start: int, end: int) -> None:
        """Count the run of bytes beyond ASCII between these places of the text."""
        run = text[start:end]
        try:
            run.decode()
            self.sound += 1
        except UnicodeDecodeError:
            self.broken += 1
        self.characters += len(run)
        self.odd += len(run.translate(None, _USUAL))
        if len(run) > 3 and not set(run) <= _PUNCTUATION:  # a word of another script
            self.odd += len(run)
        else:
            self.odd += sum(found.start() < end for found in _MISPLACED.finditer(text, start, end + _AROUND))


def beyond_ascii(path: Path) -> Beyond:
    """Counts over the whole file, in blocks."""
    found = Beyond()
    rest, counted = b"", 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = rest + block
            rest, counted = _count(text, counted, found, len(text) - _AROUND)
    _count(rest, counted, found, len(rest))
    return found


def _count(text: bytes, counted: int, found: Beyond, until: int) -> tuple[bytes, int]:
    """Count the runs from `counted` on that end by `until`; returns what of the text has to be looked at again, and how
    much of that was counted. One that is longer than a block is no text, and may be two."""
    for run in _RUN.finditer(text, counted):
        if run.end() > until and run.end() - run.start() < BLOCK:
            kept = max(0, run.start() - _AROUND)
            return text[kept:], run.start() - kept
        found.add(text, *run.span())
        counted = run.end()
    kept = max(0, len(text) - _AROUND)
    return text[kept:], len(text) - kept


def _quoted_well(path: Path, delimiter: str, codec: str) -> bool:
    """Whether there is no NUL and every quotation mark encloses a value. Raises UnicodeDecodeError.

    Arrow would take other marks as text, and a value that is never closed as one that ends with the file.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    quoted = re.compile(QUOTED.format(d=re.escape(delimiter)).encode())
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            if codec in ("utf-16", "utf-8-sig"):
                block = text.encode()
            rest = _unmatched(rest + block, quoted)
            if b"\0" in block or len(rest) > 2 * BLOCK:
                return False
        decoder.decode(b"", final=True)
    return b'"' not in _unmatched(rest + b"\n", quoted)


def _unmatched(text: bytes, quoted: re.Pattern[bytes]) -> bytes:
    """What of `text` has to be looked at again when more of the file is known."""
    if b'"' in text and (whole := quoted.match(text)):
        text = text[whole.end() :]
    return text if b'"' in text else text[-1:]


def undecodable(path: Path, codec: str) -> tuple[int, int] | None:
    """The place (in bytes, from 0) and the value of the first byte that the codec cannot read."""
    decoder = codecs.getincrementaldecoder("utf-8" if codec == "utf-8-sig" else codec)()
    place = 0
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            begins = place - len(decoder.getstate()[0])  # of an unfinished character at the end of the last block
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return begins + error.start, error.object[error.start]
            if not block:
                return None
            place += len(block)


def texts(path: Path, codec: str, *, until: int | None = None) -> Iterator[str]:
    """The file's text piece by piece, its line ends LF; of the first `until` bytes only, whatever cannot be read."""
    decoder = codecs.getincrementaldecoder(codec)("strict" if until is None else "ignore")
    lines = io.IncrementalNewlineDecoder(decoder, translate=True)
    left = until if until is not None else path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(min(BLOCK, left)):
            left -= len(block)
            yield lines.decode(block)
        yield lines.decode(b"", final=until is None)


def line_ended(path: Path) -> bool:
    """Whether the file's last line has a line end: one without was probably cut."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2))
        last = file.read()
    return last[-1:] in (b"\n", b"\r") or last in (b"\n\0", b"\r\0")
