"""The configuration's files: which of them are in force, and what they say.

One file is the district's: the one that LUIGI_CONFIG_PATH names, else /etc/morning/luigi.cfg, else the pretend
district's luigi.cfg in the pipeline's folder. What it leaves out is a default of the engine, which stands in
settings.py, or a question: nothing of another district ever stands in for it. Only the file of a further copy of the
pretend district ([sandbox] enabled = true, and no catalogue of its own) is laid over the first one's. Luigi's own
sections ([core], [worker] and so on) are the same for every district and stand in luigi.cfg of the pipeline's folder,
where Luigi looks for them.

The standard library reads them: the operator's commands must answer without importing Luigi.
"""

import configparser
import contextlib
import os
import re
from pathlib import Path

from pipeline.ground import masking
from pipeline.ground.errors import ConfigurationError

# What is a path; relative ones are relative to the file that says them.
PATHS = (
    *(("district", key) for key in ("catalogue", "drop", "landing", "logs")),
    *(("secrets", "folder"), ("sftp", "known_hosts"), ("sandbox", "data"), ("scheduler", "state_path")),
)
# A path, or a word: the name of a feed, or of the bucket.
OR_WORDS = (("district", "calendar"), ("report", "publish"))

# Where a machine's one district is configured.
MACHINES = Path("/etc/morning/luigi.cfg")
# The pretend district's file, and Luigi's own sections.
PRETEND = Path(__file__).resolve().parents[2] / "luigi.cfg"


def own() -> Path | None:
    """The file that was named for this process, or that this machine has; None is the pretend district."""
    if named := os.environ.get("LUIGI_CONFIG_PATH"):
        return Path(named)
    return MACHINES if MACHINES.is_file() else None


def files() -> list[Path]:
    """The district's configuration files in the order in which they are read: one, or two of a pretend district."""
    found = own()
    if found is None or found.resolve() == PRETEND:
        return [PRETEND]
    parser = parsed(found)
    pretends = os.path.expandvars(parser.get("sandbox", "enabled", fallback="no")).lower()
    # A word that says neither is refused when it is read.
    if parser.has_option("district", "catalogue") or not parser.BOOLEAN_STATES.get(pretends, True):
        return [found]
    return [PRETEND, found]


def luigis_files() -> list[Path]:
    """The files of Luigi's own sections, in Luigi's own order."""
    found = own()
    return [Path("/etc/luigi/luigi.cfg"), PRETEND, *([found] if found else [])]


def scheduler_state() -> str:
    """Luigi's own `[scheduler] state_path`, where luigid keeps what it knows; '' where the district says none."""
    pretends = PRETEND in files()
    said = parsed(*(file for file in luigis_files() if pretends or file != PRETEND))
    return os.path.expandvars(said.get("scheduler", "state_path", fallback=""))


def parsed(*read: Path) -> configparser.ConfigParser:
    """What the files say, each laid over the one before. Raises ConfigurationError."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        for file in read:
            one = configparser.ConfigParser(interpolation=None)
            with contextlib.suppress(FileNotFoundError), file.open(encoding="utf-8") as lines:
                one.read_file(lines, str(file))
            _from_here(one, file)
            parser.read_dict(one)
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(
            f"a configuration file that cannot be read: {str(error).splitlines()[0]}",
            expected="sections, and lines of `name = value`",
            next_step=f"correct {' or '.join(map(str, read))}",
        ) from None
    return parser


def environment(text: str, where: str) -> str:
    """Replace ${NAME} by the environment's value, as Luigi does in its own sections."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigurationError(
                f"{where} names ${{{match[1]}}}, which is not set",
                expected="an environment variable of that name",
                next_step=f"export {match[1]} before the run, or write the value into the file",
            )
        return os.environ[match[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)


def _from_here(parser: configparser.ConfigParser, file: Path) -> None:
    """Make the paths that `file` says absolute: they are relative to it, wherever a run stands.

    A run stands in the folder of the pretend district's own file: messages tell its paths as short as they are there.
    """
    paths = (*PATHS, *OR_WORDS, *((name, "key") for name in parser.sections() if name.startswith("sftp:")))
    for section, key in paths if file.resolve() != PRETEND else [("district", "catalogue")]:
        said = parser.get(section, key, fallback="")
        if (section, key) in OR_WORDS and re.fullmatch(r"\w*", said):
            continue
        if said and not Path(environment(said, f"[{section}] {key}")).is_absolute():
            parser.set(section, key, str(file.absolute().parent / said))
            masking.name((said,))  # a path of ours also as it stands there
