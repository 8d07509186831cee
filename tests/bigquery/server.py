"""The REST of BigQuery on this machine, for the real client: it tests traffic, not BigQuery's semantics.

`python -m tests.bigquery.server --adopt data/shop.duckdb` serves the tables of a DuckDB file; point a client at it with
BIGQUERY_EMULATOR_HOST.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote, urlsplit

import typer

from tests.bigquery.jobs import Jobs
from tests.bigquery.rest import RestError
from tests.bigquery.tables import Tables
from tests.bigquery.warehouse import Warehouse


@dataclass
class Fault:
    """An answer that the server gives in place of its own, so many times."""

    method: str
    path: str
    status: int
    reason: str
    times: int = 1


class Server(Jobs, Tables):
    """A BigQuery project on a port of 127.0.0.1, from `start` to `stop`."""

    def __init__(self, warehouse: Warehouse, *, port: int = 0, page_rows: int = 10_000, buckets: Path | None = None):
        super().__init__(warehouse, page_rows=page_rows, buckets=buckets)
        self.requests: deque[tuple[str, str, Any]] = deque(maxlen=10_000)
        self.faults: list[Fault] = []
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
