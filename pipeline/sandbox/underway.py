"""BigQuery's stand-in writes a job down when it has ended: to write down that it waits, and that it runs, took a
twentieth of a morning. Until then it is remembered; who asks for it, or for all jobs, hears of it as before. One that
has ended is remembered for a while, too: its end is asked for, and then its rows."""

import threading
from collections import OrderedDict
from typing import Any

ENDED = 500


def remember_jobs() -> None:
    """Once in a process. A job that was under way when the process ended is not known to the next one."""
    from local_bigquery.jobs import store

    save, load, list_, delete = store.save, store.load, store.list_, store.delete
    jobs: dict[tuple[str, str], Any] = {}
    ended: OrderedDict[tuple[str, str], Any] = OrderedDict()
    lock = threading.Lock()

    def saved(job: Any) -> Any:
        key = job.jobReference.projectId, job.jobReference.jobId
        if job.status.state != "DONE":
            jobs[key] = job
            return job
        with lock:
            save(job)
            ended[key] = job
            jobs.pop(key, None)
            if len(ended) > ENDED:
                ended.popitem(last=False)
        return job

    def loaded(project: str, job_id: str) -> Any:
        key = project, job_id
        return jobs.get(key) or ended.get(key) or load(project, job_id)

    def listed(*asked: Any) -> Any:
        with lock:
            for job in list(jobs.values()):
                save(job)
        return list_(*asked)

    def deleted(project: str, job_id: str) -> None:
        with lock:
            delete(project, job_id)
            jobs.pop((project, job_id), None)
            for key in [key for key, job in ended.items() if job_id in (key[1], job.statistics.parentJobId)]:
                del ended[key]

    store.save, store.load, store.list_, store.delete = saved, loaded, listed, deleted
