"""The REST of BigQuery on this machine, for the real client: it tests traffic, not BigQuery's semantics.

`python -m tests.bigquery.server --adopt data/shop.duckdb` serves the tables of a DuckDB file; point a client at it with
BIGQUERY_EMULATOR_HOST.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb
import typer

from tests.bigquery import changes
from tests.bigquery.warehouse import LEGACY, Estimate, RestError, Result, Warehouse, type_of

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass
class Job:
    """A job, from its insertion to its end."""

    resource: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    result: Result = field(default_factory=lambda: Result([]))
    cursor: duckdb.DuckDBPyConnection | None = None


@dataclass
class Fault:
    """An answer that the server gives in place of its own, so many times."""

    method: str
    path: str
    status: int
    reason: str
    times: int = 1


class Server:
    """A BigQuery project on a port of 127.0.0.1, from `start` to `stop`."""

    def __init__(self, warehouse: Warehouse, *, port: int = 0, page_rows: int = 10_000, buckets: Path | None = None):
        self.warehouse, self.page_rows, self.buckets = warehouse, page_rows, buckets
        self.jobs: dict[str, Job] = {}
        self.requests: deque[tuple[str, str, Any]] = deque(maxlen=10_000)
        self.faults: list[Fault] = []
        self.running = threading.Event()
        """Jobs wait for it: clear it, and they stay under way."""
        self.running.set()
        self.job_fault: Callable[[dict[str, Any]], RestError | None] = lambda _configuration: None
        self._uploads: dict[str, dict[str, Any]] = {}
        self._scratch = TemporaryDirectory()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> Server:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._scratch.cleanup()
        self.warehouse.connection.close()

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """The status and the body of an answer."""
        url = urlsplit(target)
        path = unquote(url.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        self.requests.append((method, path, body))
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                error = RestError(fault.status, fault.reason, f"{fault.reason}, as it was asked for")
                return fault.status, error.body()
        try:
            for wanted, pattern, action in _ROUTES:
                found = re.fullmatch(pattern, path)
                if wanted == method and found:
                    return 200, action(self, query, body, **found.groupdict())
            raise RestError(404, "notFound", f"Not found: {method} {path}")
        except RestError as error:
            return error.status, error.body()
        except Exception as error:  # noqa: BLE001 - a status that the client does not try again
            message = f"The test server broke: {type(error).__name__}: {error}"
            return 400, RestError(400, "invalid", message).body()

    # Jobs

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
                {"f": [{"v": _cell(value, f)} for value, f in zip(row, fields, strict=True)]}
                for row in rows[start : start + most]
            ],
            "totalBytesProcessed": job.resource["statistics"].get("totalBytesProcessed", "0"),
            "cacheHit": False,
        }
        if start + most < len(rows):
            answer["pageToken"] = str(start + most)
        return answer

    # Datasets and tables

    def get_dataset(self, _query: dict[str, str], _body: Any, project: str, dataset: str) -> Any:
        name = self.warehouse.dataset(dataset)
        reference = {"projectId": project, "datasetId": name}
        return {"datasetReference": reference, "location": self.warehouse.location, "id": f"{project}:{name}"}

    def list_datasets(self, _query: dict[str, str], _body: Any, project: str) -> Any:
        return {"datasets": [self.get_dataset({}, None, project, name) for name in self.warehouse.datasets()]}

    def insert_dataset(self, _query: dict[str, str], body: Any, project: str) -> Any:
        name = body["datasetReference"]["datasetId"]
        if name in self.warehouse.datasets():
            raise RestError(409, "duplicate", f"Already Exists: Dataset {project}:{name}")
        self.warehouse.connection.cursor().execute(f'CREATE SCHEMA "{name}"')
        return self.get_dataset({}, None, project, name)

    def delete_dataset(self, query: dict[str, str], _body: Any, dataset: str, **_: str) -> Any:
        name = self.warehouse.dataset(dataset)
        if self.warehouse.tables(name) and query.get("deleteContents") != "true":
            raise RestError(400, "resourceInUse", f"Dataset {name} is still in use")
        self.warehouse.connection.cursor().execute(f'DROP SCHEMA "{name}" CASCADE')
        return {}

    def list_tables(self, query: dict[str, str], _body: Any, project: str, dataset: str) -> Any:
        tables = self.warehouse.tables(dataset)
        start = int(query.get("pageToken") or 0)
        most = min(int(query.get("maxResults") or 50), 50)
        answer: dict[str, Any] = {
            "tables": [
                {"tableReference": {"projectId": project, "datasetId": dataset, "tableId": name}, "type": kind}
                for name, kind in tables[start : start + most]
            ]
        }
        if start + most < len(tables):
            answer["nextPageToken"] = str(start + most)
        return answer

    def get_table(self, _query: dict[str, str], _body: Any, project: str, dataset: str, table: str) -> Any:
        said = self.warehouse.said(dataset, table)
        rows, size = self.warehouse.size(dataset, table)
        kept = ("timePartitioning", "clustering", "labels", "description", "expirationTime", "streamingBuffer")
        return {
            "kind": "bigquery#table",
            "id": f"{project}:{dataset}.{table}",
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "schema": {"fields": said["fields"]},
            "type": dict(self.warehouse.tables(dataset))[table],
            "location": self.warehouse.location,
            "numRows": str(rows),
            "numBytes": str(size),
            "creationTime": str(said["created"]),
            "lastModifiedTime": str(said["modified"]),
            **{key: said[key] for key in kept if said.get(key)},
        }

    def insert_table(self, _query: dict[str, str], body: Any, project: str, dataset: str) -> Any:
        name = body["tableReference"]["tableId"]
        kept = ("timePartitioning", "clustering", "labels", "description", "expirationTime")
        said = {"fields": _normal(body["schema"]["fields"]), **{key: body[key] for key in kept if body.get(key)}}
        self.warehouse.create(dataset, name, said)
        return self.get_table({}, None, project, dataset, name)

    def patch_table(self, _query: dict[str, str], body: Any, project: str, dataset: str, table: str) -> Any:
        said = self.warehouse.said(dataset, table)
        if "schema" in body:
            there = {f["name"]: f for f in said["fields"]}
            wanted = _normal(body["schema"]["fields"])
            lost = [name for name in there if name not in {f["name"] for f in wanted}]
            if lost or any(there.get(f["name"], f)["type"] != f["type"] for f in wanted):
                raise RestError(400, "invalid", f"Provided Schema does not match Table {project}:{dataset}.{table}.")
            for f in wanted:
                if f["name"] not in there:
                    self.warehouse.connection.cursor().execute(
                        f'ALTER TABLE "{dataset}"."{table}" ADD COLUMN "{f["name"]}" {_duck(f)}'
                    )
            said["fields"] = wanted
        said |= {key: body[key] for key in ("labels", "description", "expirationTime") if key in body}
        said["modified"] = self.warehouse.now()
        self.warehouse.say(dataset, table, said)
        return self.get_table({}, None, project, dataset, table)

    def delete_table(self, _query: dict[str, str], _body: Any, dataset: str, table: str, **_: str) -> Any:
        self.warehouse.drop(dataset, table)
        return {}

    def list_rows(self, query: dict[str, str], _body: Any, dataset: str, table: str, **_: str) -> Any:
        fields = self.warehouse.said(dataset, table)["fields"]
        start = int(query.get("pageToken") or query.get("startIndex") or 0)
        most = min(int(query.get("maxResults") or self.page_rows), self.page_rows)
        sql = f'FROM "{dataset}"."{table}" LIMIT {most} OFFSET {start}'
        rows = self.warehouse.connection.cursor().execute(sql).fetchall()
        total = self.warehouse.size(dataset, table)[0]
        answer: dict[str, Any] = {
            "totalRows": str(total),
            "rows": [{"f": [{"v": _cell(v, f)} for v, f in zip(row, fields, strict=True)]} for row in rows],
        }
        if start + most < total:
            answer["pageToken"] = str(start + most)
        return answer

    def token(self, _query: dict[str, str], _body: Any) -> Any:
        return {"access_token": "not-a-secret", "expires_in": 3600, "token_type": "Bearer"}

    # Uploads

    def begin_upload(self, body: Any) -> str:
        upload = uuid.uuid4().hex
        self._uploads[upload] = body
        return f"{self.address}/upload/{upload}"

    def end_upload(self, project: str, body: Any, content: bytes) -> Any:
        file = Path(self._scratch.name) / f"{uuid.uuid4().hex}.parquet"
        file.write_bytes(content)
        config = {**body["configuration"], "load": {**body["configuration"]["load"], "__files": [file]}}
        job = self._job(project, (body.get("jobReference") or {}).get("jobId") or uuid.uuid4().hex, config, None)
        job.done.wait(60)
        job.resource["configuration"] = {**body["configuration"], "jobType": "LOAD"}
        return job.resource

    def upload(self, upload: str, content: bytes) -> Any:
        return self.end_upload(self.warehouse.project, self._uploads.pop(upload), content)


def _normal(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns as BigQuery tells them again: INT64 is INTEGER."""
    return [{**f, "type": LEGACY.get(f["type"], f["type"]), "mode": f.get("mode") or "NULLABLE"} for f in fields]


def _duck(column: Mapping[str, Any]) -> str:
    from tests.bigquery.warehouse import _duck_type

    return _duck_type(type_of(column))


def _cell(value: Any, column: Mapping[str, Any], *, inner: bool = False) -> Any:
    """A value as the REST writes it."""
    if column.get("mode") == "REPEATED" and not inner:
        # BigQuery has no array in an array, and shows a null one as empty.
        return [{"v": _cell(each, column, inner=True)} for each in value or ()]
    if value is None:
        return None
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return (
                repr(value)
                if math.isfinite(value)
                else {"inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), "NaN")
            )
        case bytes():
            return base64.b64encode(value).decode()
        case dt.datetime() if column["type"] == "TIMESTAMP":
            moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
            return str((moment - EPOCH) // dt.timedelta(microseconds=1))
        case dt.datetime():
            return value.replace(tzinfo=None).isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
    return str(value)


_P = r"/bigquery/v2/projects/(?P<project>[^/]+)"
_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("POST", rf"{_P}/jobs", Server.insert_job),
    ("GET", rf"{_P}/jobs", Server.list_jobs),
    ("GET", rf"{_P}/jobs/(?P<job>[^/]+)", Server.get_job),
    ("POST", rf"{_P}/jobs/(?P<job>[^/]+)/cancel", Server.cancel_job),
    ("POST", rf"{_P}/queries", Server.query),
    ("GET", rf"{_P}/queries/(?P<job>[^/]+)", Server.get_results),
    ("GET", rf"{_P}/datasets", Server.list_datasets),
    ("POST", rf"{_P}/datasets", Server.insert_dataset),
    ("GET", rf"{_P}/datasets/(?P<dataset>[^/]+)", Server.get_dataset),
    ("DELETE", rf"{_P}/datasets/(?P<dataset>[^/]+)", Server.delete_dataset),
    ("GET", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables", Server.list_tables),
    ("POST", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables", Server.insert_table),
    ("GET", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)", Server.get_table),
    ("PATCH", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)", Server.patch_table),
    ("DELETE", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)", Server.delete_table),
    ("GET", rf"{_P}/datasets/(?P<dataset>[^/]+)/tables/(?P<table>[^/]+)/data", Server.list_rows),
    ("POST", "/token", Server.token),
]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def _content(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def _answer(self) -> None:
            content = self._content()
            if self.path.startswith("/upload/"):
                self._upload(content)
                return
            kind = self.headers.get("Content-Type") or ""
            body = json.loads(content) if content and "json" in kind else None
            self._send(*server.answer(self.command, self.path, body))

        def _upload(self, content: bytes) -> None:
            if self.command == "PUT":
                self._send(200, server.upload(self.path.rsplit("/", 1)[-1], content))
                return
            project = re.search(r"/projects/([^/]+)/", self.path)
            assert project is not None
            server.requests.append((self.command, self.path, None))
            kind = self.headers["Content-Type"]
            if "multipart" in kind:
                message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
                said, data = (part.get_payload(decode=True) for part in message.get_payload())
                self._send(200, server.end_upload(project[1], json.loads(said), data))
            else:
                self._send(200, {}, {"Location": server.begin_upload(json.loads(content))})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    return Handler


def service_account(address: str) -> dict[str, str]:
    """The key of a made-up service account, whose tokens this server gives."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account", "project_id": "local", "private_key_id": "1", "private_key": key.decode(),
        "client_email": "dqx@local.iam.example", "client_id": "1", "token_uri": f"{address}/token",
    }  # fmt: skip


def main() -> None:
    """Serve until the process is ended."""

    def serve(
        port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 9050,
        database: Annotated[str, typer.Option(help="DuckDB file in which the project is kept.")] = ":memory:",
        adopt: Annotated[Path | None, typer.Option(help="DuckDB file whose schema raw_data is copied first.")] = None,
        project: str = "local",
        credentials: Annotated[
            Path | None, typer.Option(help="File to write the key of a made-up service account to.")
        ] = None,
    ) -> None:
        """The REST of BigQuery over DuckDB, on 127.0.0.1."""
        warehouse = Warehouse(database, project)
        if adopt is not None and "raw_data" not in warehouse.datasets():
            warehouse.adopt(adopt)
        server = Server(warehouse, port=port).start()
        lines = [f"export BIGQUERY_EMULATOR_HOST={server.address}", f"export DQX_BIGQUERY_PROJECT={project}"]
        if credentials is not None:
            credentials.write_text(json.dumps(service_account(server.address)))
            lines.append(f"export GOOGLE_APPLICATION_CREDENTIALS={credentials.resolve()}")
        print("\n".join(lines), flush=True)
        threading.Event().wait()

    typer.run(serve)


if __name__ == "__main__":
    main()
