"""The operator's commands: morning <command>. Exit codes as those of a run (pipeline.run.runner)."""

import sys

from pipeline.commands import answers, asking, changing, running, words
from pipeline.ground import secrets, settings
from pipeline.ground.console import leave, say
from pipeline.ground.errors import PipelineError

# Of no configuration, or one that the command looks at itself.
_OF_NONE = (changing.new_district, asking.words, running.doctor)
# What a program reads, and what prints a head of its own.
_WITHOUT_HEAD = (
    asking.today,
    asking.flows,
    asking.dictionary,
    running.run,
    running.status,
    running.watch,
    changing.install,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    said = sys.argv[1:] if arguments is None else arguments
    said, for_luigi = (said[: said.index("--")], said[said.index("--") + 1 :]) if "--" in said else (said, [])
    asked = words.parser(__doc__ or "", for_programs="--json" in said).parse_args(said)
    try:
        if asked.command == running.doctor:  # it prints each line as it is known
            return running.doctor(asked, for_luigi)
        if asked.command not in _OF_NONE:
            asked.date = asked.date or settings.load().today()
            if asked.command not in _WITHOUT_HEAD and not asked.json:
                say(settings.in_force(), error=True)
        return answers.given(asked.command, asked, for_luigi)
    except PipelineError as error:
        return answers.broken(error, as_json=asked.json)


if __name__ == "__main__":
    secrets.guard()
    leave(main())
