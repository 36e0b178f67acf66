"""Nothing is remembered on the disk alone: each place of the code that writes there is known, and why it may."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE = Path(__file__).parents[2] / "pipeline"
# Not of a run: the pretend district, and a new district's first files.
OTHERS = {"sandbox", "riverbend", "scaffold"}
# Each module that writes onto the disk, and what that is.
WRITERS = {
    # a copy of what the bucket has, or what goes there or comes from there
    "ground/manifests.py": "how a file is written",
    "outside/cloud/documents.py": "copies of documents",
    "outside/cloud/storage.py": "what is brought from the bucket",
    "inbound/evidence.py": "copies of landed files",
    "inbound/steps.py": "copies of landed and prepared files; quarantine, whose bytes the bucket has since they landed",
    "inbound/reading.py": "the prepared file, before it is stored",
    "outside/sftp/sftp.py": "a vendor's file, before the bucket has it",
    "outside/sftp/inflight.py": "the same",
    "outside/dropfolder.py": "the same",
    "inbound/reports.py": "a download of the portal, which goes nowhere and does not stay",
    "formats/eis_readers.py": "what is read of one",
    "outbound/exports.py": "a vendor's file, on its way",
    "outbound/giving.py": "the same",
    "outbound/rendering.py": "the same",
    "outside/sftp/trail.py": "how far a push has come, noted in its lease as well",
    "outside/refusals.py": "that a password is about to be sent; the bucket gets what was not let in",
    # what tells this machine's own processes from each other
    "outside/cloud/leases.py": "which machine this is, and its locks",
    "run/notify/books.py": "a lock",
    # what is lost without harm
    "ground/journal.py": "what goes into the history when the run ends",
    "ground/logs.py": "the log",
    "run/page/shelf.py": "pages, which `morning page` makes anew",
    "outside/browser/browser.py": "downloads of the portal, on their way",
    "outside/browser/diagnostics.py": "what a page looked like that nobody knew",
    "outside/browser/leash.py": "the browser's own folder",
    "outside/googlesql/engine.py": "the compiled engine of the checks",
    "outside/cloud/scratch.py": "temporary files",
    "inbound/keys.py": "temporary files",
    "outbound/sorting.py": "temporary files",
    # where somebody says
    "commands/asking.py": "answers, into a folder that a person names",
    "run/page/publishing.py": "pages, into the folder of `publish`",
}
_WRITING = {
    *("write_text", "write_bytes", "mkdir", "touch", "symlink_to", "hardlink_to", "makedirs", "renames", "mknod"),
    *("pwrite", "copyfileobj", "make_archive", "unpack_archive", "extractall", "urlretrieve", "save_screenshot"),
    *("download_to_filename", "download_to_file", "download_blob_to_file", "FileHandler", "RotatingFileHandler"),
    *("CSVWriter", "write_csv", "write_table", "OSFile", "FileIO", "memory_map", "ZipFile", "TarFile"),
    *("NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "SpooledTemporaryFile", "mkstemp", "mkdtemp"),
}
_BY_MODULE = {
    "manifests": {"save", "replace", "folder", "written"},
    "os": {"link", "symlink", "rename", "replace", "truncate"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move"},
    "sqlite3": {"connect"},
    "shelve": {"open"},
    "tarfile": {"open"},
}


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """What is called, of what, and the call: by the names that they have where they come from."""
    named = dict(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            yield named.get(owner, ("", owner))[1], node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield *named.get(node.func.id, ("", node.func.id)), node


def imported(tree: ast.AST) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each name that stands for another one: the module of that, by its last word, and the one itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = (getattr(node, "module", None) or "").rpartition(".")[2]
            yield from ((each.asname or each.name, (module, each.name.rpartition(".")[2])) for each in node.names)


def writes(owner: str, name: str, call: ast.Call) -> bool:
    if name == "open":
        words = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        said = ast.unparse(call)
        by_flags = owner == "os" and not re.search(r"O_(RDONLY|DIRECTORY)\b|os\.devnull", said)
        return "O_CREAT" in said or by_flags or any(re.fullmatch(r"[rbt]*[wax+][bt+]*", mode) for mode in modes)
    return name in _WRITING or name in _BY_MODULE.get(owner, ())


@pytest.mark.parametrize(
    "code",
    [
        "import os as o\no.replace(a, b)",
        "import os\nos.open(path, flags)",
        "from shutil import copyfileobj\ncopyfileobj(a, b)",
        "from shutil import move as moved\nmoved(a, b)",
        "from pipeline.ground.manifests import save\nsave(path, {})",
        "from pipeline.ground import manifests as m\nm.folder(path)",
        "import logging\nlogging.FileHandler(path)",
        "import pyarrow.csv as pacsv\npacsv.write_csv(table, path)",
        "from pathlib import Path\nPath(name).open('ab')",
        "import sqlite3\nsqlite3.connect(path)",
        "import zipfile\nzipfile.ZipFile(path)",
        "blob.download_to_file(file)",
    ],
)
def test_each_way_to_write_is_seen(code: str) -> None:
    assert any(writes(*call) for call in calls(ast.parse(code)))


def test_every_place_that_writes_onto_the_disk_is_known() -> None:
    found = {
        f"{file.relative_to(CODE)}"
        for file in CODE.rglob("*.py")
        if file.relative_to(CODE).parts[0] not in OTHERS
        and any(writes(*call) for call in calls(ast.parse(file.read_text())))
    }
    assert found == WRITERS.keys()
