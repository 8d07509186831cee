"""Dagster as it is deployed, on this machine: a webserver and a daemon, and questions to its GraphQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

STATUSES = """
query ($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks { name
    partitionStatuses { ... on AssetCheckMultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey
      secondaryDim { ... on AssetCheckDefaultPartitionStatuses {
        succeededPartitions failedPartitions skippedPartitions inProgressPartitions executionFailedPartitions
      } } } } }
  } } } } }
}
"""
BACKFILL = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
} }
"""
BACKFILL_STATUS = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  status error { message } runs(limit: 10) { id status }
} } }
"""
LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
} }
"""
TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on TerminateRunFailure { message } } }
"""
RUN = """
query ($id: ID!) { runOrError(runId: $id) { ... on Run { status eventConnection { events {
  __typename ... on MessageEvent { message }
} } } } }
"""


class Deployment:
    """Processes of one Dagster instance over a code location in a file; ends those it started, by their ids."""

    def __init__(self, folder: Path, location: Path) -> None:
        self.home = folder / "dagster_home"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(
            "telemetry: {enabled: false}\nnux: {enabled: false}\n"
            "run_coordinator:\n  module: dagster._core.run_coordinator\n  class: QueuedRunCoordinator\n"
            "  config: {dequeue_interval_seconds: 1}\n"
        )
        self.workspace = folder / "workspace.yaml"
        self.workspace.write_text(
            f"load_from:\n  - python_file:\n      relative_path: {location}\n"
            f"      working_directory: {ROOT}\n      location_name: here\n"
        )
        self.environment = {**os.environ, "DAGSTER_HOME": str(self.home), "DQX_TEST_FOLDER": str(folder)}
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> None:
        """Start a process of Dagster's, in a group of its own."""
        self.run(str(Path(sys.executable).with_name(command[0])), *command[1:])

    def run(self, *command: str) -> None:
        """Start a process in a group of its own."""
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            self.started.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    # What runs in the background ignores Ctrl-C, and so would this.
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
            )

    def webserver(self) -> None:
        """Start the webserver, and wait until it answers."""
        self.start("dagster-webserver", "-h", "127.0.0.1", "-p", str(self.port), "-w", str(self.workspace))
        self.until(lambda: self.ask("{ version }"), 60, "the webserver answers")

    def daemon(self) -> None:
        """Start the daemon; it looks for work at once, and every half a minute."""
        self.start("dagster-daemon", "run", "-w", str(self.workspace))

    def stop(self) -> None:
        """End every process that was started, and what these started."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)

    def ask(self, query: str, **variables: Any) -> Any:
        """What GraphQL answers; None while nobody does."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found = json.load(answer)
        except OSError:
            return None
        assert "errors" not in found, found["errors"]
        return found["data"]

    def until(self, holds: Callable[[], Any], seconds: float, what: str) -> Any:
        """What a question answers once it is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(0.3)
        logs = "\n".join(f"{log.name}:\n{log.read_text()[-3000:]}" for log in self.folder.glob("*.log"))
        raise AssertionError(f"After {seconds} s it does not hold that {what}.\n{logs}")

    def statuses(self, asset: str) -> dict[tuple[str, str], str]:
        """What the UI shows: (check, partition) → PASSED, FAILED, SKIPPED, …"""
        import dagster as dg

        words = {"succeededPartitions": "PASSED", "failedPartitions": "FAILED", "skippedPartitions": "SKIPPED"}
        found = {}
        answer = self.ask(STATUSES, key={"path": [asset]})
        for check in answer["assetNodeOrError"]["assetChecksOrError"]["checks"]:
            for span in check["partitionStatuses"]["ranges"]:
                days = dg.DailyPartitionsDefinition(span["primaryDimStartKey"]).get_partition_keys_in_range(
                    dg.PartitionKeyRange(span["primaryDimStartKey"], span["primaryDimEndKey"])
                )
                for status, splits in span["secondaryDim"].items():
                    found |= {
                        (check["name"], f"{day}|{split}"): words.get(status, status) for day in days for split in splits
                    }
        return found

    def launch(self, assets: list[str], checks: list[tuple[str, str]], tags: dict[str, str]) -> str:
        """Launch a run; its id."""
        selector = {
            "pipelineName": "__ASSET_JOB",
            "repositoryName": "__repository__",
            "repositoryLocationName": "here",
            "assetSelection": [{"path": [name]} for name in assets],
            "assetCheckSelection": [{"assetKey": {"path": [asset]}, "name": name} for asset, name in checks],
        }
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        params = {"selector": selector, "runConfigData": "{}", "mode": "default", "executionMetadata": metadata}
        answer = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        return answer["run"]["runId"]
