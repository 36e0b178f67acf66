"""Chance that falls the same way on every machine and every Python.

Only integer arithmetic, `Random.seed(int)` and `Random.random()` are used: their results are promised not to
change, which those of `choice`, `sample` and `shuffle`, of `hash()` and of a machine's `log` are not.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")
_64_BITS = (1 << 64) - 1


def mix(*parts: int) -> int:
    """64 well stirred bits that depend on every part, and on their order."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = ((state ^ part) * 0xBF58476D1CE4E5B9) & _64_BITS
        state ^= state >> 32
    state = (state * 0x94D049BB133111EB) & _64_BITS
    return state ^ (state >> 29)


def pick(rng: Random, options: Sequence[T]) -> T:
    """One of the options, each equally likely; list an option twice to double its chance."""
    return options[int(rng.random() * len(options))]


def below(rng: Random, limit: int) -> int:
    """A whole number from 0 to limit - 1."""
    return int(rng.random() * limit)
