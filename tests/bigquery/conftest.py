"""A BigQuery project on this machine, and the real client that talks to it."""

from __future__ import annotations

import base64
import json

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.bigquery.server import Server
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


def service_account(server: Server) -> str:
    """What dagster-gcp takes as gcp_credentials: a made-up service account whose tokens the server gives."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {
        "type": "service_account", "project_id": "local", "private_key_id": "1", "private_key": key.decode(),
        "client_email": "dqx@local.iam.example", "client_id": "1", "token_uri": f"{server.address}/token",
    }  # fmt: skip
    return base64.b64encode(json.dumps(info).encode()).decode()
