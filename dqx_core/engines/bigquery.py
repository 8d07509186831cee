"""The warehouse engine: BigQuery, where rows stay; what comes back is a row of aggregates per partition."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dqx_core.engines.base import Estimate
from dqx_core.engines.jobs import EngineJob, current_labels, record
from dqx_core.errors import DefinitionError, EngineError, NotRunError

if TYPE_CHECKING:
    import pyarrow as pa
    from google.api_core import exceptions
    from google.api_core.retry import Retry
    from google.cloud import bigquery
    from google.cloud.bigquery_storage import BigQueryReadClient
    from sqlglot import exp

NAME = "BigQuery"
MIB = 2**20
"""What bytes are billed by, ten at least for each table of a statement."""
LARGE = 10_000
"""Rows from which on a result is large: a page or two of REST's."""
_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


class BigQuery:
    """Runs statement trees as jobs of a project.

    Every statement is estimated by a dry run first, which costs nothing. Jobs carry the labels of the recording that
    is open (see `dqx_core.engines.jobs`) and run where the dataset that they read is. A job that is waited for is
    cancelled when the wait is interrupted.

    Args:
        client: The client to use, or what makes one when it is first needed. None: one with the application's
            default credentials.
        project: The project that runs and pays for jobs, for a client that is made here.
        location: Where jobs run; None: where the dataset is that they read.
        maximum_bytes_billed: A statement that would read more is refused before it runs.
        labels: Of every job, beside its own.
        storage_api: Fetch results of ten thousand rows and more through the BigQuery Storage API, which is faster
            when they are many: True, or what makes a client of it. All others come through REST.
        patience: For how many seconds a call is tried again while the service does not answer. None: as long as the
            client does, ten minutes and more.
    """

    dialect = "bigquery"

    def __init__(
        self,
        client: bigquery.Client | Callable[[], bigquery.Client] | None = None,
        *,
        project: str | None = None,
        location: str | None = None,
        maximum_bytes_billed: int | None = None,
        labels: Mapping[str, str] | None = None,
        storage_api: bool | Callable[[], BigQueryReadClient] = False,
        patience: float | None = None,
    ) -> None:
        if maximum_bytes_billed is not None and maximum_bytes_billed < 1:
            raise DefinitionError(f"maximum_bytes_billed is {maximum_bytes_billed}. Give a number of bytes above 0.")
        if not _installed("google.cloud.bigquery"):
            raise DefinitionError("BigQuery needs Google's client: pip install 'dqx-dagster[bigquery]'")
        self.maximum_bytes_billed = maximum_bytes_billed
        self._given, self._project, self._location = client, project, location
        self._extra, self._storage_api, self._patience = _checked(labels or {}), storage_api, patience
        self._ready: bigquery.Client | None = None
        self._locations: dict[str, str | None] = {}
        self._statements: deque[str] = deque(maxlen=10_000)
        self._jobs: deque[EngineJob] = deque(maxlen=10_000)
        self._lock = threading.RLock()

    @property
    def client(self) -> bigquery.Client:
        """The client, made on first use."""
        from google.cloud import bigquery

        with self._lock, self.speaking("open a client"):
            if self._ready is None:
                given = self._given
                if given is None:
                    self._ready = bigquery.Client(project=self._project, location=self._location)
                else:
                    self._ready = given if isinstance(given, bigquery.Client) else given()
            return self._ready

    @property
    def project(self) -> str:
        """The project that runs jobs, and whose tables need not name it."""
        return str(self.client.project)

    @property
    def statements(self) -> Sequence[str]:
        return tuple(self._statements)

    @property
    def jobs(self) -> Sequence[EngineJob]:
        """The jobs it ran to their end, oldest first; the last ten thousand."""
        return tuple(self._jobs)

    def run(self, tree: exp.Expr) -> pa.Table:
        if self._storage_api:
            _need_storage_library()
        sql = self.text(tree)
        with self.running(sql, tree) as (job, _):
            rows = job.result(**self.patiently(job_retry=True))
            large = bool(self._storage_api) and (rows.total_rows or 0) >= LARGE
            # Both said always: with its package installed, the client dials the Storage API unless it is told not to.
            table: pa.Table = rows.to_arrow(
                bqstorage_client=self._reader if large else None,
                create_bqstorage_client=large and self._storage_api is True,
            )
            return table

    @cached_property
    def _reader(self) -> BigQueryReadClient | None:
        """The Storage API client that was asked for; None: the client makes one for each result, or none."""
        return None if isinstance(self._storage_api, bool) else self._storage_api()

    def schema(self, tree: exp.Query) -> Mapping[str, str]:
        return self.estimate(tree).schema

    def estimate(self, tree: exp.Expr) -> Estimate:
        """What a statement would read and give, by a dry run.

        Raises:
            EngineError: BigQuery refuses the statement; the message holds its reason.
        """
        from google.cloud import bigquery

        sql = self.text(tree)
        config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, labels=self.labels())
        with self.speaking("check a statement", sql):
            job = self.client.query(
                sql, job_config=config, location=self.location_of(tree), **self.patiently(), job_retry=None
            )
            read, tables = int(job.total_bytes_processed or 0), len(job.referenced_tables)
            billed = max(-(-read // MIB), 10 * max(1, tables)) * MIB if read else 0
            return Estimate(read, {f.name: type_name(f) for f in job.schema or ()}, billed)

    @contextmanager
    def running(self, sql: str, tree: exp.Expr, **config: Any) -> Iterator[tuple[bigquery.QueryJob, Estimate]]:
        """A query job under way, to be waited for inside; refused if it would read more than it may.

        Raises:
            NotRunError: It would, or BigQuery is out of reach.
            EngineError: BigQuery refused the statement.
        """
        from google.cloud import bigquery

        estimate = self.estimate(tree)
        limit = self.maximum_bytes_billed
        if limit is not None and (estimate.bytes or 0) > limit:
            raise NotRunError(
                NAME, "run a statement", f"it would read {in_units(estimate.bytes or 0)}, and {in_units(limit)} may be "
                f"billed (maximum_bytes_billed={limit}); it was not run", _LESS,
            )  # fmt: skip
        job_config = bigquery.QueryJobConfig(labels=self.labels(), **config)
        if limit is not None:  # None would be sent as the text "None"
            job_config.maximum_bytes_billed = limit
        self._statements.append(sql)
        with self.speaking("run a statement", sql):
            job = self.client.query(
                sql, job_config=job_config, location=self.location_of(tree), job_id_prefix="dqx_",
                **self.patiently(), job_retry=None,
            )  # fmt: skip
            with self.watched(job, estimate):
                yield job, estimate

    @contextmanager
    def watched(self, job: Any, estimate: Estimate | None = None) -> Iterator[None]:
        """Remember a job that is waited for inside; cancel it when the wait ends in any other way than by its end."""
        try:
            yield
        except BaseException:  # an interrupt of Dagster's is no Exception
            with suppress(Exception):  # what went wrong counts, not that the job could not be cancelled
                if job.error_result is None:
                    job.cancel(retry=None, timeout=10)
            raise
        self._remember(job, estimate)

    def _remember(self, job: Any, estimate: Estimate | None) -> None:
        done = EngineJob(
            engine=NAME,
            id=job.job_id,
            project=job.project,
            location=job.location,
            kind=job.job_type,
            bytes_estimated=None if estimate is None else estimate.bytes,
            bytes_processed=int(getattr(job, "total_bytes_processed", 0) or 0),
            bytes_billed=int(getattr(job, "total_bytes_billed", 0) or 0),
            labels=dict(job.labels or {}),
            url=f"https://console.cloud.google.com/bigquery?project={job.project}"
            f"&j=bq:{job.location or 'US'}:{job.job_id}&page=queryresults",
        )
        self._jobs.append(done)
        record(done)

    def text(self, tree: exp.Expr) -> str:
        """The SQL of a tree."""
        from sqlglot import ErrorLevel

        return tree.sql(dialect=self.dialect, unsupported_level=ErrorLevel.RAISE)

    def labels(self) -> dict[str, str]:
        """What a job started now is labelled with: who asked for it, in the characters that labels may have."""
        named = {f"dqx_{name}": value for name, value in current_labels().items()}
        return self._extra | {label(name): label(value) for name, value in named.items()}

    def location_of(self, tree: exp.Expr) -> str | None:
        """Where a statement must run: where the first dataset that it names is."""
        from sqlglot import exp

        if self._location is not None:
            return self._location
        for table in tree.find_all(exp.Table):
            parts = [piece for part in table.parts for piece in part.name.split(".")]
            if "INFORMATION_SCHEMA" in parts:
                parts = [*parts[: parts.index("INFORMATION_SCHEMA")], "-"]
            if len(parts) >= 2:
                return self.location_of_dataset(".".join(parts[:-1]))
        return None

    def location_of_dataset(self, dataset: str) -> str | None:
        """Where a dataset is, asked once."""
        if self._location is not None:
            return self._location
        if dataset not in self._locations:
            with self.speaking(f"find dataset '{dataset}'"):
                found = self.client.get_dataset(dataset, **self.patiently())
            self._locations[dataset] = found.location
        return self._locations[dataset]

    def patiently(self, *, job_retry: bool = False) -> dict[str, Any]:
        """How a call is tried again: as the client does, but no longer than the patience."""
        from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

        def within(retry: Retry) -> Retry:
            # A copy in any case: the client takes its own default for "as the job was made", which is not at all.
            return retry.with_delay() if self._patience is None else retry.with_timeout(self._patience)

        return {"retry": within(DEFAULT_RETRY)} | ({"job_retry": within(DEFAULT_JOB_RETRY)} if job_retry else {})

    @contextmanager
    def speaking(self, what: str, sql: str | None = None) -> Iterator[None]:
        """Errors of the client as ours: of the statement, or of everything around it."""
        import requests
        from google.api_core import exceptions
        from google.auth import exceptions as auth

        try:
            yield
        except auth.DefaultCredentialsError as error:
            raise NotRunError(NAME, what, "no credentials were found", _CREDENTIALS) from error
        except auth.GoogleAuthError as error:
            raise NotRunError(NAME, what, f"the credentials were not taken: {error}", _CREDENTIALS) from error
        except (exceptions.RetryError, requests.RequestException, ConnectionError, TimeoutError) as error:
            raise NotRunError(NAME, what, _cause(error), _AGAIN) from error
        except exceptions.GoogleAPICallError as error:
            reason = _reason(error)
            way_out = _way_out(error)
            if way_out is not None:
                raise NotRunError(NAME, what, reason, way_out) from error
            # A column, a function or types that do not exist are refused by the dry run, before any row is read.
            of_rows = not what.startswith("check")
            raise EngineError(NAME, what, f"{reason}\n{sql}" if sql else reason, of_rows=of_rows) from error

    def close(self) -> None:
        """Close a client that was made here; one it was given stays open."""
        with self._lock:
            if self._ready is not None and self._ready is not self._given:
                self._ready.close()  # type: ignore[no-untyped-call]
            self._ready = None


_LESS = "Ask for fewer days or columns, or raise the limit."
_AGAIN = "What was stored before is safe; try again when the service answers."
_ROOM = "It has no room for so much at once: judge fewer days at a time, or run it again when others use less."
_ROLES = (
    "Its account needs the roles BigQuery Job User on the project (Read Session User too for the Storage API), and "
    "Data Viewer (Editor to write) on the data."
)
_QUOTA = "A quota of the project is used up: wait until it fills again, or ask for more of it in the console."
_BILLING = "Link the project to a billing account."
_STOPPED = "Somebody cancelled it in BigQuery. What was stored before is safe; run it again if that was not meant."
_CREDENTIALS = "Log in with `gcloud auth application-default login`, or give the resource a service account."


def type_name(field: bigquery.SchemaField) -> str:
    """The GoogleSQL name of a column's type: the client says INTEGER, FLOAT and BOOLEAN."""
    base = _STANDARD.get(field.field_type, field.field_type)
    if base == "STRUCT":
        base = f"STRUCT<{', '.join(f'{each.name} {type_name(each)}' for each in field.fields)}>"
    return f"ARRAY<{base}>" if field.mode == "REPEATED" else base


def label(text: str) -> str:
    """A text as a label may be: small letters, digits, _ and -, 63 of them at most."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower())[:63]


def _checked(labels: Mapping[str, str]) -> dict[str, str]:
    """A person's labels as they may be.

    Raises:
        DefinitionError: A name does not begin with a letter, is one of ours, or two become the same.
    """
    found: dict[str, str] = {}
    for name, value in labels.items():
        key = label(name)
        if not re.match("[a-z]", key) or key.startswith("dqx_") or key in found:
            raise DefinitionError(
                f"'{name}' cannot be the name of a label. Names begin with a letter, are made of small letters, "
                "digits, _ and -, differ from each other, and do not begin with dqx_, which are dqx's own."
            )
        found[key] = label(value)
    return found


def in_units(count: int) -> str:
    """A number of bytes for people."""
    size, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def _way_out(error: exceptions.GoogleAPICallError) -> str | None:
    """What to do about an error that is not a fault of the statement; None: it is one."""
    from google.api_core import exceptions

    ways = {
        "bytesBilledLimitExceeded": _LESS, "quotaExceeded": _QUOTA, "rateLimitExceeded": _AGAIN,
        "billingNotEnabled": _BILLING, "stopped": _STOPPED, "resourcesExceeded": _ROOM,
        **dict.fromkeys(("timeout", "jobTimeout", "backendError", "internalError", "jobBackendError",
                         "jobInternalError", "jobRateLimitExceeded", "tableUnavailable"), _AGAIN),
    }  # fmt: skip
    told = [str(each.get("reason")) for each in error.errors or () if isinstance(each, dict)]
    known = next((ways[reason] for reason in told if reason in ways), None)
    if known is not None:
        return known
    if "exceeded limit for bytes billed" in str(error):
        return _LESS
    if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
        return _ROLES
    if isinstance(error, exceptions.TooManyRequests | exceptions.ServerError):
        return _AGAIN
    return None


def _reason(error: BaseException) -> str:
    """What the service said, without the address that was called."""
    told = getattr(error, "message", None) or str(error)
    return (
        re.sub(r"^(GET|POST|PUT|PATCH|DELETE) \S+: ", "", str(told))
        .split("; reason:")[0]
        .split("\n\nLocation:")[0]
        .strip()
    )


def _cause(error: BaseException) -> str:
    """Why it could not be reached, without the stack of wrappers."""
    inner = getattr(error, "cause", None) or error
    kind = "it did not answer" if isinstance(inner, TimeoutError) else "it could not be reached"
    return f"{kind} ({type(inner).__name__})" if not hasattr(inner, "message") else _reason(inner)


def _need_storage_library() -> None:
    if not _installed("google.cloud.bigquery_storage"):
        raise DefinitionError(
            "storage_api=True needs the package google-cloud-bigquery-storage, which is not installed: "
            "pip install 'dqx-dagster[bigquery]'. Or leave storage_api out: rows then come through REST."
        )


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # nothing of Google's is there
        return False
