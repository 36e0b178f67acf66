"""Which encoding a vendor's file has, and whether its quotation marks enclose whole values.

One pass over the bytes; what is found here decides how the file is read, and is written into its manifest.
"""

import codecs
import re
from pathlib import Path

BLOCK = 1 << 20
# Text up to the end of a value in quotation marks that is whole, over and over; {d} is the delimiter.
QUOTED = r'(?:[^"]*+(?<![^{d}\r\n])"[^"]*+(?:""[^"]*+)*+"[{d}\r\n])*+'


def of(path: Path, delimiter: str) -> str | None:
    """The Python codec that reads the whole file: utf-8, utf-8-sig, utf-16 or cp1252; None when none does.

    Vendors' Windows servers send the last three. Bytes that are no UTF-8 are taken for cp1252 when every one of
    them has a meaning there. The quotation marks are looked at in the same pass.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for codec in candidates(start):
        try:
            return codec if _quoted_well(path, delimiter, codec) else None
        except UnicodeDecodeError:
            continue
    return None


def candidates(start: bytes) -> tuple[str, ...]:
    """The codecs that are tried for a file that begins so, in this order."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8-sig",) if start.startswith(codecs.BOM_UTF8) else ("utf-8", "cp1252")


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


def line_ended(path: Path) -> bool:
    """Whether the file's last line has a line end: one without was probably cut."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2))
        last = file.read()
    return last[-1:] in (b"\n", b"\r") or last in (b"\n\0", b"\r\0")
