"""What a start does without: packages that others import, and of which we use nothing; and the garbage collector. Each
would cost every run a part of its start."""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType


def hidden(*names: str) -> AbstractContextManager[None]:
    """In this block nobody can import these packages, for one that does without them as well; what is imported by then
    stays."""
    return _in_their_place(dict.fromkeys(names))  # None is Python's word for it


def blank(*names: str) -> AbstractContextManager[None]:
    """In this block whoever imports these modules gets ones without anything in them, for one that cannot do without,
    and asks nothing of them; what is imported by then stays."""
    return _in_their_place({name: ModuleType(name) for name in names})


@contextmanager
def _in_their_place(others: Mapping[str, ModuleType | None]) -> Iterator[None]:
    absent = {name: other for name, other in others.items() if name not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)  # another thread, which hid it at the same moment, may have been first


@contextmanager
def uncollected() -> Iterator[None]:
    """In this block, which imports, nobody looks for garbage: what is imported stays. It is not looked through later,
    either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
