"""A district that `new-district` has made, its questions answered, with stand-ins for the servers that it names.

It is met from outside, as whoever runs it would: its own wrappers as processes, its own configuration, which does not
say that anything is pretended. Only the addresses are those of stand-ins, which a configuration of ours starts.
"""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from e2e import juniper
from e2e.district import ROOT, Result
from e2e.warmth import translated, warm
from pipeline.sandbox import elsewhere, translations
from pipeline.sandbox.supervisor import WARM

PROJECT = "juniper-flats-data"
FACTS = {
    "savvas_district_code": "JUNIPER97",
    "district_name": "Juniper Flats School District",
    "district_street": "1 Rimrock Way",
    "district_city": "Juniper Flats",
    "district_state": "OR",
    "district_zip": "97990",
    "district_phone": "555-0170",
}
# What `check` says of a column that the paper has to list.
_UNLISTED = re.compile(r": (\S+) of \w+ has (.*), which (\w+) does not list$", re.M)


class Made:
    """A district's repository, `folder`/repository; all else that it needs lies beside it."""

    def __init__(self, folder: Path, engine: Path = ROOT) -> None:
        self.folder, self.repository = folder, folder / "repository"
        self._engine = engine
        free = elsewhere.free_ports()
        self.ports = {name: next(free) for name in ("storage", "bigquery", "luigid")}
        self._free = free

    # ---------------------------------------------------------------------------------- what a person does, once

    def make(self, vendors: str, *more: str, paths: str = "") -> None:
        """`new-district`, by the engine's own code; `paths` begins the paths of its luigi.cfg."""
        self.call(self._engine, "-m", "pipeline", "new-district", f"{self.repository}", "--with", vendors, *more)
        self.answer_configuration(paths)
        self.answer_catalogue()

    def answer_configuration(self, paths: str) -> None:
        """Every value that luigi.cfg asks for, and where the clouds and the scheduler are."""
        config = self.repository / "luigi.cfg"
        answers = {
            "district": {"name": "Juniper Flats", "timezone": juniper.ZONE.key, "project": PROJECT, "location": "US"},
            "secrets": {"folder": f"{paths}secrets"},
            "sftp": {"known_hosts": f"{paths}known_hosts"},
        }
        answers["district"] |= {"bucket": "juniper-flats-morning", "landing": f"{paths}var/landing"}
        answers["district"] |= {"drop": f"{paths}var/drop", "logs": f"{paths}var/log"}
        for name in re.findall(r"^\[sftp:(\w+)\]", config.read_text(), re.M):
            self.ports[name] = next(self._free)
            user = f"juniper-{name.replace('_', '-')}"
            answers[f"sftp:{name}"] = {"host": "127.0.0.1", "port": f"{self.ports[name]}", "user": user}
        answer(config, answers)
        with config.open("a") as more:
            more.write(
                f"\n[cloud]\nstorage_endpoint = http://127.0.0.1:{self.ports['storage']}\n"
                f"bigquery_endpoint = http://127.0.0.1:{self.ports['bigquery']}\n"
                f"\n[core]\nscheduler_port = {self.ports['luigid']}\n"
            )

    def answer_catalogue(self) -> None:
        """The facts, the terms, and each agreement, of which `check` says what it has to list."""
        there = self.repository / "catalogue"
        facts = there / "facts.py"
        facts.write_text(re.sub(r'"(\w+)": ""', lambda asked: f'"{asked[1]}": "{FACTS[asked[1]]}"', facts.read_text()))
        if 'SERVERS = ("SIS",)' in (there / "terms.py").read_text():
            replaced(there / "terms.py", 'SERVERS = ("SIS",)', f'SERVERS = ("{juniper.SERVER}",)')
        number = 'NUMBER = Form("JF, four digits and a letter", r"' + juniper.NUMBER + '")'
        replaced(there / "terms.py", r'NUMBER = Form("an id without blanks", r"\S+")', number)
        replaced(there / "terms.py", "state_id=NUMBER", r'state_id=Form("OR- and digits", r"OR-\d+")')
        papers = there / "agreements.py"
        papers.write_text(
            papers.read_text()
            .replace("signed=None", "signed=dt.date(2025, 7, 1)")
            .replace("from pipeline", "import datetime as dt\n\nfrom pipeline", 1)
        )
        listed: dict[str, dict[str, str]] = {}
        for file, columns, paper in _UNLISTED.findall(self.check().out):
            listed.setdefault(paper, {})[file] = columns.replace(",", "")
        for paper, files in listed.items():
            text = papers.read_text()
            row = re.search(rf'Agreement\("{paper}", .*columns={{}}\)', text)
            assert row, text
            papers.write_text(text.replace(row[0], row[0].replace("columns={}", f"columns={files!r}")))

    # ------------------------------------------------------------------------------------------- what is done daily

    @property
    def environment(self) -> dict[str, str]:
        """Of nobody's configuration: its own wrappers name it."""
        words = {name: word for name, word in os.environ.items() if name != "LUIGI_CONFIG_PATH"}
        return words | {"MORNING_ENGINE": f"{ROOT}", WARM: warm(), translations.SHARED: translated()}

    def run(self, *words: str) -> Result:
        """A program of the repository's, called from a folder that is nobody's."""
        return self._done([f"{self.repository / words[0]}", *words[1:]], self.folder, self.environment)

    def check(self) -> Result:
        return self.run(".ci/run")

    def call(self, code: Path, *words: str, config: Path | None = None) -> Result:
        """Python on the engine's code of a folder; it must succeed."""
        environment = self.environment | ({"LUIGI_CONFIG_PATH": f"{config}"} if config else {})
        done = self._done([f"{ROOT}/.venv/bin/python", *words], code, environment)
        assert done.code == 0, done.out
        return done

    def _done(self, words: list[str], folder: Path, environment: Mapping[str, str]) -> Result:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return Result(done.returncode, done.stdout)

    # ----------------------------------------------------------------------------------------------- its stand-ins

    @contextlib.contextmanager
    def servers(self) -> Iterator[None]:
        """The stand-ins of its clouds and vendors run, and nothing of it runs afterwards."""
        config = self.folder / "stand-ins.cfg"
        own = (self.repository / "luigi.cfg").read_text()
        here = re.sub(
            r"^(catalogue|landing|drop|logs|folder|known_hosts) = (?!/)", rf"\1 = {self.repository}/", own, flags=re.M
        )
        config.write_text(f"{here}\n[sandbox]\nenabled = true\ndata = {self.folder}/stand-ins\n")
        try:
            self.call(ROOT, "-m", "pipeline.sandbox", "up", config=config)
            yield
        finally:
            self.call(ROOT, "-m", "pipeline.sandbox", "down", config=config)
            for file in self.folder.rglob("luigid.pid"):
                end(int(file.read_text()))

    def root(self, vendor: str) -> Path:
        """What a vendor's server serves."""
        return self.folder / "stand-ins/sftp" / vendor

    def rows(self, table: str) -> set[tuple[object, ...]]:
        """The rows of dataset.table; equal rows are one."""
        client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": f"http://127.0.0.1:{self.ports['bigquery']}"},
        )
        with contextlib.closing(client):
            return {tuple(row.values()) for row in client.list_rows(f"{PROJECT}.{table}")}


def replaced(file: Path, was: str, now: str) -> None:
    text = file.read_text()
    assert text.count(was) == 1, f"{was} in {file}"
    file.write_text(text.replace(was, now))


def answer(config: Path, answers: dict[str, dict[str, str]]) -> None:
    """Write a value behind each `name =` that stands there without one, or over the one that stands there."""
    section, lines = "", []
    for line in config.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        name = line.partition(" =")[0]
        if " =" in line and not line.startswith("#") and name in answers.get(section, {}):
            line = f"{name} = {answers[section].pop(name)}"
        lines.append(line)
    assert not any(answers.values()), f"{config} does not ask for {answers}"
    config.write_text("\n".join(lines) + "\n")


def end(pid: int) -> None:
    """End a central scheduler that a run has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if "luigid" in " ".join(process.cmdline()):
            process.send_signal(signal.SIGKILL)
