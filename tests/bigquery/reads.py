"""The gRPC of the BigQuery Storage API on this machine, for the real client: the results of the REST server's jobs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from tests.bigquery.server import Server

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"
ARROW = {
    "INTEGER": pa.int64(), "FLOAT": pa.float64(), "BOOLEAN": pa.bool_(), "STRING": pa.string(), "BYTES": pa.binary(),
    "DATE": pa.date32(), "DATETIME": pa.timestamp("us"), "TIMESTAMP": pa.timestamp("us", "UTC"),
    "TIME": pa.time64("us"), "NUMERIC": pa.decimal128(38, 9), "BIGNUMERIC": pa.decimal256(76, 38),
}  # fmt: skip


class Reads:
    """CreateReadSession and ReadRows on a port of 127.0.0.1, from `start` to `stop`."""

    def __init__(self, server: Server, *, batch_rows: int = 4) -> None:
        self.server, self.batch_rows = server, batch_rows
        self.sessions: list[str] = []
        self.sent = 0
        """Rows."""
        self.refused: grpc.StatusCode | None = None
        self._tables: dict[str, pa.Table] = {}
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        handlers = {
            "CreateReadSession": grpc.unary_unary_rpc_method_handler(
                self._create,
                types.CreateReadSessionRequest.deserialize,
                types.ReadSession.serialize,
            ),
            "ReadRows": grpc.unary_stream_rpc_method_handler(
                self._read,
                types.ReadRowsRequest.deserialize,
                types.ReadRowsResponse.serialize,
            ),
        }
        self._grpc.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.port = self._grpc.add_insecure_port("127.0.0.1:0")

    def start(self) -> Reads:
        self._grpc.start()
        return self

    def stop(self) -> None:
        self._grpc.stop(None).wait()

    def client(self) -> BigQueryReadClient:
        """The real client, over a channel to here."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    def _create(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.refused is not None:
            context.abort(self.refused, "Permission 'bigquery.readsessions.create' denied")
        name = f"{request.parent}/sessions/{len(self.sessions)}"
        self.sessions.append(request.read_session.table)
        result = self.server.jobs[request.read_session.table.rsplit("/", 1)[-1]].result
        fields = [
            pa.field(f["name"], pa.list_(ARROW[f["type"]]) if f["mode"] == "REPEATED" else ARROW[f["type"]])
            for f in result.fields
        ]
        columns = zip(*result.rows, strict=True)
        arrays = [pa.array(list(values), field.type) for values, field in zip(columns, fields, strict=True)]
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
        # As many streams as are asked for at most; one keeps the order.
        count = 1 if request.max_stream_count == 1 else 2
        half = -(-table.num_rows // count)
        streams = [f"{name}/streams/{number}" for number in range(count)]
        for number, stream in enumerate(streams):
            self._tables[stream] = table.slice(number * half, half)
        return types.ReadSession(
            name=name,
            data_format=types.DataFormat.ARROW,
            arrow_schema=types.ArrowSchema(serialized_schema=table.schema.serialize().to_pybytes()),
            streams=[types.ReadStream(name=stream) for stream in streams],
        )

    def _read(self, request: Any, _context: grpc.ServicerContext) -> Iterator[Any]:
        table = self._tables[request.read_stream].slice(request.offset)
        for batch in table.to_batches(max_chunksize=self.batch_rows):
            self.sent += batch.num_rows
            yield types.ReadRowsResponse(
                arrow_record_batch=types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes()),
                arrow_schema=types.ArrowSchema(serialized_schema=table.schema.serialize().to_pybytes()),
                row_count=batch.num_rows,
            )
