"""BigQuery's stand-in writes a job down when it has ended: to write down that it waits, and that it runs, took a
twentieth of a morning. Until then it is remembered; who asks for it, or for all jobs, hears of it as before."""

import threading
from typing import Any


def remember_jobs() -> None:
    """Once in a process. A job that was under way when the process ended is not known to the next one."""
    from local_bigquery.jobs import store

    save, load, list_, delete = store.save, store.load, store.list_, store.delete
    jobs: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()

    def saved(job: Any) -> Any:
        key = job.jobReference.projectId, job.jobReference.jobId
        if job.status.state != "DONE":
            jobs[key] = job
            return job
        with lock:
            save(job)
            jobs.pop(key, None)
        return job

    def loaded(project: str, job_id: str) -> Any:
        return jobs.get((project, job_id)) or load(project, job_id)

    def listed(*asked: Any) -> Any:
        with lock:
            for job in list(jobs.values()):
                save(job)
        return list_(*asked)

    def deleted(project: str, job_id: str) -> None:
        jobs.pop((project, job_id), None)
        delete(project, job_id)

    store.save, store.load, store.list_, store.delete = saved, loaded, listed, deleted
