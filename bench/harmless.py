"""Mutants that no test can kill, or need not: by module, what a line becomes (what it was, when it goes), and why."""

HARMLESS: dict[str, dict[str, str]] = {}
