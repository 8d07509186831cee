"""A BigQuery project on this machine, and the real client that talks to it."""

from __future__ import annotations

import base64
import json

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.bigquery.server import Server, service_account
from tests.bigquery.warehouse import Warehouse


@pytest.fixture
def server(tmp_path):
    """An empty project; its buckets are folders of tmp_path."""
    running = Server(Warehouse(), buckets=tmp_path / "buckets").start()
    yield running
    running.stop()


def client_of(server: Server, project: str = "local") -> bigquery.Client:
    """The real client, with nothing to authenticate."""
    return bigquery.Client(project, credentials=AnonymousCredentials(), client_options={"api_endpoint": server.address})


@pytest.fixture
def client(server):
    with client_of(server) as made:
        yield made


def credentials_of(server: Server) -> str:
    """What dagster-gcp takes as gcp_credentials."""
    return base64.b64encode(json.dumps(service_account(server.address)).encode()).decode()
