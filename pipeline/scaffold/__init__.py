"""A district's own repository: its configuration as questions, and a catalogue of the vendors that it has.

`files/` are the templates. A line `#: with clever savvas` keeps what follows it for a district that has one of these,
`#: with powerschool+clever` for one that has both, `#: with powerschool-clever` for one that has the first alone,
`#: always` for everybody; `rosters` stands for whoever needs the student information system's tables. Views and schemas
are those of the example catalogue beside this folder, without what is that district's own; a view of one server is
written for each of the district's.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pipeline.ground.errors import ConfigurationError, did_you_mean

VENDORS = ("clever", "savvas", "otus", "ellevation", "powerschool", "eis")
ENGINE = Path(__file__).resolve().parents[2]
FILES = Path(__file__).with_name("files")
EXAMPLE = ENGINE / "pipeline/riverbend"
# What each vendor's flows are made of: patterns in the example catalogue.
_NEEDS = {
    "rosters": ("sql/roster_files/[a-z]*.sql",),
    "clever": ("sql/roster_files/Clever_*",),
    "savvas": ("sql/roster_files/SAVVAS_*", "schemas/misc_imports/savvas_*"),
    "otus": ("sql/roster_files/OTUS_*",),
    "ellevation": ("sql/roster_files/Ellevation_*",),
    "powerschool": (
        *("sql/powerschool_imports/RTI_RSD.sql", "sql/powerschool_imports/Homeless_Foster_RSD.sql"),
        *("sql/powerschool_imports/interventions.sql", "sql/powerschool_imports/homeless_foster.sql"),
    ),
    # The Google accounts that Clever has made.
    "powerschool+clever": (
        *("sql/powerschool_imports/GoogleForPSImport_RSD.sql", "sql/powerschool_imports/google_identities.sql"),
        "schemas/misc_imports_restricted/google_students_provisioned.json",
    ),
    "eis": ("sql/eis/*", "schemas/eis/*"),
}
# Names of the example's second server, widths of its numbers and examples of them, and what stands in their place.
_OWN = (
    (r" (?:and|or) (?:\w*_|`)?BLF`?", ""),
    (r'"digits [47], key of', '"key of'),
    (r'"digits [47]"', '"id"'),
    (r"[,:] 7 (?:digits|characters with leading zeros)", ""),
    (r", e\.g\. `(?:0\d+|RT\w+)`", ""),
)


def write(folder: Path, vendors: Collection[str], servers: Sequence[str] = ("SIS",)) -> None:
    """Write the repository into the folder, which is made, or empty; `servers` are the tags of the student information
    system's. Raises ConfigurationError."""
    for name in vendors:
        if name not in VENDORS:
            raise ConfigurationError(
                f"--with names {name}",
                expected=f"some of {','.join(VENDORS)}",
                next_step=did_you_mean(name, VENDORS, "correct the name"),
            )
    if not servers or not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", tag) for tag in servers):
        raise ConfigurationError(
            f"--servers names {','.join(servers) or 'none'}",
            expected="a tag of letters and digits, a letter first, for each server",
            next_step="correct the tags",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is not empty", expected="a new folder, or an empty one", next_step="name another folder"
        )
    chosen = {*vendors, *(("rosters",) if {*vendors} - {"eis"} else ())}
    names = {"gitignore": ".gitignore", "ci_run.sh": ".ci/run", "morning.sh": "morning"}
    for file in sorted(path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        name = f"{file.relative_to(FILES)}"
        text = kept(file.read_text(), chosen).replace("@engine@", f"{ENGINE}")
        if text := text.replace("@servers@", ", ".join(f'"{tag}"' for tag in servers) + "," * (len(servers) == 1)):
            _save(folder / names.get(name, name), text, 0o755 if file.suffix == ".sh" else 0o644)
    for name in ("schemas", "sql"):
        (folder / "catalogue" / name).mkdir()
    _copy(folder / "catalogue", chosen, servers)


def kept(text: str, chosen: Collection[str]) -> str:
    """The lines of a template that are for a district of these vendors."""
    lines, keeping = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith("#: "):
            keeping = line == "#: always\n" or any(_has(chosen, words) for words in line.split()[2:])
        elif keeping:
            lines.append(line)
    return "".join(lines)


def _has(chosen: Collection[str], words: str) -> bool:
    """Whether the district has what `clever`, `powerschool+clever` or `powerschool-clever` says (see above)."""
    return all((name in chosen) == (sign != "-") for sign, name in re.findall(r"([+-]?)(\w+)", words))


def _copy(catalogue: Path, chosen: Collection[str], servers: Sequence[str]) -> None:
    patterns = [pattern for words, needed in _NEEDS.items() if _has(chosen, words) for pattern in needed]
    if "rosters" in chosen:
        patterns += [f"schemas/powerschool_combined/{stem}.json" for stem in _exports(chosen)]
    for file in sorted({file for pattern in patterns for file in EXAMPLE.glob(pattern)}):
        text, there = file.read_text(), catalogue / file.relative_to(EXAMPLE).parent
        for was, now in _OWN:
            text = re.sub(was, now, text)
        if "RSD" in file.name:
            for tag in servers:
                _save(there / file.name.replace("RSD", tag), text.replace("RSD", tag), 0o644)
        else:
            _save(there / file.name, _all_servers(text, servers), 0o644)


def _all_servers(text: str, servers: Sequence[str]) -> str:
    """`RTI_RSD` becomes `RTI_A and RTI_B`, in a text that is of every server."""
    return re.sub(r"(\w*)RSD", lambda found: " and ".join(f"{found[1]}{tag}" for tag in servers), text)


def _exports(chosen: Collection[str]) -> list[str]:
    """The student information system's exports that the district's feeds name."""
    return re.findall(r'powerschool\("(\w+)"', kept((FILES / "catalogue/feeds.py").read_text(), chosen))


def _save(file: Path, text: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
