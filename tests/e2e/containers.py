"""Machines that share a district's bucket, warehouse and vendors, and nothing of its disk: namespaces with a root each.

The system's programs, Python, the code and the configuration are there, read only. What the configuration calls copies,
logs and luigid's state is empty at first. Secrets come from the environment.
"""

import configparser
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from e2e import link
from e2e.district import ROOT, District, Result
from pipeline.sandbox import elsewhere

# In the container.
CONFIG, STATE = Path("/etc/morning"), Path("/var/lib/morning")
_CONTAINER = """
set -euo pipefail
root=$1 config=$2 disk=$3 line=$4 ports=$5; shift 5
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root"/{usr,etc/morning,dev,proc,tmp,var/lib/morning,var/lib/line}
mount -t tmpfs tmpfs "$root/tmp"
if [[ -n $disk ]]; then mount --bind "$disk" "$root/var/lib/morning"
else mount -t tmpfs tmpfs "$root/var/lib/morning"; fi
for link in bin lib lib64 sbin; do [[ ! -L /$link ]] || cp -a "/$link" "$root/$link"; done
printf 'root:x:0:0:root:/:/bin/bash\\n' >"$root/etc/passwd"
cp "$config"/* "$root/etc/morning/"
lend() { mkdir -p "$root$1"; mount --bind "$1" "$root$1"; mount -o remount,bind,ro "$root$1"; }
while (($#)) && [[ $1 != -- ]]; do lend "$1"; shift; done
shift
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
[[ -z $line ]] || mount --bind "$line" "$root/var/lib/line"
mount -o remount,ro "$root"
if [[ -n $line ]]; then
    carry=(.venv/bin/python tests/e2e/link.py machine /var/lib/line $ports)
    exec {carries}< <(exec chroot "$root" /usr/bin/env -C "$HERE" "${carry[@]}")
    read -r _ <&"$carries"
fi
exec chroot "$root" /usr/bin/env -C "$HERE" "$@"
"""


class Containers:
    """A district's morning on another machine than its own; its disk is gone when a call has ended, unless `keeps`.

    With `asks` it asks the central scheduler of the district's own machine, else one of its own.
    """

    def __init__(self, district: District, folder: Path, *, keeps: bool = False, asks: bool = False) -> None:
        self._district, self._folder, self._keeps = district, folder, keeps
        self._line: Path | None = None
        (folder / "config").mkdir(parents=True)
        (folder / "disk").mkdir()
        told = configparser.ConfigParser(interpolation=None)
        told.read([ROOT / "luigi.cfg", district.config])
        for section in ("sandbox", "portal"):
            told.remove_section(section)
        told["district"].update(catalogue=f"{ROOT}/pipeline/riverbend", landing=f"{STATE}/landing", logs=f"{STATE}/log")
        told["secrets"] = {"folder": f"{STATE}/no-secrets"}
        told["sftp"]["known_hosts"] = f"{CONFIG}/known_hosts"
        told["scheduler"]["state_path"] = f"{STATE}/luigid/state.pickle"
        if not asks:
            told["core"]["scheduler_port"] = f"{next(elsewhere.free_ports())}"
        with (folder / "config" / "luigi.cfg").open("w") as file:
            told.write(file)
        known_hosts = district.folder / "sandbox" / "known_hosts"
        (folder / "config" / "known_hosts").write_bytes(known_hosts.read_bytes())

    @contextmanager
    def line(self) -> Iterator["Line"]:
        """In the block the machine has a network of its own, and reaches the servers by a line that may be cut."""
        self._line = self._folder / "line"
        self._line.mkdir()
        made = Line(self._line, [*self._district.ports.values()])
        made.mend()
        try:
            yield made
        finally:
            made.cut()
            self._line = None

    @property
    def disk(self) -> Path:
        """What it keeps, where it does."""
        return self._folder / "disk"

    def run_daily(self, *words: str) -> Result:
        """`./run_daily.sh` in a container of its own."""
        with self.start(*words) as container:
            out, _ = container.communicate(timeout=300)
        self._district.results.append(Result(container.returncode, out))
        return self._district.results[-1]

    def start(self, *words: str, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """The same, not waited for; who kills it kills all that is in it."""
        (root := self._folder / "root").mkdir(exist_ok=True)
        lent = {"/usr", sys.base_prefix, str(ROOT), f"{self._district.sftp}/district"}
        secrets = {f"PIPELINE_SECRET_{name.upper()}": value for name, value in self._district.secrets().items()}
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LUIGI_CONFIG_PATH": f"{CONFIG}/luigi.cfg", **secrets}
        line, ports = (f"{self._line}", self._district.ports.values()) if self._line else ("", [])
        disk = f"{self.disk}" if self._keeps else ""
        return subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", *(["--net"] if line else []), "--fork", "--kill-child"),
                *("bash", "-c", _CONTAINER, "container", str(root), str(self._folder / "config"), disk, line),
                *(" ".join(map(str, ports)), *sorted(lent), "--", "./run_daily.sh", *words),
            ],
            env={**environment, "HERE": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )


class Line:
    """What a machine with a network of its own reaches the servers by."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self._words = [sys.executable, link.__file__, "servers", f"{folder}", *map(str, ports)]
        self._process: subprocess.Popen[str] | None = None

    def mend(self) -> None:
        """It carries, if it did not."""
        if self._process is None:
            self._process = subprocess.Popen(self._words, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout
            assert self._process.stdout.readline() == "carries\n"

    def cut(self) -> None:
        """Every connection is reset, and there is no new one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None
