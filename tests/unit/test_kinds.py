"""Another kind of file under the name of a CSV is told as what it is, whatever its bytes look like further on."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.catalogue.contract import Contract
from pipeline.catalogue.schemas import Column
from pipeline.formats.eis_readers import error_report, viewer_report
from pipeline.ground.errors import ContractBroken
from pipeline.inbound import kinds, preparing
from pipeline.inbound.parts import Part

TERMS = Contract((Column("id"), Column("last_name"), Column("street")))
CSV = b"ID,Last_Name,Street\n1,Zanzibar,a\n"


def archive(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(name, CSV)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": ["1"]}), file)
    return file.getvalue()


OTHERS = {
    "gzip": (gzip.compress(CSV), "a gzip file"),
    "bzip2": (bz2.compress(CSV), "a bzip2 file"),
    "xz": (lzma.compress(CSV), "an xz file"),
    "zip": (archive("students.csv"), "a ZIP archive"),
    "xlsx": (archive("[Content_Types].xml"), "an Excel workbook (.xlsx)"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook (.xls)"),
    "pdf": (b'%PDF-1.7\n1 0 obj "x\n', "a PDF"),
    "parquet": (parquet(), "a Parquet file"),
    "html": (b'<!DOCTYPE html>\n<html><body class="x">Zanzibar</body></html>\n', "HTML"),
    "html of a server": (b'\r\n\r\n  <HTML lang="en">\n', "HTML"),
    "html with a mark": ("\ufeff<html><head>".encode(), "HTML"),
    "html in UTF-16": ("<html><body>x".encode("utf-16"), "HTML"),
    "Excel's HTML": (b'<table border="1"><tr><td>ID</td></tr></table>', "HTML"),
    "PHP's error": (b"<br />\n<b>Fatal error</b>:  Uncaught Zanzibar in x.php", "HTML"),
    "a title": (b"<title>Zanzibar</title>", "HTML"),
    "a paragraph": (b"<p>The service is unavailable.</p>\n", "HTML"),
    "html below comments": (b"<!-- Zanzibar -- > -->\n<!-- b\n -->\n<html>", "HTML"),
    "html that says it is XML": (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">', "HTML"),
    "xml below a comment": (b"<?xml version='1.0'?><!-- <html> --><people><p/></people>", "XML"),
    "xml below many comments": (b"<!-- -->" * 300 + b"<people/>", "XML"),
    "xml of names that begin alike": (b"<person><title>Zanzibar</title></person>\n", "XML"),
    "xml": (b'<?xml version="1.0"?>\n<students/>\n', "XML"),
    "json list": (json.dumps([{"id": "1", "last_name": "Zanzibar"}]).encode(), "JSON"),
    "json object": (json.dumps({"error": "Zanzibar"}, indent=1).encode(), "JSON"),
    "empty json": (b"[]\n", "JSON"),
}


def refusal(folder: Path, text: bytes, terms: Contract = TERMS) -> ContractBroken:
    (folder / "students.csv").write_bytes(text)
    with pytest.raises(ContractBroken) as caught:
        preparing.prepare([Part("RSD", folder / "students.csv")], terms, folder / "out.csv")
    assert "Zanzibar" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_file_is_named(tmp_path: Path, kind: str) -> None:
    text, words = OTHERS[kind]
    assert refusal(tmp_path, text).found.startswith(f"file students.csv (RSD): {words}")


@pytest.mark.parametrize("kind", ["gzip", "xlsx", "pdf", "html"])
def test_so_is_a_report_of_the_portal(tmp_path: Path, kind: str) -> None:
    text, words = OTHERS[kind]
    (tmp_path / "Report.csv").write_bytes(text)
    for reader in (viewer_report, error_report):
        with pytest.raises(ContractBroken) as caught:
            reader(tmp_path / "Report.csv", tmp_path / "plain.csv")
        assert words in caught.value.found


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(("mark", "words"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_another_delimiter_is_named_before_quotation_marks(
    tmp_path: Path, mark: str, words: str, *, quoted: bool
) -> None:
    rows = [["ID", "Last_Name", "Street"], ["1", "Zanzibar", 'a "b", c']]
    cells = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] if quoted else row for row in rows]
    refused = refusal(tmp_path, "".join(mark.join(row) + "\n" for row in cells).encode())
    assert "line 1: a first line with none of the feed's columns" in refused.found
    assert f"between {words}" in refused.found
    assert "between commas" in refused.expected


def test_commas_where_tabs_are_expected_are_named(tmp_path: Path) -> None:
    refused = refusal(tmp_path, CSV, Contract(TERMS.columns, delimiter="\t"))
    assert "between commas" in refused.found
    assert "between tabs" in refused.expected


@pytest.mark.parametrize("spare", [1, 3])
def test_empty_columns_at_the_end_are_told_as_excels(tmp_path: Path, spare: int) -> None:
    text = b"".join(line + b"," * spare + b"\n" for line in CSV.splitlines())
    assert f"at the end, as Excel leaves them: {spare})" in refusal(tmp_path, text).found


@pytest.mark.parametrize(
    "text", [CSV, b"[01]Students.ID,[01]Students.Last_Name\n", b'"ID"\n', b"", b"{ID}\n", b"\xff\xfeI\0D\0"]
)
def test_columns_are_no_other_kind(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "in.csv").write_bytes(text)
    assert kinds.of(tmp_path / "in.csv") == ""
