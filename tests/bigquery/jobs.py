"""Jobs of the REST: they are inserted, run, waited for and cancelled, and their rows come in pages."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tests.bigquery import changes
from tests.bigquery.estimates import Estimate
from tests.bigquery.rest import RestError, cell
from tests.bigquery.warehouse import Result, Warehouse


@dataclass
class Job:
    """A job, from its insertion to its end."""

    resource: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    result: Result = field(default_factory=lambda: Result([]))
    cursor: duckdb.DuckDBPyConnection | None = None


class Jobs:
    """The jobs of a project; a part of `Server`."""

    def __init__(self, warehouse: Warehouse, *, page_rows: int, buckets: Path | None) -> None:
        self.warehouse, self.page_rows, self.buckets = warehouse, page_rows, buckets
        self.jobs: dict[str, Job] = {}
        self.running = threading.Event()
        """Jobs wait for it: clear it, and they stay under way."""
        self.running.set()
        self.job_fault: Callable[[dict[str, Any]], RestError | None] = lambda _configuration: None

    def insert_job(self, _query: dict[str, str], body: Any, project: str) -> Any:
        given = body.get("jobReference") or {}
        job_id = given.get("jobId") or f"job_{uuid.uuid4()}"
        if job_id in self.jobs:
            raise RestError(409, "duplicate", f"Already Exists: Job {project}:{self.warehouse.location}.{job_id}")
        job = self._job(project, job_id, body["configuration"], given.get("location"))
        return job.resource

    def _job(self, project: str, job_id: str, configuration: dict[str, Any], location: str | None) -> Job:
        kind = next(kind for kind in ("query", "copy", "load", "extract") if kind in configuration)
        resource: dict[str, Any] = {
            "kind": "bigquery#job",
            "id": f"{project}:{self.warehouse.location}.{job_id}",
            "jobReference": {"projectId": project, "jobId": job_id, "location": self.warehouse.location},
            "configuration": {**configuration, "jobType": kind.upper()},
            "status": {"state": "RUNNING"},
            "statistics": {"creationTime": str(self.warehouse.now()), kind: {}},
        }
        job = Job(resource)
        if location is not None and location.upper() != self.warehouse.location:
            raise RestError(404, "notFound", f"Not found: Dataset was not found in location {location}")
        if kind != "query":
            self._keep(job_id, job, lambda: self._other(kind, configuration[kind]))
            return job
        default = (configuration["query"].get("defaultDataset") or {}).get("datasetId")
        change = changes.change_of(self.warehouse, configuration["query"]["query"])
        tree = None if change else self.warehouse.tree(configuration["query"]["query"], default)
        estimate = changes.estimate_of(self.warehouse, change) if change else self.warehouse.estimate(tree)
        statistics = {
            "totalBytesProcessed": str(estimate.bytes), "statementType": change.kind if change else "SELECT",
            "cacheHit": False, "schema": {"fields": estimate.fields},
            "referencedTables": [
                {"projectId": project, "datasetId": d, "tableId": t} for d, t in estimate.tables
            ],
        }  # fmt: skip
        resource["statistics"] |= {"query": statistics, "totalBytesProcessed": str(estimate.bytes)}
        if configuration.get("dryRun"):
            resource["status"] = {"state": "DONE"}
            job.done.set()
            return job
        statistics["totalBytesBilled"] = str(estimate.billed)
        if change is None:  # a result is a table too, of a dataset that nobody sees
            anonymous = {"projectId": project, "datasetId": "_results", "tableId": job_id}
            resource["configuration"]["query"] = {"destinationTable": anonymous, **configuration["query"]}
        self._keep(job_id, job, lambda: self._query(job, configuration["query"], change or tree, estimate))
        return job

    def _keep(self, job_id: str, job: Job, work: Callable[[], None]) -> None:
        self.jobs[job_id] = job

        def run() -> None:
            while not (self.running.wait(0.02) or job.cancelled.is_set()):
                pass
            try:
                if job.cancelled.is_set():
                    raise RestError(400, "stopped", "Job execution was cancelled: User requested cancellation")
                if (fault := self.job_fault(job.resource["configuration"])) is not None:
                    raise fault
                work()
                status: dict[str, Any] = {"state": "DONE"}
            except RestError as error:
                told = {"reason": error.reason, "message": error.message}
                status = {"state": "DONE", "errorResult": told, "errors": [told]}
            except Exception as error:  # noqa: BLE001 - the job must end
                told = {"reason": "invalidQuery", "message": f"{type(error).__name__}: {error}"}
                status = {"state": "DONE", "errorResult": told, "errors": [told]}
            job.resource["statistics"]["endTime"] = str(self.warehouse.now())
            job.resource["status"] = status
            job.done.set()

        threading.Thread(target=run, daemon=True).start()
        if self.running.is_set():
            job.done.wait(10)

    def _query(self, job: Job, config: Mapping[str, Any], tree: Any, estimate: Estimate) -> None:
        limit = config.get("maximumBytesBilled")
        if limit is not None and estimate.billed > int(limit):
            raise RestError(
                400, "bytesBilledLimitExceeded",
                f"Query exceeded limit for bytes billed: {limit}. {estimate.billed} or higher required.",
            )  # fmt: skip
        if isinstance(tree, changes.Change):
            changes.run(self.warehouse, tree)
            return
        target = config.get("destinationTable")
        if target is not None and not target["datasetId"].startswith("_"):
            self.warehouse.write(tree, target["datasetId"], target["tableId"], config)
            job.result = Result(estimate.fields)
            return
        job.cursor = self.warehouse.connection.cursor()
        job.result = self.warehouse.run(tree, job.cursor)

    def _other(self, kind: str, config: Mapping[str, Any]) -> None:
        if kind == "copy":
            sources = config.get("sourceTables") or [config["sourceTable"]]
            target = config["destinationTable"]
            for source in sources:
                self.warehouse.copy(
                    (source["datasetId"], source["tableId"]), (target["datasetId"], target["tableId"]), config
                )
        elif kind == "extract":
            table = config["sourceTable"]
            if config.get("destinationFormat") != "PARQUET":
                raise RestError(400, "invalid", "this server extracts Parquet only")
            for uri in config.get("destinationUris") or [config["destinationUri"]]:
                bucket = self._bucket(uri)
                self.warehouse.extract(table["datasetId"], table["tableId"], bucket.parent)
        else:
            target = config["destinationTable"]
            files = [file for uri in config.get("sourceUris", ()) for file in self._bucket(uri).parent.glob("*")]
            self.warehouse.load(config.get("__files") or files, target["datasetId"], target["tableId"], config)

    def _bucket(self, uri: str) -> Path:
        if self.buckets is None:
            raise RestError(404, "notFound", f"Not found: URI {uri}")
        return self.buckets / uri.removeprefix("gs://")

    def get_job(self, _query: dict[str, str], _body: Any, job: str, **_: str) -> Any:
        return self._find(job).resource

    def list_jobs(self, _query: dict[str, str], _body: Any, **_: str) -> Any:
        return {"jobs": [job.resource for job in self.jobs.values()]}

    def cancel_job(self, _query: dict[str, str], _body: Any, job: str, **_: str) -> Any:
        found = self._find(job)
        found.cancelled.set()
        if found.cursor is not None:
            found.cursor.interrupt()
        found.done.wait(5)
        return {"kind": "bigquery#jobCancelResponse", "job": found.resource}

    def _find(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise RestError(404, "notFound", f"Not found: Job {self.warehouse.project}:{job_id}")
        return self.jobs[job_id]

    def query(self, query: dict[str, str], body: Any, project: str) -> Any:
        config = {key: body[key] for key in ("query", "maximumBytesBilled", "defaultDataset") if key in body}
        configuration = {"query": config, "labels": body.get("labels", {}), "dryRun": body.get("dryRun", False)}
        job = self._job(project, f"job_{uuid.uuid4()}", configuration, body.get("location"))
        return self.results(query | {"maxResults": body.get("maxResults", "")}, None, project, job=job)

    def get_results(self, query: dict[str, str], _body: Any, project: str, job: str) -> Any:
        return self.results(query, None, project, job=self._find(job))

    def results(self, query: dict[str, str], _body: Any, project: str, *, job: Job) -> Any:
        """A page of rows, once the job is done."""
        job.done.wait(min(float(query.get("timeoutMs") or 10_000) / 1000, 1.0))
        answer: dict[str, Any] = {"jobReference": job.resource["jobReference"], "jobComplete": job.done.is_set()}
        if not job.done.is_set():
            return answer
        status = job.resource["status"]
        if "errorResult" in status:
            raise RestError(400, status["errorResult"]["reason"], status["errorResult"]["message"])
        rows, start = job.result.rows, int(query.get("pageToken") or query.get("startIndex") or 0)
        most = self.page_rows if not query.get("maxResults") else min(int(query["maxResults"]), self.page_rows)
        fields = job.result.fields or job.resource["statistics"]["query"]["schema"]["fields"]
        answer |= {
            "schema": {"fields": fields},
            "totalRows": str(len(rows)),
            "rows": [
                {"f": [{"v": cell(value, f)} for value, f in zip(row, fields, strict=True)]}
                for row in rows[start : start + most]
            ],
            "totalBytesProcessed": job.resource["statistics"].get("totalBytesProcessed", "0"),
            "cacheHit": False,
        }
        if start + most < len(rows):
            answer["pageToken"] = str(start + most)
        return answer
