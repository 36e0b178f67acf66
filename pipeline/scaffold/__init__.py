"""A district's own repository: its configuration as questions, and a catalogue of the vendors that it has.

`files/` are the templates. A line `#: with clever savvas` keeps what follows it for a district that has one of these,
`#: always` for everybody; `rosters` stands for whoever needs the student information system's tables. Views and schemas
are those of the example catalogue beside this folder, without what is that district's own.
"""

import re
from collections.abc import Collection
from pathlib import Path

from pipeline.ground.errors import ConfigurationError, did_you_mean

VENDORS = ("clever", "savvas", "otus", "ellevation", "powerschool", "eis")
ENGINE = Path(__file__).resolve().parents[2]
FILES = Path(__file__).with_name("files")
EXAMPLE = ENGINE / "pipeline/riverbend"
# What each vendor's flows are made of, beside what its rosters share: patterns in the example catalogue.
_SHARED = ("sql/roster_files/[a-z]*.sql",)
_NEEDS = {
    "clever": ("sql/roster_files/Clever_*", "schemas/misc_imports_restricted/google_students_provisioned.json"),
    "savvas": ("sql/roster_files/SAVVAS_*", "schemas/misc_imports/savvas_*"),
    "otus": ("sql/roster_files/OTUS_*",),
    "ellevation": ("sql/roster_files/Ellevation_*",),
    "powerschool": (
        *("sql/powerschool_imports/RTI_RSD.sql", "sql/powerschool_imports/Homeless_Foster_RSD.sql"),
        *("sql/powerschool_imports/interventions.sql", "sql/powerschool_imports/homeless_foster.sql"),
    ),
    "eis": ("sql/eis/*", "schemas/eis/*"),
}
# Names of the example's servers and widths of its numbers, and what stands for them until the district says its own.
_OWN = (
    (r" (?:and|or) (?:\w*_|`)?BLF`?", ""),
    (r"RSD", "SIS"),
    (r'"digits [47], key of', '"key of'),
    (r'"digits [47]"', '"id"'),
    (r", 7 (?:digits|characters with leading zeros, e\.g\. `\d+`)", ""),
)


def write(folder: Path, vendors: Collection[str]) -> None:
    """Write the repository into the folder, which is made, or empty. Raises ConfigurationError."""
    for name in vendors:
        if name not in VENDORS:
            raise ConfigurationError(
                f"--with names {name}",
                expected=f"some of {','.join(VENDORS)}",
                next_step=did_you_mean(name, VENDORS, "correct the name"),
            )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is not empty", expected="a new folder, or an empty one", next_step="name another folder"
        )
    chosen = {*vendors, *(("rosters",) if {*vendors} - {"eis"} else ())}
    names = {"gitignore": ".gitignore", "ci_run.sh": ".ci/run", "morning.sh": "morning"}
    for file in sorted(path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        name = f"{file.relative_to(FILES)}"
        if text := kept(file.read_text(), chosen).replace("@engine@", f"{ENGINE}"):
            _save(folder / names.get(name, name), text, 0o755 if file.suffix == ".sh" else 0o644)
    for name in ("schemas", "sql"):
        (folder / "catalogue" / name).mkdir()
    _copy(folder / "catalogue", chosen)


def kept(text: str, chosen: Collection[str]) -> str:
    """The lines of a template that are for a district of these vendors."""
    lines, keeping = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith("#: "):
            keeping = line == "#: always\n" or not {*line.split()[2:]}.isdisjoint(chosen)
        elif keeping:
            lines.append(line)
    return "".join(lines)


def _copy(catalogue: Path, chosen: Collection[str]) -> None:
    patterns = [*(pattern for name in chosen for pattern in _NEEDS.get(name, ()))]
    if "rosters" in chosen:
        patterns += [*_SHARED, *(f"schemas/powerschool_combined/{stem}.json" for stem in _exports(chosen))]
    for file in sorted({file for pattern in patterns for file in EXAMPLE.glob(pattern)}):
        text = file.read_text()
        for was, now in _OWN:
            text = re.sub(was, now, text)
        _save(catalogue / file.relative_to(EXAMPLE).parent / file.name.replace("RSD", "SIS"), text, 0o644)


def _exports(chosen: Collection[str]) -> list[str]:
    """The student information system's exports that the district's feeds name."""
    return re.findall(r'powerschool\("(\w+)"', kept((FILES / "catalogue/feeds.py").read_text(), chosen))


def _save(file: Path, text: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
