"""Mutants that no test can kill, or need not: by module, what a line becomes (what it was, if it goes), and why."""

_SIGNED = "the day on which the example's agreement was signed is a remark for people"
HARMLESS: dict[str, dict[str, str]] = {
    "agreements": {
        "signed=dt.date( 2025, 6, 15),": _SIGNED,
        "signed=dt.date( 2027, 7, 1),": _SIGNED,
        "signed=dt.date(2025, 7, 13),": _SIGNED,
        "signed=dt.date(2025, 7, 14),": _SIGNED,
    },
    "contract": {
        "super().__init__(found)": "this text is shown nowhere: pipeline/verdict.py makes ContractBroken of its parts",
    },
    "dialect": {
        "for name, column in zip(rows.schema.names, rows.columns, strict=False):": "a table has a name for each column",
    },
    "encoding": {
        'rest = text[max( 1, end - 1) :] if end < len(text) or text[-1:].isascii() else b""': (
            "differs only in a run of a whole block beyond ASCII, which is no text"
        ),
    },
    "forms": {
        'read = pc.strftime(pc.strptime(iso, format="%Y-%m-%d", unit="s",), format="%Y-%m-%d")': (
            "the pattern lets nothing through that Arrow cannot read"
        ),
    },
}
