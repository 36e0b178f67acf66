"""Which changes of a module no test notices: `python -m bench.mutants [MODULE ...] [--sample N | --all] [--seed S]`.

Each mutant is one change of one module (`mutations.py`), in a copy of the checkout, against the tests that
`mutation_tests.py` names for the module, up to the first that falls. What no test can kill, or need not, is named with
the reason in `harmless.py`. The process ends with 1 when less than 90 % of the others were killed. See README.md.
"""

import argparse
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from bench.harmless import HARMLESS
from bench.mutation_tests import SLOW, TESTS
from bench.mutations import Mutant, mutants, places

ROOT = Path(__file__).parents[1]
LEFT = (".venv", "var", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
# What takes long to import is imported once; each run of the tests is a fork of this process.
HEAVY = "pytest luigi google.cloud.bigquery google.cloud.storage pyarrow.csv pyarrow.compute paramiko rich.console"
ENOUGH = 0.9


@dataclass
class Tally:
    """What became of a module's mutants; `every` is how many there may be."""

    every: int = 0
    killed: int = 0
    harmless: int = 0
    survived: list[Mutant] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The killed ones, of those that are not harmless."""
        return self.killed / max(1, self.killed + len(self.survived))


def main() -> int:
    """Print a line for each survivor as it is found, and a table."""
    words = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    words.add_argument("modules", nargs="*", choices=[*TESTS, []], metavar="MODULE", help=", ".join(TESTS))
    words.add_argument("--sample", type=int, help="so many of each module (25; 5 where the tests start servers)")
    words.add_argument("--all", action="store_true")
    words.add_argument(
        "--quick", action="store_true", help="without the tests that start servers, where others are left"
    )
    words.add_argument("--seed", default="1")
    words.add_argument("--like", default="", help="only those whose line, before or after, holds this text")
    asked = words.parse_args()
    for name in HEAVY.split():
        importlib.import_module(name)
    found: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT))
        for module in asked.modules or TESTS:
            usual = 5 if module in SLOW else 25
            wanted = None if asked.all else asked.sample or usual
            found[module] = judged(copy, module, f"{module} {asked.seed}", wanted, asked)
            print(row(module, found[module]), flush=True)
    killed, left = sum(each.killed for each in found.values()), sum(len(each.survived) for each in found.values())
    print("\n| module | all, about | tried | killed | harmless | survived | killed of the others |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(row(*each) for each in found.items()))
    print(f"killed {killed} of {killed + left}, without the harmless ones: {killed / max(1, killed + left):.0%}")
    return int(killed < ENOUGH * (killed + left))


def row(module: str, tally: Tally) -> str:
    """The module's line of the table."""
    tried = tally.killed + tally.harmless + len(tally.survived)
    counts = (tally.every, tried, tally.killed, tally.harmless, len(tally.survived))
    return f"| `{module}` | {' | '.join(map(str, counts))} | {tally.share:.0%} |"


def judged(copy: Path, module: str, seed: str, wanted: int | None, asked: argparse.Namespace) -> Tally:
    """Run the tests on each mutant of the sample."""
    file = copy / "pipeline" / f"{module}.py"
    source = file.read_text()
    quick = tuple(each for each in TESTS[module] if not each.startswith("tests/integration"))
    trial = believed(copy, (asked.quick and quick) or TESTS[module])
    file.write_text("raise ImportError('a mutant')\n")
    if trial.said() is None:
        sys.exit(f"the tests of {module} do not read it")
    tally = Tally(len(places(source)))
    chosen = (each for each in mutants(source, seed) if asked.like in each.was or asked.like in each.now)
    for mutant in islice(chosen, wanted):
        if (mutant.was if mutant.now in ("", "pass") else mutant.now) in HARMLESS.get(module, {}):
            tally.harmless += 1
            continue
        file.write_text(mutant.code)
        if trial.said() is None:
            tally.survived.append(mutant)
            print(f"pipeline/{module}.py:{mutant.line}\n  - {mutant.was}\n  + {mutant.now}", flush=True)
        else:
            tally.killed += 1
    file.write_text(source)
    return tally


@cache
def believed(copy: Path, tests: tuple[str, ...]) -> "Trial":
    """These tests, which pass as long as nothing is changed."""
    trial = Trial(copy, tests)
    if (said := trial.said(first=True)) is not None:
        sys.exit(f"{' '.join(tests)} fail without a mutant\n{said}")
    return trial


class Trial:
    """Runs of some tests in the copy, each in a fork of this process. A mutant may take several times as long as the
    first run took, which fills the caches of compiled files; then it counts as killed."""

    def __init__(self, copy: Path, tests: tuple[str, ...]) -> None:
        self._copy, self._tests = copy, tests
        self._patience = 1200.0

    def said(self, *, first: bool = False) -> str | None:
        """The end of what pytest said; None when all tests pass."""
        out = self._copy.parent / "out"
        begun = time.monotonic()
        run = multiprocessing.get_context("fork").Process(target=self._run, args=(out, first))
        run.start()
        run.join(self._patience)
        if run.is_alive() and run.pid:
            os.killpg(run.pid, signal.SIGKILL)
        run.join()
        if first:
            self._patience = 30 + 5 * (time.monotonic() - begun)
        return None if run.exitcode == 0 else out.read_text()[-2000:]

    def _run(self, out: Path, first: bool) -> None:
        os.setsid()
        os.dup2(os.open(out, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), 1)
        os.dup2(1, 2)
        os.chdir(self._copy)
        sys.path[:0] = [str(self._copy)]
        sys.dont_write_bytecode = not first  # a file's time tells two mutants of one second not apart
        os.environ |= {"PYTHONPATH": str(self._copy), "PYTHONDONTWRITEBYTECODE": "" if first else "1"}
        pytest = importlib.import_module("pytest")
        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *self._tests]))


if __name__ == "__main__":
    sys.exit(main())
