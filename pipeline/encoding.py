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
_CAPITALS = frozenset(letter for letter in _LETTERS if bytes([letter]).decode("cp1252").isupper())
# Quotation marks, dashes, the ellipsis, bullets, degree, rights, the space that does not break.
_PUNCTUATION = frozenset(b"\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa9\xae\xb0\xb7")
# Also euro, pound, paragraph, ordinals, fractions, guillemets, question and exclamation marks, acute, multiplication.
_USUAL = frozenset({*_LETTERS, *_PUNCTUATION, *b"\x80\xa1\xa3\xa7\xaa\xab\xb4\xba\xbb\xbc\xbd\xbe\xbf\xd7"})
# One in so many may be odd: a capital that a small letter precedes (MacRoman's é reads so), a currency sign in a word.
_ODD = 10
# One run in so many may happen to be UTF-8 in text that is cp1252 (a capital before a closing quotation mark).
_CHANCE = 100


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

    def add(self, run: bytes, before: bytes) -> None:
        """Count a run of bytes beyond ASCII, and the byte that stands before it."""
        try:
            run.decode()
            self.sound += 1
        except UnicodeDecodeError:
            self.broken += 1
        self.characters += len(run)
        in_word = before.isalpha()
        self.odd += sum(byte not in _USUAL for byte in run)
        self.odd += in_word and before.islower() and run[0] in _CAPITALS
        # Four letters beyond ASCII in a row are a word of another script.
        self.odd += len(run) if len(run) > 3 and not set(run) <= _PUNCTUATION else 0


def beyond_ascii(path: Path) -> Beyond:
    """Counts over the whole file, in blocks."""
    found = Beyond()
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = rest + block
            # The last run may go on in the next block; one that is longer than a block is no text, and may be two.
            end = len(text) if len(text) > 2 * BLOCK else len(text.rstrip(_HIGH))
            _count(text[:end], found)
            rest = text[max(0, end - 1) :] if end < len(text) or text[-1:].isascii() else b""
    _count(rest, found)
    return found


_HIGH = bytes(range(0x80, 0x100))


def _count(text: bytes, found: Beyond) -> None:
    for run in _RUN.finditer(text):
        found.add(run[0], text[max(0, run.start() - 1) : run.start()])


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
