"""What a file's bytes are believed to be: UTF-8 with a broken byte is no cp1252, and another code page is neither."""

import itertools
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import encoding, preparing
from pipeline.inbound.parts import Part

TERMS = Contract((Column("id"), Column("name")))
NAMES = ("Zoë", "Díaz", "Chloé", "Núñez", "Åström", "O\u2019Brien", "Muñoz", "José", "Peña", "François")


def file(*names: str, codec: str = "utf-8") -> bytes:
    return "".join(["id,name\n", *(f"{number},{name}\n" for number, name in enumerate(names))]).encode(codec)


def prepared(folder: Path, text: bytes, terms: Contract = TERMS) -> dict[str, str]:
    (folder / "in.csv").write_bytes(text)
    return preparing.prepare([Part("RSD", folder / "in.csv")], terms, folder / "out.csv").encodings


def found(folder: Path, text: bytes, terms: Contract = TERMS) -> str:
    with pytest.raises(ContractBroken) as caught:
        prepared(folder, text, terms)
    assert not [name for name in NAMES if name in str(caught.value)]
    return caught.value.found.removeprefix("file in.csv (RSD)")


@pytest.mark.parametrize("block", [7, 8, 9, 64, 1 << 20])
@pytest.mark.parametrize("line", [2, 7, 12])
@pytest.mark.parametrize("byte", [b"\xf1", b"\x92", b"\xe9\xe8", b"\xc3"])
def test_a_byte_that_is_no_utf_8_does_not_make_a_file_cp1252(
    tmp_path: Path, byte: bytes, line: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = file(*NAMES).splitlines()
    rows.insert(line - 1, b"99,Mu" + byte + b"oz")
    (tmp_path / "in.csv").write_bytes(b"\n".join(rows) + b"\n")
    monkeypatch.setattr(encoding, "BLOCK", block)
    assert encoding.of(tmp_path / "in.csv", ",") is None
    monkeypatch.setattr(encoding, "BLOCK", 1 << 20)
    told = found(tmp_path, b"\n".join(rows) + b"\n")
    assert (
        told == f", line {line}: byte 0x{byte[0]:02x}, which is not UTF-8, in a file that is UTF-8 in 11 other places"
    )


@pytest.mark.parametrize("sound", [1, 3, 200])
def test_half_a_file_of_each_is_neither(tmp_path: Path, sound: int) -> None:
    """Two exports in one file, whichever is longer."""
    half = file(*["Núñez"] * 60, codec="cp1252")
    assert "which is not UTF-8" in found(tmp_path, file(*["Zoë"] * sound) + half.partition(b"\n")[2])


def test_the_mark_of_utf_8_is_believed_and_its_line_told(tmp_path: Path) -> None:
    told = found(tmp_path, file(*NAMES, codec="utf-8-sig") + b"10,Mu\xf1oz\n")
    assert told == ", line 12: byte 0xf1, which is not UTF-8"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_are_counted_as_an_editor_does(tmp_path: Path, end: str) -> None:
    rows = file(*NAMES).decode().replace("\n", end).encode()
    assert found(tmp_path, rows + b"10,Mu\xf1oz\n").startswith(", line 12: byte 0xf1")


@pytest.mark.parametrize("names", [NAMES, ("Zoë",), ("K\u20135",), ("Caf\u00e9 \u201cBRAV\u00d3\u201d",), ("3½",)])
@pytest.mark.parametrize("block", [5, 6, 1 << 20])
def test_what_looks_like_cp1252_is_read_as_that(
    tmp_path: Path, names: tuple[str, ...], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.csv").write_bytes(file(*names * 12, codec="cp1252"))
    monkeypatch.setattr(encoding, "BLOCK", block)
    if "Ó" not in names[0]:
        assert encoding.of(tmp_path / "in.csv", ",") == "cp1252"
        monkeypatch.undo()
        assert prepared(tmp_path, file(*names * 12, codec="cp1252")) == {"RSD": "cp1252"}
        assert (tmp_path / "out.csv").read_text() == file(*names * 12).decode()


MAC = (
    *("José", "Peña", "Muñoz", "Núñez", "Ibáñez", "López", "Ramón", "García", "Martínez", "Rodríguez", "Müller"),
    *("Jäger", "Jörg", "Schröder", "Raúl", "Jesús", "Perú", "Zoë", "Noël", "Anaïs", "Benoît", "François", "Håkan"),
    *("André", "Crème", "Sofía", "Åström", "Ñuñoa", "Simón", "González", "Quiñones"),
)


@pytest.mark.parametrize("names", [*((name,) for name in MAC), *itertools.pairwise(MAC)], ids="-".join)
def test_one_name_of_an_old_mac_is_enough(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Each byte means something in cp1252, too; but none stands there in a word of its own."""
    (tmp_path / "in.csv").write_bytes(file(*names, codec="mac_roman"))
    assert encoding.of(tmp_path / "in.csv", ",") is None
    assert found(tmp_path, file(*names, codec="mac_roman"))


@pytest.mark.parametrize("block", [3, 5, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "O\u2019Brien",
            "o\u2019neill",
            "D\u2019Amato",
            "the children\u2019s",
            "don\u2019t",
            "we\u2019ll",
            "they\u2019re",
        ),
        *(
            "I\u2019ve",
            "Ma\u2019am",
            "Ka\u2018imi",
            "Hawai\u2018i",
            "\u2018quoted\u2019",
            "\u201cZoë\u201d",
            "Rock \u2019n\u2019 Roll",
        ),
        *("K\u20135", "9\u201312", "Smith\u2013Jones", "Peña\u2013López", "pushed\u2014then ran", "Unit 1 \u2014 maps"),
        *("Željko", "Žarko", "ŽELJKO", "Dušan", "Saša", "Lebœuf", "Œuvre", "JOSÉ", "PEÑA", "MÜLLER", "Ángel", "Éva"),
        *(
            "5 \u20ac",
            "Word\u2122",
            "\u2022 first",
            "and so on\u2026",
            "½ day",
            "Ærø",
            "Þórr",
            "Straße",
            "Nuñez\u2019s",
        ),
    ],
)
def test_one_word_of_cp1252_is_enough(tmp_path: Path, text: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK", block)
    (tmp_path / "in.csv").write_bytes(file(text, codec="cp1252"))
    assert encoding.of(tmp_path / "in.csv", ",") == "cp1252"


def test_one_run_in_a_hundred_may_be_utf_8_by_chance(tmp_path: Path) -> None:
    """A capital before a closing quotation mark reads as one letter of UTF-8."""
    names = [*["Núñez"] * 120, "\u201cBRAV\u00d3\u201d"]
    assert prepared(tmp_path, file(*names, codec="cp1252")) == {"RSD": "cp1252"}


LETTERS = bytes(code for code in range(0xC0, 0x100) if code not in (0xD7, 0xF7)) + b"\x8a\x8c\x8e\x9a\x9c\x9e\x9f"
# Quotation marks, dashes, the space that does not break, degree, euro, fractions …
SIGNS = (
    b"\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa9\xae\xb0\xb7\x80\xa1\xa3\xa7\xaa\xab\xb4\xba\xbb\xbc\xbd\xbe\xbf\xd7"
)
WORDS = [b"JOS\xc9", b"Jos\xe9", b"d\x92\xc9", b"\xe9" * 3, b"\x93" * 4]


@pytest.mark.parametrize("value", [*(bytes([byte]) for byte in LETTERS + SIGNS), *WORDS])
def test_one_value_of_cp1252_is_enough(tmp_path: Path, value: bytes) -> None:
    (tmp_path / "in.csv").write_bytes(b"id,name\n1," + value + b"\n")
    assert encoding.of(tmp_path / "in.csv", ",") == "cp1252"


# Currency, daggers, accents that stand alone, small figures …
UNUSUAL = b"\xa4\x86\x87\x89\x8b\x9b\x88\x98\xa2\xa5\xa6\xa8\xac\xaf\xb1\xb2\xb3\xb5\xb6\xb8\xb9\xf7\x83"
BROKEN = [b"Jos\xc9", b"z\x8a", b"\xe9" * 4, b"\x93\x93\x93\x93\xe9"]


@pytest.mark.parametrize("value", [*(bytes([byte]) for byte in UNUSUAL), *BROKEN])
def test_what_nobody_types_is_not(tmp_path: Path, value: bytes) -> None:
    """Signs that names and addresses do not have, a capital inside a word, a word without a plain letter."""
    (tmp_path / "in.csv").write_bytes(b"id,name\n1," + value + b"\n")
    assert encoding.of(tmp_path / "in.csv", ",") is None


@pytest.mark.parametrize(
    ("beyond", "cp1252", "utf8"),
    [
        (encoding.Beyond(0, 10, 10, odd=1), True, False),
        (encoding.Beyond(0, 10, 10, odd=2), False, False),
        (encoding.Beyond(0, 10, 9, odd=1), False, False),
        (encoding.Beyond(1, 100, 200), False, True),
        (encoding.Beyond(1, 101, 200), True, False),
        (encoding.Beyond(1, 0, 2), False, True),
        (encoding.Beyond(), True, False),
    ],
)
def test_how_much_may_be_odd_or_chance(beyond: encoding.Beyond, *, cp1252: bool, utf8: bool) -> None:
    assert (beyond.is_cp1252, beyond.is_utf8) == (cp1252, utf8)


@pytest.mark.parametrize("codec", ["cp437", "cp850", "mac_roman", "cp1251", "cp1253", "gbk", "shift_jis", "big5"])
def test_another_code_page_is_not_taken_for_cp1252(tmp_path: Path, codec: str) -> None:
    names = {
        "cp1251": ["Иванова", "Смирнов"],
        "cp1253": ["Παπαδόπουλος", "Νικολάου"],
        "gbk": ["王小明", "李晓华"],
        "shift_jis": ["山田太郎", "鈴木"],
        "big5": ["王小明", "陳大文"],
    }.get(codec, ["Núñez", "José", "Peña", "García", "Zoë", "François"])
    told = found(tmp_path, file(*names, codec=codec))
    assert "cp1252" in told
    assert told.startswith(", line 2: byte 0x") or "neither UTF-8 nor cp1252" in told


@pytest.mark.parametrize("text", [b"\x8f\x1a\x99\xfe" * 50, bytes(range(128, 256)) * 3])
def test_what_is_no_text_is_refused(tmp_path: Path, text: bytes) -> None:
    assert "line 2" in found(tmp_path, b"id,name\n1," + text + b"\n")


# ------------------------------------------------------------------------------------------- what is told costs little

BIG = 6 << 20


@pytest.mark.parametrize(
    "text",
    {
        "no line end": b"a" * BIG,
        "no line end below the header": b"id,name\n1," + b"a" * BIG,
        "short rows and one of too few fields": b"id,name\n" + b"1,b\n" * (BIG // 40) + b"1\n",
        "a value that is never closed": b'id,name\n1,"' + b"a\n" * (BIG // 2),
        "only quotation marks": b'id,name\n1,"' + b'"' * BIG,
        "NUL at the end": b"id,name\n" + b"1,b\n" * (BIG // 4) + b"1,\0\n",
        "no UTF-8 at the end": b"id,name\n" + b"1,b\n" * (BIG // 40) + b"1,\x81\n",
    }.values(),
    ids=lambda text: f"{text[:12]!r}…{text[-6:]!r}",
)
def test_a_refusal_holds_no_more_of_a_file_than_some_blocks(
    tmp_path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 1 << 14)
    (tmp_path / "in.csv").write_bytes(text)
    found(tmp_path, b"id,name\n")  # what is imported for it is not counted
    (tmp_path / "in.csv").write_bytes(text)
    tracemalloc.start()
    try:
        with pytest.raises(ContractBroken):
            preparing.prepare([Part("RSD", tmp_path / "in.csv")], TERMS, tmp_path / "out.csv")
        assert tracemalloc.get_traced_memory()[1] < 900_000
    finally:
        tracemalloc.stop()


MEASURED = """
import resource, sys
from pathlib import Path
from pipeline import catalogue
from pipeline.inbound import parts
from pipeline.inbound import preparing
from pipeline.ground.errors import ContractBroken

terms = catalogue.feeds()["students"].contract

def peak(blocks):
    with (folder / "in.csv").open("wb") as file:
        file.write(",".join(column.name for column in terms.expected).encode() + b"\\n1,")
        file.writelines([block] * blocks)
    try:
        preparing.prepare([parts.Part("RSD", folder / "in.csv")], terms, folder / "out.csv")
    except ContractBroken:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raise AssertionError("a file without a line end was taken")

folder, block = Path(sys.argv[1]), sys.argv[2].encode() * (1 << 20)
print(peak(3), peak(24))
"""


@pytest.mark.parametrize("letter", ["a", '"a'])
def test_a_real_feeds_refusal_takes_no_more_memory_for_a_larger_file(tmp_path: Path, letter: str) -> None:
    """In kB of the whole process, Arrow's too."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path), letter], capture_output=True, text=True, check=True, timeout=120
    )
    small, large = map(int, done.stdout.split())
    assert large < small + 10_000
