"""Packages that others import, and of which we use nothing: each would cost every run a part of its start."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """In this block nobody can import these packages, for one that does without them as well; what is imported by then
    stays."""
    absent = {name: None for name in names if name not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]  # None is Python's word for it
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
