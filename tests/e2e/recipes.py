"""The recipes of docs/extend.md, as they stand there."""

import re

from e2e.district import ROOT


def block(name: str) -> str:
    """The code block below `<!-- test: name -->`."""
    found = re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", (ROOT / "docs/extend.md").read_text(), re.S)
    assert found, name
    return found[1]
