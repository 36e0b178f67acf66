"""A message about a morning: its title, its text, and the same as HTML where somebody reads that.

What a vendor named a file, or a server said, stands in it: in HTML it is escaped, and nothing of it makes a line of
its own in a title or rules a terminal.
"""

import datetime as dt
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.ground import secrets
from pipeline.ground.receivers import Notify
from pipeline.run.causes import Cause
from pipeline.run.notify.news import News
from pipeline.run.report import Report

# So many causes are told, the worst first, and so many names of what one holds up.
CAUSES, NAMES = 10, 8
Tone = Literal["good", "trouble"]


@dataclass(frozen=True)
class Message:
    """`text` has lines; `html` is the same, escaped."""

    title: str
    text: str
    html: str
    tone: Tone


@dataclass(frozen=True)
class _Block:
    """A heading and its lines; a line that can be pasted begins with four blanks."""

    heading: str
    lines: tuple[str, ...] = ()


def made(report: Report, news: News, links: Notify) -> Message:
    """What there is to say of the report."""
    blocks = [*_said(report, news), *_linked(links)]
    tone: Tone = "trouble" if news.causes or news.missed else "good"
    return _message(report.headline, blocks, tone)


def overdue(date: dt.date, words: str, links: Notify) -> Message:
    """What a watch has to say of the morning of the date."""
    blocks = [_Block(_line(words)), *_linked(links)]
    return _message(f"Morning {date}: {words}", blocks, "trouble")


def joined(messages: list[Message]) -> Message:
    """Several as one: what was held back, and what is new. None of them is empty."""
    if not messages[1:]:
        return messages[0]
    last = messages[-1]
    text = "\n\n".join(f"{each.title}\n\n{each.text}" for each in reversed(messages))
    whole = "\n<hr>\n".join(f"<h3>{html.escape(each.title)}</h3>\n{each.html}" for each in reversed(messages))
    tone: Tone = "trouble" if any(each.tone == "trouble" for each in messages) else "good"
    return Message(f"{last.title} (and {len(messages) - 1} more)", text, whole, tone)


def _message(title: str, blocks: list[_Block], tone: Tone) -> Message:
    return Message(secrets.redact(_line(title)), secrets.redact(_text(blocks)), secrets.redact(_html(blocks)), tone)


def _said(report: Report, news: News) -> Iterator[_Block]:
    if news.missed:
        yield _Block(news.missed)
    if news.done:
        yield _Block("All is done.")
    order = {"broken": 0, "on hold": 1, "late": 2}
    causes = sorted(news.causes, key=lambda cause: (cause.name not in news.fresh, order[cause.harm]))
    for cause in causes[:CAUSES]:
        yield _cause(cause, new=cause.name in news.fresh)
    if causes[CAUSES:]:
        yield _Block(f"and {len(causes) - CAUSES} more")
    if news.mended:
        told = [*news.mended[:CAUSES], *([f"and {len(news.mended) - CAUSES} more"] if news.mended[CAUSES:] else [])]
        yield _Block("Mended since:", tuple(f"- {_line(found)}" for found in told))


def _cause(cause: Cause, *, new: bool) -> _Block:
    lines = [f"expected: {cause.expected}"] if cause.expected else []
    lines += [f"next: {cause.do}"] if cause.do else []
    lines += [f"    {_line(command)}" for command in cause.commands if command not in cause.do]
    lines += [f"met by: {_names(cause.met)}"] if cause.met else []
    lines += [f"waits for it: {_names(cause.blocks)}"] if cause.blocks else []
    heading = _line(f"{cause.harm.upper()}: {cause.found}")
    return _Block(heading if new else f"still {heading}", tuple(part for line in lines for part in _lines(line)))


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMES} more" if names[NAMES:] else ""
    return ", ".join(names[:NAMES]) + more


def _linked(links: Notify) -> Iterator[_Block]:
    told = [("page", links.page), ("visualiser", links.visualiser)]
    if lines := tuple(f"{name}: {_line(address)}" for name, address in told if address):
        yield _Block("Look at it:", lines)


def _lines(text: str) -> list[str]:
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> str:
    """One line, without what a terminal or a mail's head obeys."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _text(blocks: Iterable[_Block]) -> str:
    return "\n\n".join("\n".join([block.heading, *block.lines]) for block in blocks)


def _html(blocks: Iterable[_Block]) -> str:
    return "\n".join(_as_html(block) for block in blocks)


def _as_html(block: _Block) -> str:
    heading = f"<p><b>{html.escape(block.heading)}</b>"
    lines = "".join(
        f"<br>\n<code>{html.escape(line.strip())}</code>" if line.startswith("    ") else f"<br>\n{html.escape(line)}"
        for line in block.lines
    )
    return f"{heading}{lines}</p>"
