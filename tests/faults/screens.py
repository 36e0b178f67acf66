"""The first screen of a run, and the page that shows those of all failures: tests/faults/README.md."""

import os
import re

from e2e.district import ROOT, TUESDAY, District, Result

README = ROOT / "tests/faults/README.md"


def screen(run: Result) -> tuple[str, str]:
    """The headline and the causes of a run's end; of one that did not begin, what it said."""
    lines = run.out.splitlines()
    begins = next((number for number, line in enumerate(lines) if line.startswith("Riverbend Schools: ")), None)
    if begins is None:
        return "", "\n".join(line for line in lines if not line.startswith("sandbox is up"))
    ends = next(n for n, line in enumerate(lines) if n > begins and re.match(r" +flow +state", line))
    blocks = "\n".join(lines[begins + 2 : ends]).strip("\n").split("\n\n")
    return lines[-1], "\n\n".join(block for block in blocks if block.startswith(("broken", "on hold", "late")))


def shown(name: str, text: str, district: District) -> None:
    """The README shows the screen as it is, but for what is another one each time."""
    block = f"### {name}\n\n```\n{plain(text, district)}\n```\n"
    page = README.read_text()
    if os.environ.get("RENEW_SCREENS"):
        pattern = rf"### {re.escape(name)}\n\n```\n.*?\n```\n"
        new = (
            re.sub(pattern, lambda _: block, page, flags=re.S) if re.search(pattern, page, re.S) else f"{page}\n{block}"
        )
        README.write_text(new)
    assert block in README.read_text()


def plain(text: str, district: District) -> str:
    """Without the folders, ports, times and digests of this run."""
    for found, words in (
        (re.escape(f"{ROOT}/morning"), "morning"),
        (re.escape(f"{district.folder}"), "…"),
        (re.escape(f"{ROOT}"), "…"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:…"),
        (r"192\.0\.2\.1:\d+", "192.0.2.1:…"),
        (r"SHA256:\S+", "SHA256:…"),
        (r"last run,? [\d: -]+", "last run 07:31"),
        (r"refused at [\d-]+ [\d:]+", "refused at 06:10"),
        (r"and \d+ more", "and … more"),
        (r"the first: .*", "the first: …"),  # who met it first, and where, is chance
        (r"before \d{4}-\d\d-\d\d \d\d:\d\d", "before 10:00"),  # hours are granted without end to days of the past
        (r"-[0-9a-f]{16}_\d", "-…"),
        (rf"{TUESDAY}-[0-9a-f]{{12}}", f"{TUESDAY}-…"),
    ):
        text = re.sub(found, words, text)
    return text
