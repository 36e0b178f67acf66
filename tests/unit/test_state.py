"""Nothing is remembered on the disk alone: each place of the code that writes there is known, and why it may."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

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
_WRITING = {"write_text", "write_bytes", "mkdir", "touch", "symlink_to", "hardlink_to", "download_to_filename"}
_BY_MODULE = {
    "manifests": {"save", "replace", "folder", "written"},
    "os": {"link", "symlink", "rename", "mkdir"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move"},
    "tempfile": {"NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "mkstemp", "mkdtemp"},
}


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """What is called, of what, and the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            yield owner, node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node


def writes(owner: str, name: str, call: ast.Call) -> bool:
    if name == "open":
        words = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        return "O_CREAT" in ast.unparse(call) or any(re.fullmatch(r"[rbt]*[wax+][bt+]*", mode) for mode in modes)
    return name in _WRITING or name in _BY_MODULE.get(owner, ())


def test_every_place_that_writes_onto_the_disk_is_known() -> None:
    found = {
        f"{file.relative_to(CODE)}"
        for file in CODE.rglob("*.py")
        if file.relative_to(CODE).parts[0] not in OTHERS
        and any(writes(*call) for call in calls(ast.parse(file.read_text())))
    }
    assert found == WRITERS.keys()
