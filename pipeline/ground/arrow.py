"""Arrow, imported when it is first used: of a morning's runs twenty have nothing to do, and need none of it.

    from pipeline.ground.arrow import pa, pacsv, pc

A module that annotates with its types needs `from __future__ import annotations`.
"""

import importlib
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipeline.ground.unused import hidden

__all__ = ["pa", "pacsv", "pc"]


# Milliseconds after which memory that a task's thread has freed goes back. By itself jemalloc waits a second, and so
# holds at once what several feeds had one after the other.
_DECAY = 50


class _Later(ModuleType):
    """A module that is imported when something of it is asked for; what was asked for is kept."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(_imported(self.__name__), name)
        self.__dict__[name] = found
        return found


@cache
def _imported(name: str) -> ModuleType:
    with hidden("numpy"):  # only the pretend district has it
        arrow, wanted = importlib.import_module("pyarrow"), importlib.import_module(name)
    # Arrow's own choice keeps what a large feed took until the end of the run, a fifth of the run's memory. The
    # system's allocator gives it back, too, and takes more of the processor for it (bench/README.md).
    try:
        arrow.set_memory_pool(arrow.jemalloc_memory_pool())
        arrow.jemalloc_set_decay_ms(_DECAY)
    except NotImplementedError:  # not every machine's pyarrow has it
        arrow.set_memory_pool(arrow.system_memory_pool())
    return wanted


if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
else:
    pa, pacsv, pc = map(_Later, ("pyarrow", "pyarrow.csv", "pyarrow.compute"))
