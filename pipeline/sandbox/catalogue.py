"""What BigQuery's stand-in asks of its catalogue while it translates one statement, it asks once.

Each question reads the whole catalogue, and each mention of a table in a statement is five of them: they took more
than half of the time of a query. `bigquery.py` puts these decorators into its sources.
"""

import contextvars
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_answers: contextvars.ContextVar[dict[str, object] | None] = contextvars.ContextVar("answers", default=None)


def one_statement(translate: Callable[P, T]) -> Callable[P, T]:
    """`translate` changes nothing of the catalogue: what it has learned of it holds until it returns."""

    @wraps(translate)
    def remembering(*args: P.args, **named: P.kwargs) -> T:
        token = _answers.set({})
        try:
            return translate(*args, **named)
        finally:
            _answers.reset(token)

    return remembering


def asked_once(question: Callable[P, T]) -> Callable[P, T]:
    """`question`, and within one statement's translation its first answer."""

    @wraps(question)
    def answer(*args: P.args, **named: P.kwargs) -> T:
        answers = _answers.get()
        if answers is None:
            return question(*args, **named)
        asked = f"{question.__qualname__} {args!r} {named!r}"
        if asked not in answers:
            answers[asked] = question(*args, **named)
        return answers[asked]  # type: ignore[return-value]

    return answer
