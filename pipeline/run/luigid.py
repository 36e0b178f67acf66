"""The central scheduler that the wrappers start: Luigi's own luigid, with pages that show the morning of now.

    python -m pipeline.run.luigid --address 127.0.0.1 --port 8082 --state-path var/luigid/state.pickle

When a run begins, what is left of other dates goes from the pages, and so does what had failed or waited: it comes back
if it still does. In the graph a task is named by its parameters, too. Luigi keeps no history here, and its pages of it
are empty (they would ask for a database).
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import luigi
import tornado.web
from luigi import server
from luigi.scheduler import Scheduler
from luigi.setup_logging import DaemonLogging
from luigi.task_history import NopHistory

from pipeline.run.scheduling import MorningScheduler

# What the pages' scripts say, and what they say here: of a task in the graph, which one it is, too; and room for that.
SAYS = {
    "graph": {
        "escapeHtml(node.name)": "[node.name, ...Object.values(node.params)].join(' ')",
        "nodeWidth = 200": "nodeWidth = 320",
        "nodeHeight = 10": "nodeHeight = 16",
    },
    "visualiserApp": {
        '"<span class=name>"+task.name+"</span>"': (
            '"<span class=name>"+escapeHtml([task.name, ...Object.values(task.params)].join(" "))+"</span>"'
        ),
    },
}


class Script(tornado.web.RequestHandler):
    """A script of Luigi's pages, which names tasks in the graph by their parameters too."""

    def get(self, name: str) -> None:
        text = (Path(server.__file__).parent / f"static/visualiser/js/{name}.js").read_text(encoding="utf-8")
        self.set_header("Content-Type", "application/javascript; charset=utf-8")
        for luigis, ours in SAYS[name].items():
            text = text.replace(luigis, ours)
        self.write(text)


def pages(scheduler: Scheduler) -> tornado.web.Application:
    """Luigi's, but for these scripts."""
    application: tornado.web.Application = _LUIGIS_PAGES(scheduler)  # type: ignore[no-untyped-call]
    application.add_handlers(".*", [(rf"/static/visualiser/js/({'|'.join(SAYS)})\.js", Script)])
    return application


_LUIGIS_PAGES = server.app


class NoHistory(NopHistory):
    """Luigi's pages of what has run, without anything that has."""

    @contextmanager
    def _session(self, session: object = None) -> Iterator[None]:
        yield

    def find_all_runs(self, session: object = None) -> list[object]:
        return []

    find_all_events = find_latest_runs = find_all_runs

    def find_all_by_name(self, name: str, session: object = None) -> list[object]:
        return []

    def find_all_by_parameters(self, name: str, session: object = None, **parameters: object) -> list[object]:
        return []

    def find_task_by_id(self, id: str, session: object = None) -> object:
        raise tornado.web.HTTPError(404, reason="no history is kept")

    find_task_by_task_id = find_task_by_id


def main(words: list[str] | None = None) -> None:
    """Serve until a signal ends it; the state is kept in the file."""
    parser = argparse.ArgumentParser(prog="pipeline.run.luigid", description=__doc__)
    for option in ("--address", "--port", "--state-path"):
        parser.add_argument(option, required=True)
    told = parser.parse_args(words, argparse.Namespace(background=False, logdir=None))
    luigi.configuration.get_config().set("scheduler", "state_path", told.state_path)  # type: ignore[no-untyped-call]
    DaemonLogging.setup(told)  # type: ignore[no-untyped-call]
    server.app = pages
    scheduler = MorningScheduler(task_history_impl=NoHistory())
    server.run(api_port=int(told.port), address=told.address, scheduler=scheduler)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
