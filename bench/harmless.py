"""Mutants that no test can kill, or need not: by module, what a line becomes (what it was, if it goes), and why."""

_SIGNED = "the day on which the example's agreement was signed is a remark for people"
_FIGURE = "a figure that is somebody's choice, one beside it: a longer or shorter wait, and nothing else"
_ASKED = "asked by another file of the set as well, and the set goes as a whole"
HARMLESS: dict[str, dict[str, str]] = {
    "riverbend/agreements": {
        "signed=dt.date( 2025, 6, 15),": _SIGNED,
        "signed=dt.date( 2027, 7, 1),": _SIGNED,
        "signed=dt.date(2025, 7, 13),": _SIGNED,
        "signed=dt.date(2025, 7, 14),": _SIGNED,
    },
    "catalogue/contract": {
        "super().__init__(found)": "this text is shown nowhere: inbound/verdict.py makes ContractBroken of its parts",
    },
    "catalogue/dialect": {
        "for name, column in zip(rows.schema.names, rows.columns, strict=False):": "a table has a name for each column",
    },
    "inbound/encoding": {
        'rest = text[max( 1, end - 1) :] if end < len(text) or text[-1:].isascii() else b""': (
            "differs only in a run of a whole block beyond ASCII, which is no text"
        ),
    },
    "catalogue/feed": {
        "due: dt.time = dt.time(6, 31)": _FIGURE,
    },
    "riverbend/feeds": {'powerschool("sections", floor= 6),': "a floor that is one higher is as good a guess"},
    "outside/sftp/inflight": {
        'with file.open("rb",) as source:': "reads ahead in blocks of its own: the same bytes",
        "READ = 255 * 1023": "the size of a request: a server may answer with less anyway",
        "while not self._waiting and self._client.sock.recv_ready():  # what has come already, all at once": (
            "one answer a round: the same bytes a little later, which bench.sftp measures"
        ),
    },
    "formats/powerschool": {"same=(terms.same_students,),": _ASKED},
    "run/runner": {
        "for _ in range( 3):  # passes of Luigi": "a third restart in one run: the next run goes on",
    },
    "outside/cloud/storage": {
        "return Stored(name, int(blob.generation or -1), int(blob.size or 0), dict(blob.metadata or {}))": (
            "the bucket tells the generation of each object"
        ),
    },
    "outside/sftp/vendor": {
        "attempts: int = 4": _FIGURE,
        "attempts: int = 2": _FIGURE,
    },
    "riverbend/vendors": {'Vendor("clever", within= 239, agreement="Riverbend-Clever data agreement 2026"),': _FIGURE},
    "catalogue/forms": {
        'read = pc.strftime(pc.strptime(iso, format="%Y-%m-%d", unit="s",), format="%Y-%m-%d")': (
            "the pattern lets nothing through that Arrow cannot read"
        ),
    },
}
